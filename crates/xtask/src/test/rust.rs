//! The Rust tests, in a session of their own: fresh directories, a screen, a bus and an unlocked keyring.

use super::counts::{self, Count};
use crate::build::Programs;
use crate::desktop::{Screen, Session, private_directory};
use crate::process;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs every test of the workspace. nextest runs each in a process of its own and stops one that hangs; where it is
/// not installed `cargo test` is enough, and quicker than compiling nextest.
///
/// # Errors
/// When the session cannot be made or the runner does not come as far as a report.
pub fn tests(workspace: &Workspace, programs: &Programs) -> Result<Count> {
    let place = tempfile::Builder::new()
        .prefix("espelho-test-")
        .tempdir()
        .context("making a directory for the tests")?;
    let logs = private_directory(&place.path().join("logs"))?;
    let screen = Screen::start(&logs, "screen")?;
    let session = Session::start(&place.path().join("data"), &logs)?;

    let mut command = workspace.cargo();
    command
        .env("ESPELHO_BIN", &programs.console)
        .env("CLINIC_SERVER_BIN", &programs.server)
        .env("CLINIC_DEMO_BIN", &programs.demo)
        .env("DISPLAY", screen.display())
        .env_remove("WAYLAND_DISPLAY");
    fresh_directories(&mut command, place.path())?;
    command.envs(session.variables().iter().cloned());
    if process::is_on_path("cargo-nextest") {
        nextest(workspace, command)
    } else {
        cargo_test(command)
    }
}

/// Runs the examples in the documentation, which nextest does not.
///
/// # Errors
/// When cargo cannot be started.
pub fn examples(workspace: &Workspace) -> Result<Count> {
    let mut command = workspace.cargo();
    command.args(["test", "--locked", "--workspace", "--doc", "--no-fail-fast"]);
    counted(&mut command)
}

/// A test must find nothing of the person who runs it, and leave nothing; cargo itself must find its own.
fn fresh_directories(command: &mut Command, place: &Path) -> Result<()> {
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .context("HOME is not set")?;
    for (name, usual) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        if std::env::var_os(name).is_none() {
            command.env(name, home.join(usual));
        }
    }
    for (name, directory) in [
        ("HOME", "home"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_CACHE_HOME", "cache"),
        ("TMPDIR", "tmp"),
    ] {
        command.env(name, private_directory(&place.join(directory))?);
    }
    Ok(())
}

fn nextest(workspace: &Workspace, mut command: Command) -> Result<Count> {
    // nextest keeps its own files in the tree's `target`, wherever cargo builds.
    let report = workspace.root().join("target/nextest/default/junit.xml");
    // The report of an earlier run must not be taken for this one's.
    let _ = std::fs::remove_file(&report);
    let ran = process::run(command.args([
        "nextest",
        "run",
        "--locked",
        "--workspace",
        "--no-fail-fast",
        "--lib",
        "--bins",
        "--tests",
    ]));
    match (ran, std::fs::read_to_string(&report)) {
        (ran, Ok(text)) => Ok(counts::junit(&text)?.with_outcome(ran.is_ok())),
        (Err(error), Err(_)) => Err(error),
        (Ok(()), Err(error)) => Err(error).with_context(|| format!("reading {}", report.display())),
    }
}

/// Real windows must not cover each other, and this runner cannot tell which tests open one: one at a time.
fn cargo_test(mut command: Command) -> Result<Count> {
    command.env("RUST_TEST_THREADS", "1");
    command.args([
        "test",
        "--locked",
        "--workspace",
        "--no-fail-fast",
        "--lib",
        "--bins",
        "--tests",
    ]);
    counted(&mut command)
}

/// Runs `cargo test` with its output on this terminal, and counts.
fn counted(command: &mut Command) -> Result<Count> {
    let name = process::shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting `{name}`"))?;
    let mut text = String::new();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{line}");
            text.push_str(&line);
            text.push('\n');
        }
    }
    let status = child
        .wait()
        .with_context(|| format!("waiting for `{name}`"))?;
    Ok(counts::libtest(&text).with_outcome(status.success()))
}
