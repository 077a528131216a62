//! Espelho's console. The same binary with `--decode-worker` is the isolated picture decoder: it opens no window and no
//! database, and reads pictures from its standard input.

// No console window beside the app on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use clap::Parser;
use espelho_shell::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.decode_worker {
        return engine::serve_decode_worker();
    }
    match espelho_shell::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("espelho: {error}");
            ExitCode::FAILURE
        }
    }
}
