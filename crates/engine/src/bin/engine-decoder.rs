//! The isolated picture decoder alone, for tests and for machines without the desktop shell, whose own binary does the same
//! when started with `--decode-worker`.

fn main() -> std::process::ExitCode {
    engine::serve_decode_worker()
}
