//! Reads the command line and calls the command.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use xtask::workspace::Workspace;
use xtask::{bench, licences, process, run, setup, test, tidy};

/// Developer commands of Espelho.
#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing to build, run and test (Debian and Ubuntu).
    Setup,
    /// Build everything and open the console on a demo clinic.
    Run(run::Options),
    /// Run every check and every test; the last line is the summary.
    Test(test::Options),
    /// Measure the product, optimized as a clinic runs it.
    Bench(bench::Options),
    /// Check the house rules.
    Tidy(tidy::Options),
    /// Check the licences of all dependencies.
    Licences,
}

fn main() -> ExitCode {
    match command(Cli::parse().command) {
        Ok(code) => code,
        Err(_) if process::interrupted() => ExitCode::from(130),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(command: Command) -> anyhow::Result<ExitCode> {
    process::watch_for_interrupts()?;
    let workspace = Workspace::find()?;
    match command {
        Command::Setup => setup::prepare(&workspace, setup::Purpose::Everything)?,
        Command::Run(options) => run::run(&workspace, &options)?,
        Command::Test(options) => return test::run(&workspace, &options),
        Command::Bench(options) => bench::run(&workspace, &options)?,
        Command::Tidy(options) => return tidy::run(&workspace, &options),
        Command::Licences => {
            let violations = licences::check(&workspace)?;
            if !violations.is_empty() {
                anyhow::bail!("{}", violations.join("\n       "));
            }
            println!("licences: every dependency is allowed");
        }
    }
    Ok(ExitCode::SUCCESS)
}
