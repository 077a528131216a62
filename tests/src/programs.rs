//! Where the built programs are.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

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
