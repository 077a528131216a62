//! What the app may be started with.

use clap::Parser;
use engine::{AppError, Config};
use std::path::PathBuf;

/// Operations console of aesthetic clinics.
#[derive(Clone, Debug, Parser)]
#[command(name = "espelho", version)]
pub struct Arguments {
    /// Where this console keeps its data; the user's data folder when not given.
    #[arg(long, env = "ESPELHO_DATA")]
    pub data: Option<PathBuf>,
    /// Sizes and times to run with: production, staging or development; the desktop's own when not given.
    #[arg(long, env = "ESPELHO_PRESET")]
    pub preset: Option<String>,
    /// Accept a demonstration clinic and show its logins.
    #[arg(long)]
    pub demo: bool,
    /// Join the clinic of this link at once, when this console has none yet. Only together with --demo: a real console
    /// is enrolled on screen, where its recovery words can be kept.
    #[arg(long, requires = "demo")]
    pub enrol: Option<String>,
    /// Open the window over the whole screen.
    #[arg(long)]
    pub maximized: bool,
    /// Be the isolated picture decoder instead of the app.
    #[arg(long, hide = true)]
    pub decode_worker: bool,
}

impl Arguments {
    /// What the engine starts with.
    pub fn config(&self) -> Result<Config, AppError> {
        let program = std::env::current_exe().map_err(|error| {
            AppError::new(
                "start",
                format!("the app cannot find its own file: {error}"),
            )
        })?;
        Config::new(
            self.data.clone(),
            self.preset.as_deref(),
            self.demo,
            self.enrol.clone(),
            program,
        )
    }
}
