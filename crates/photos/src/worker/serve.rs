//! The worker's side.

use super::frame::{Answer, Body, FrameError, read_request, write_answer};
use crate::import::import;
use std::io::{Read, Write};
use std::process::ExitCode;

/// Address space of the worker, code and thread stacks included: twice what the largest allowed PNG takes.
#[cfg(target_os = "linux")]
const MAX_ADDRESS_SPACE: u64 = 3 << 30;

/// Answers requests until the input ends: the life of a process started with [`super::ARGUMENT`]. Call it first thing in
/// `main`, before anything opens a window, a database or a log, and return what it returns.
///
/// `input` and `output` are the process's standard streams; nothing else may write to the latter.
pub fn serve(input: impl Read, output: impl Write) -> ExitCode {
    confine();
    match answer_all(input, output) {
        // The console closed our input: that is how it ends us.
        FrameError::Closed => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

#[cfg(target_os = "linux")]
fn confine() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = Rlimit {
        current: Some(MAX_ADDRESS_SPACE),
        maximum: Some(MAX_ADDRESS_SPACE),
    };
    // A stricter limit may already be set from outside, which is fine as well; the limits on pixels hold regardless.
    let _ = setrlimit(Resource::As, limit);
}

#[cfg(not(target_os = "linux"))]
fn confine() {}

/// Ends only with the pipe, and says how.
fn answer_all(mut input: impl Read, mut output: impl Write) -> FrameError {
    loop {
        if let Err(end) = answer_one(&mut input, &mut output) {
            return end;
        }
    }
}

fn answer_one(input: &mut impl Read, output: &mut impl Write) -> Result<(), FrameError> {
    let (request, picture) = read_request(input)?;
    let number = request.number;
    let mut written = Ok(());
    let outcome = import(&picture, &request.plan, |stage| {
        if written.is_ok() {
            let body = Body::Stage(stage);
            written = write_answer(output, Answer { number, body });
        }
    });
    written?;
    let body = match outcome {
        Ok(()) => Body::Done,
        Err(refusal) => Body::Refused(refusal),
    };
    write_answer(output, Answer { number, body })
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Request, read_answer, write_request};
    use super::*;
    use crate::error::PictureError;
    use crate::import::Plan;
    use proptest::prelude::*;

    #[test]
    fn a_refused_picture_is_answered_and_the_next_one_is_read() {
        let mut input = Vec::new();
        for number in [1, 2] {
            let request = Request {
                number,
                plan: Plan::default(),
            };
            write_request(&mut input, &request, b"not a picture").unwrap();
        }
        let mut output = Vec::new();
        let end = answer_all(input.as_slice(), &mut output);
        assert!(matches!(end, FrameError::Closed));
        let mut output = output.as_slice();
        for number in [1, 2] {
            let answer = read_answer(&mut output).unwrap();
            let body = Body::Refused(PictureError::NotAPicture);
            assert_eq!(answer, Answer { number, body });
        }
        assert!(output.is_empty());
    }

    proptest! {
        /// Whatever the worker is fed, it ends in order.
        #[test]
        fn hostile_input_ends_the_worker_without_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..100)
        ) {
            let mut framed = b"EPW\x01".to_vec();
            framed.extend(&bytes);
            let _ = answer_all(bytes.as_slice(), std::io::sink());
            let _ = answer_all(framed.as_slice(), std::io::sink());
        }
    }
}
