//! The isolated decoder on its own, for tests and for machines without the desktop shell. The shell's own binary does the
//! same when started with `--decode-worker`.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some(photos::worker::ARGUMENT) {
        eprintln!("usage: decode-worker {}", photos::worker::ARGUMENT);
        return ExitCode::from(2);
    }
    photos::worker::serve(std::io::stdin().lock(), std::io::stdout().lock())
}
