//! Child processes that never outlive the command that started them.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock, atomic::AtomicBool, atomic::Ordering};
use std::time::{Duration, Instant};

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// How long a child may take to close its files after it is asked to end.
const GRACE: Duration = Duration::from_secs(8);

/// From here on Ctrl-C, a closed terminal and a polite kill set a flag instead of ending this process, so that what it
/// started is stopped first.
///
/// # Errors
/// When the operating system refuses the signal handler.
pub fn watch_for_interrupts() -> Result<()> {
    let flag = INTERRUPTED.get_or_init(|| Arc::new(AtomicBool::new(false)));
    for signal in [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ] {
        signal_hook::flag::register(signal, Arc::clone(flag)).context("watching for Ctrl-C")?;
    }
    Ok(())
}

/// Whether the person asked to stop.
pub fn interrupted() -> bool {
    INTERRUPTED
        .get()
        .is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Waits a moment between two looks at something.
///
/// # Errors
/// When the person asked to stop.
pub fn pause(time: Duration) -> Result<()> {
    if interrupted() {
        bail!("stopped");
    }
    std::thread::sleep(time);
    Ok(())
}

/// Runs a command to its end with its output on this terminal. It shares our process group, so Ctrl-C reaches it too.
///
/// # Errors
/// When it cannot be started, or ends unsuccessfully; the message names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let name = shown(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("starting `{name}`"))?;
    if interrupted() {
        bail!("stopped");
    }
    if !status.success() {
        bail!("`{name}` ended with {status}");
    }
    Ok(())
}

