//! The isolated decoder, as a real process.
#![allow(
    clippy::unwrap_used,
    reason = "a test may end on what it did not expect"
)]

mod pictures;

use photos::worker::{ARGUMENT, Client};
use photos::{PictureError, Plan, Stage, import};
use pictures::{jpeg, png};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_decode-worker");

fn client() -> Client {
    Client::new(PROGRAM, [ARGUMENT])
}

fn stages(client: &mut Client, bytes: &[u8]) -> Result<Vec<Stage>, PictureError> {
    let mut stages = Vec::new();
    client.import(bytes, &Plan::default(), |stage| stages.push(stage))?;
    Ok(stages)
}

#[test]
fn the_worker_makes_what_the_library_makes() {
    let mut client = client();
    for file in [jpeg(700, 500), png(400, 300)] {
        let mut here = Vec::new();
        import(&file, &Plan::default(), |stage| here.push(stage)).unwrap();
        assert_eq!(stages(&mut client, &file).unwrap(), here);
    }
}

#[test]
fn a_refused_picture_does_not_cost_the_worker() {
    let mut client = client();
    let cut = &jpeg(300, 200)[..2000];
    assert_eq!(stages(&mut client, cut).unwrap_err().code(), "truncated");
    assert_eq!(
        stages(&mut client, b"text").unwrap_err().code(),
        "not_a_picture"
    );
    assert_eq!(stages(&mut client, b"").unwrap_err().code(), "empty");
    assert!(stages(&mut client, &jpeg(300, 200)).is_ok());
}

#[test]
fn a_picture_that_takes_too_long_is_given_up_and_the_next_one_works() {
    let mut hurried = client().with_timeout(Duration::ZERO);
    let refusal = stages(&mut hurried, &jpeg(700, 500)).unwrap_err();
    assert_eq!(refusal.code(), "worker_timeout");
    let mut patient = hurried.with_timeout(Duration::from_secs(60));
    assert!(stages(&mut patient, &jpeg(300, 200)).is_ok());
}

#[test]
fn a_program_that_ends_at_once_is_a_dead_worker() {
    let mut client = Client::new(PROGRAM, ["--something-else"]);
    let refusal = stages(&mut client, &jpeg(300, 200)).unwrap_err();
    assert_eq!(refusal.code(), "worker_died");
}

#[test]
fn a_program_that_is_not_there_is_said() {
    let mut client = Client::new("/nowhere/decode-worker", [ARGUMENT]);
    assert_eq!(client.start().unwrap_err().code(), "worker_unavailable");
}

/// Workers of another kind, which only a Unix system has at hand.
#[cfg(unix)]
mod strange {
    use super::*;

    fn shell(script: &str) -> Client {
        Client::new("/bin/sh", ["-c", script]).with_timeout(Duration::from_secs(30))
    }

    #[test]
    fn one_that_hangs_without_reading_is_ended() {
        // More than a pipe holds, so that sending would block as well.
        let mut large = jpeg(300, 200);
        large.resize(1 << 20, 0);
        let mut client = shell("exec sleep 600").with_timeout(Duration::from_millis(200));
        let refusal = stages(&mut client, &large).unwrap_err();
        assert_eq!(refusal.code(), "worker_timeout");
    }

    #[test]
    fn one_that_dies_in_the_middle_is_reported() {
        let mut client = shell("head -c 500 >/dev/null; exit 3");
        let refusal = stages(&mut client, &jpeg(300, 200)).unwrap_err();
        assert_eq!(refusal.code(), "worker_died");
    }

    #[test]
    fn one_that_answers_nonsense_is_reported() {
        for script in [
            "exec yes",
            "exec cat",
            "printf 'EPW\\011aaaaaaaa'; exec cat >/dev/null",
        ] {
            let refusal = stages(&mut shell(script), &jpeg(300, 200)).unwrap_err();
            assert_eq!(refusal.code(), "worker_protocol", "{script}: {refusal}");
        }
    }

    #[test]
    fn it_inherits_no_secrets() {
        // Answers with its environment, which is no message: what it says is then in no variable of ours.
        let mut client = shell("test -z \"$CARGO_PKG_NAME$HOME$USER\" && exit 0; exec yes");
        let refusal = stages(&mut client, &jpeg(300, 200)).unwrap_err();
        assert_eq!(refusal.code(), "worker_died");
    }
}
