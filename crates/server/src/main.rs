//! `clinic-server`: creates a clinic, serves it, and enrols, lists and revokes its consoles. `--help` explains.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clinic-server: {error}");
            ExitCode::FAILURE
        }
    }
}