/// Runs a command to its end and gives what it wrote to standard output.
///
/// # Errors
/// As [`run`]; the message then holds what the command wrote to standard error.
pub fn output(command: &mut Command) -> Result<Vec<u8>> {
    let name = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting `{name}`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{name}` ended with {}: {}", output.status, said.trim());
    }
    Ok(output.stdout)
}

/// A command as a person would type it.
pub fn shown(command: &Command) -> String {
    let mut words = vec![
        Path::new(command.get_program())
            .file_name()
            .map_or_else(
                || command.get_program().to_string_lossy(),
                |name| name.to_string_lossy(),
            )
            .into_owned(),
    ];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// Whether a program of this name is on the path.
pub fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    })
}

/// A long-running child in its own process group, with its output in a log. Dropping it stops the whole group.
#[derive(Debug)]
pub struct Child {
    name: String,
    process: std::process::Child,
    lines: Receiver<String>,
    log: PathBuf,
    status: Option<ExitStatus>,
}

impl Child {
    /// Starts `command`. Both its outputs go to `log` (truncated first); the lines of its standard output can be read
    /// with [`Child::next_line`] as well. `input`, if any, is all it reads.
    ///
    /// # Errors
    /// When the log cannot be created or the program cannot be started.
    pub fn start(
        name: &str,
        command: &mut Command,
        log: &Path,
        input: Option<&[u8]>,
    ) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let mut tee = file
            .try_clone()
            .with_context(|| format!("opening {}", log.display()))?;
        let mut process = command
            .process_group(0)
            .stdin(if input.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting {name} (`{}`)", shown(command)))?;
        if let (Some(bytes), Some(mut pipe)) = (input, process.stdin.take()) {
            pipe.write_all(bytes)
                .with_context(|| format!("writing to {name}"))?;
        }
        let (sender, lines) = channel();
        if let Some(output) = process.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // A log on a full disk must not stop the program that writes it.
                    let _ = writeln!(tee, "{line}");
                    // Nobody listening any more is fine: the log still gets the line.
                    let _ = sender.send(line);
                }
            });
        }
        Ok(Self {
            name: name.to_owned(),
            process,
            lines,
            log: log.to_path_buf(),
            status: None,
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it was started as.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits for the first line for which `wanted` gives something.
    ///
    /// # Errors
    /// When the child ends first, the time is over or the person asked to stop; the message holds its last lines.
    pub fn wait_for<T>(
        &mut self,
        patience: Duration,
        mut wanted: impl FnMut(&str) -> Option<T>,
    ) -> Result<T> {
        let started = Instant::now();
        loop {
            if let Ok(line) = self.lines.recv_timeout(Duration::from_millis(50)) {
                if let Some(found) = wanted(&line) {
                    return Ok(found);
                }
                continue;
            }
            if self.ended().is_some() {
                // Its last lines may still be on their way through the pipe.
                while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(100)) {
                    if let Some(found) = wanted(&line) {
                        return Ok(found);
                    }
                }
                bail!("{}", self.obituary());
            }
            if started.elapsed() > patience {
                bail!(
                    "{} said nothing useful for {} s; {}",
                    self.name,
                    patience.as_secs(),
                    self.last_lines()
                );
            }
            pause(Duration::ZERO)?;
        }
    }

    /// The next line of its standard output, if there is one by now.
    pub fn next_line(&mut self) -> Option<String> {
        self.lines.try_recv().ok()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.process.try_wait().ok().flatten();
        }
        self.status
    }

    /// That it ended, how, and the last lines of its log.
    pub fn obituary(&mut self) -> String {
        let how = self.ended().map_or_else(
            || "is still running".to_owned(),
            |status| format!("ended with {status}"),
        );
        format!("{} {how}; {}", self.name, self.last_lines())
    }

    /// The end of its log, introduced by where the log is.
    pub fn last_lines(&self) -> String {
        let text = std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(15)..];
        format!(
            "last lines of {}:\n    {}",
            self.log.display(),
            tail.join("\n    ")
        )
    }

    /// Asks the whole group to end, waits a few seconds, then ends it.
    pub fn stop(&mut self) {
        let Some(group) = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw)
        else {
            return;
        };
        // Until the leader is waited for, the group's number cannot be reused, so it is ours to signal. A group that is
        // already gone answers with an error that needs nothing done.
        if self.ended().is_none() {
            let _ = kill_process_group(group, Signal::TERM);
            let asked = Instant::now();
            while self.ended().is_none() && asked.elapsed() < GRACE {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        // A group that still has members keeps its number as well; what is left in it are orphans of the leader.
        let _ = kill_process_group(group, Signal::KILL);
        if self.status.is_none() {
            self.status = self.process.wait().ok();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn is_alive(pid: &str) -> bool {
        // A zombie still has a directory there, but it holds nothing and runs nothing.
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[test]
    fn dropping_a_child_ends_its_grandchildren_too() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = shell("sleep 600 & echo $!; wait");
        let mut child =
            Child::start("parent", &mut command, &directory.path().join("log"), None).unwrap();
        let grandchild = child
            .wait_for(Duration::from_secs(20), |line| Some(line.to_owned()))
            .unwrap();
        assert!(is_alive(&grandchild));
        drop(child);
        let started = Instant::now();
        while is_alive(&grandchild) && started.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(!is_alive(&grandchild));
    }

    #[test]
    fn a_child_that_dies_is_named_with_its_last_words() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = shell("echo 'port 1 is taken' >&2; exit 3");
        let mut child = Child::start(
            "the server",
            &mut command,
            &directory.path().join("log"),
            None,
        )
        .unwrap();
        let error = child
            .wait_for(Duration::from_secs(20), |_| Some(()))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("the server")
                && error.contains("3")
                && error.contains("port 1 is taken"),
            "{error}"
        );
    }

    #[test]
    fn a_child_reads_its_input_to_the_end_and_its_lines_reach_the_log() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let mut child = Child::start("echo", &mut shell("cat"), &log, Some(b"one\ntwo\n")).unwrap();
        child
            .wait_for(Duration::from_secs(20), |line| {
                (line == "two").then_some(())
            })
            .unwrap();
        assert_eq!(std::fs::read_to_string(log).unwrap(), "one\ntwo\n");
    }
}
