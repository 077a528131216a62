//! Where the built programs are.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The programs that together are a running clinic.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The desktop console.
    pub console: PathBuf,
    /// The clinic's server.
    pub server: PathBuf,
    /// The maker of synthetic clinics.
    pub demo: PathBuf,
}

impl Programs {
    /// Those that the test command has built, or those beside the running test.
    ///
    /// # Errors
    /// When one is not there; the message says what builds it.
    pub fn built() -> Result<Self> {
        Ok(Self {
            console: program("ESPELHO_BIN", "espelho")?,
            server: program("CLINIC_SERVER_BIN", "clinic-server")?,
            demo: program("CLINIC_DEMO_BIN", "clinic-demo")?,
        })
    }
}

/// Ends a process at once and waits until it is gone.
///
/// # Errors
/// When there is no such process, or it does not go.
pub fn kill(process: u32) -> Result<()> {
    let killed = Command::new("kill")
        .args(["-KILL", &process.to_string()])
        .status()
        .context("running kill")?;
    anyhow::ensure!(killed.success(), "the process {process} was not killed");
    let begun = Instant::now();
    let stat = format!("/proc/{process}/stat");
    // Until whoever started it has noticed, it stays as a zombie, which holds no file open.
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        anyhow::ensure!(
            begun.elapsed() < Duration::from_secs(20),
            "the process {process} is still there"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn program(variable: &str, name: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(PathBuf::from(path));
    }
    let own = std::env::current_exe().context("finding the running test")?;
    // A test lies in target/debug/deps, a benchmark in target/debug.
    let found = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    match found {
        Some(path) => Ok(path),
        None => bail!(
            "the program {name} is not built; run `cargo build -p espelho -p server -p testkit --bins`"
        ),
    }
}
