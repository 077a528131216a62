//! The console's side.

use super::frame::{Answer, Body, FrameError, Request, read_answer, write_request};
use crate::error::PictureError;
use crate::import::{Plan, Stage};
use std::ffi::OsString;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A picture of 120 megapixels takes some 5 s on a slow PC.
const TIMEOUT: Duration = Duration::from_secs(30);

/// More answers than any picture has stages mean a worker gone wild.
const MAX_ANSWERS: usize = 32;

/// Answers waiting to be taken. Few, so that a worker cannot fill the console's memory.
const WAITING: usize = 2;

/// What of the environment a worker gets: where shared libraries and temporary files are. Nothing that could name a key,
/// a password or a server.
const ENVIRONMENT: [&str; 9] = [
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SystemRoot",
    "windir",
    "TEMP",
    "TMP",
    "TMPDIR",
    "RAYON_NUM_THREADS",
];

/// A worker process, started when first needed and again whenever it died. One picture at a time; for more at once have
/// more clients.
#[derive(Debug)]
pub struct Client {
    program: PathBuf,
    arguments: Vec<OsString>,
    timeout: Duration,
    running: Option<Running>,
    next_number: u64,
}

impl Client {
    /// A client of `program`, which is to call [`super::serve`] when started with `arguments`: for the console its own
    /// binary and [`super::ARGUMENT`].
    pub fn new(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            timeout: TIMEOUT,
            running: None,
            next_number: 0,
        }
    }

    /// The same with another time a picture may take in all, instead of 30 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts the process unless it runs, so that the first picture need not wait for it.
    ///
    /// # Errors
    /// [`PictureError::WorkerUnavailable`].
    pub fn start(&mut self) -> Result<(), PictureError> {
        // One that ended while idle (an update, the system short of memory) must not cost the next picture.
        if let Some(running) = &mut self.running
            && matches!(running.child.try_wait(), Ok(None))
        {
            return Ok(());
        }
        self.running = None;
        self.running = Some(Running::start(&self.program, &self.arguments)?);
        Ok(())
    }

    /// Does what [`crate::import`] does, in the worker. Blocks until the last stage; `on_stage` gets each as it arrives.
    ///
    /// # Errors
    /// As [`crate::import`], and `WorkerUnavailable`, `WorkerDied`, `WorkerTimeout`, `WorkerProtocol`. After these four the
    /// worker is gone, and the next picture gets a new one.
    pub fn import(
        &mut self,
        bytes: &[u8],
        plan: &Plan,
        on_stage: impl FnMut(Stage),
    ) -> Result<(), PictureError> {
        plan.limits.check_bytes(bytes)?;
        self.start()?;
        let number = self.next_number;
        self.next_number += 1;
        let request = Request {
            number,
            plan: *plan,
        };
        let Some(mut running) = self.running.take() else {
            return Err(PictureError::WorkerDied);
        };
        let refusal = running.feed(&request, bytes, self.timeout, on_stage)?;
        // The worker is in order: it refused or finished this picture and waits for the next.
        self.running = Some(running);
        refusal.map_or(Ok(()), Err)
    }
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// Both are there until the end.
    input: Option<ChildStdin>,
    answers: Option<Receiver<Result<Answer, FrameError>>>,
    reader: Option<JoinHandle<()>>,
}

impl Drop for Running {
    /// A worker has nothing to save: it is ended at once and waited for, so that none is left behind.
    fn drop(&mut self) {
        self.input = None;
        // Both fail only when the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Without its receiver the reading thread ends even if it was about to hand over an answer.
        self.answers = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Running {
    fn start(program: &PathBuf, arguments: &[OsString]) -> Result<Self, PictureError> {
        let unavailable = |cause: &str| PictureError::WorkerUnavailable {
            cause: cause.to_owned(),
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(
                ENVIRONMENT
                    .iter()
                    .filter_map(|name| std::env::var_os(name).map(|value| (name, value))),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What a decoder prints about a picture is not for the log.
            .stderr(Stdio::null());
        without_window(&mut command);
        let mut child = command
            .spawn()
            .map_err(|error| unavailable(&error.kind().to_string()))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut running = Self {
            child,
            input,
            answers: None,
            reader: None,
        };
        let output = output.ok_or_else(|| unavailable("it has no output"))?;
        let (sender, answers) = sync_channel(WAITING);
        let reader = thread::Builder::new()
            .name("decode-worker-reader".to_owned())
            .spawn(move || {
                let mut output = BufReader::new(output);
                loop {
                    let answer = read_answer(&mut output);
                    let last = answer.is_err();
                    if sender.send(answer).is_err() || last {
                        return;
                    }
                }
            })
            .map_err(|error| unavailable(&error.kind().to_string()))?;
        running.answers = Some(answers);
        running.reader = Some(reader);
        Ok(running)
    }

    /// Sends a picture and takes its answers. `Ok(Some(_))` is the worker's refusal of the picture, `Err(_)` the end of
    /// the worker.
    fn feed(
        &mut self,
        request: &Request,
        picture: &[u8],
        timeout: Duration,
        on_stage: impl FnMut(Stage),
    ) -> Result<Option<PictureError>, PictureError> {
        let (Some(input), Some(answers)) = (self.input.as_mut(), self.answers.as_ref()) else {
            return Err(PictureError::WorkerDied);
        };
        let child = &mut self.child;
        thread::scope(|scope| {
            // A worker that hangs does not read: sending on this thread could block it for ever.
            scope.spawn(move || {
                // When the pipe breaks, the answers end as well, and that is where it is reported.
                let _ = write_request(input, request, picture);
            });
            let outcome = take_answers(answers, request.number, timeout, on_stage);
            if outcome.is_err() {
                // Ends the sending, which this scope waits for.
                let _ = child.kill();
            }
            outcome
        })
    }
}

fn take_answers(
    answers: &Receiver<Result<Answer, FrameError>>,
    number: u64,
    timeout: Duration,
    mut on_stage: impl FnMut(Stage),
) -> Result<Option<PictureError>, PictureError> {
    let started = Instant::now();
    for _ in 0..MAX_ANSWERS {
        let left = timeout.saturating_sub(started.elapsed());
        let answer = match answers.recv_timeout(left) {
            Ok(Ok(answer)) => answer,
            Ok(Err(FrameError::Closed | FrameError::Pipe(_)))
            | Err(RecvTimeoutError::Disconnected) => return Err(PictureError::WorkerDied),
            Ok(Err(broken)) => return Err(protocol(&broken.to_string())),
            Err(RecvTimeoutError::Timeout) => {
                return Err(PictureError::WorkerTimeout {
                    seconds: timeout.as_secs(),
                });
            }
        };
        if answer.number != number {
            return Err(protocol("it answers another request"));
        }
        match answer.body {
            Body::Stage(stage) => on_stage(stage),
            Body::Done => return Ok(None),
            Body::Refused(refusal) => return Ok(Some(refusal)),
        }
    }
    Err(protocol("it answers without end"))
}

fn protocol(cause: &str) -> PictureError {
    PictureError::WorkerProtocol {
        cause: cause.to_owned(),
    }
}

/// Windows opens a console window for a child of a windowed program unless told otherwise.
#[cfg(windows)]
fn without_window(command: &mut Command) {
    use std::os::windows::process::CommandExt as _;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NO_WINDOW);
}

#[cfg(not(windows))]
fn without_window(_command: &mut Command) {}
