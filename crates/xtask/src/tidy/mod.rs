//! `cargo xtask tidy`: the house rules, as code.
//!
//! Each rule is a function from the tree to its violations, so each has a test with a planted one. A violation says
//! where it is, which rule it breaks and what to do.

pub mod code;
pub mod commands;
pub mod imports;
pub mod migrations;
pub mod rooms;
pub mod size;
pub mod tree;
pub mod words;

use crate::workspace::Workspace;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use tree::Tree;

/// What to do besides looking.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Record the checksums of new migrations. Those already recorded stay as they are.
    #[arg(long)]
    pub lock_migrations: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Rules that do not hold.
    pub violations: Vec<String>,
    /// What will become a violation if it goes on.
    pub warnings: Vec<String>,
}

/// Checks and prints.
///
/// # Errors
/// When the tree cannot be read.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    if options.lock_migrations {
        let added = migrations::lock_new(&Tree::read(workspace.root())?)?;
        println!("tidy: {added} new migrations recorded");
    }
    let report = check(workspace)?;
    for violation in &report.violations {
        println!("{violation}");
    }
    println!(
        "tidy: {} violations, {} warnings",
        report.violations.len(),
        report.warnings.len()
    );
    Ok(if report.violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Checks every rule; warnings go to standard error.
///
/// # Errors
/// When the tree cannot be read.
pub fn check(workspace: &Workspace) -> Result<Report> {
    let tree = Tree::read(workspace.root())?;
    let mut report = Report {
        warnings: size::warnings(&tree),
        ..Report::default()
    };
    report.violations.extend(rooms::check(workspace.root())?);
    report.violations.extend(code::check(&tree, &code::PORTS));
    report.violations.extend(imports::check(&tree));
    report.violations.extend(commands::check(&tree));
    report.violations.extend(migrations::check(&tree));
    report.violations.extend(size::check(&tree));
    report
        .violations
        .extend(words::check(&tree, &places_of_this_machine(workspace)));
    for warning in &report.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(report)
}

fn places_of_this_machine(workspace: &Workspace) -> Vec<String> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let places = [Some(workspace.root().to_path_buf()), home];
    places
        .into_iter()
        .flatten()
        .filter(|path| path.components().count() > 1)
        .map(|path| format!("{}/", path.display()))
        .collect()
}
