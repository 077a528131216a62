//! `cargo xtask bench`: how fast the product is on this machine.

use crate::build::{self, Scope};
use crate::desktop::{Screen, Session, private_directory};
use crate::workspace::Workspace;
use crate::{interface, process, setup};
use anyhow::{Context, Result};
use clap::Args;
use std::path::PathBuf;
use std::process::Command;

/// What to measure, and where the figures go.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Clients of the clinic; five times as many appointments [default: 100000].
    #[arg(long)]
    pub clients: Option<u32>,
    /// Only this group: reads, sync, photos or app; may be repeated.
    #[arg(long)]
    pub only: Vec<String>,
    /// Write the figures as one flat object of name to number.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Builds everything optimized and runs the benchmark on a screen and with a keyring of its own.
///
/// # Errors
/// When something does not build, or an answer of the product is wrong.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    setup::prepare(workspace, setup::Purpose::RunHeadless)?;
    interface::build(workspace)?;
    let programs = build::build(workspace, Scope::Optimized)?;
    let place = tempfile::Builder::new()
        .prefix("espelho-bench-")
        .tempdir()
        .context("making a directory for the benchmark")?;
    let logs = private_directory(&place.path().join("logs"))?;
    let screen = Screen::start(&logs, "screen")?;
    let session = Session::start(&place.path().join("data"), &logs)?;
    let mut command = Command::new(programs.console.with_file_name("espelho-bench"));
    command
        .env("ESPELHO_BIN", &programs.console)
        .env("CLINIC_SERVER_BIN", &programs.server)
        .env("CLINIC_DEMO_BIN", &programs.demo)
        .env("TMPDIR", place.path())
        .env("DISPLAY", screen.display())
        .env_remove("WAYLAND_DISPLAY")
        .envs(session.variables().iter().cloned());
    if let Some(clients) = options.clients {
        command.args(["--clients", &clients.to_string()]);
    }
    for group in &options.only {
        command.args(["--only", group]);
    }
    if let Some(path) = &options.json {
        command
            .arg("--json")
            .arg(std::path::absolute(path).context("finding the file for the figures")?);
    }
    process::run(&mut command)
}
