//! `cargo xtask test`: everything that must hold, in one go, with one closing line.

pub mod counts;
pub mod rust;

use crate::build::{self, Programs, Scope};
use crate::progress::seconds;
use crate::workspace::Workspace;
use crate::{interface, licences, process, setup, tidy};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use counts::Count;
use std::process::ExitCode;
use std::time::Instant;

/// Which checks to run.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Only these stages; may be repeated.
    #[arg(long, value_enum)]
    pub only: Vec<Stage>,
}

/// One thing that is checked. The order is cheapest first, except that the interface must be built before the console
/// that embeds it is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// System packages, Node.js, the interface's packages.
    Setup,
    /// Formatting of the Rust code.
    Format,
    /// House rules.
    Tidy,
    /// Licences of all dependencies.
    Licences,
    /// Formatting of the interface.
    UiFormat,
    /// Lint rules of the interface.
    UiLint,
    /// Types of the interface.
    UiTypes,
    /// Tests of the interface.
    UiTests,
    /// The interface builds.
    UiBuild,
    /// Clippy with warnings denied, over all targets.
    Clippy,
    /// All programs and tests compile.
    Build,
    /// All Rust tests, in a session with a screen and a keyring.
    Tests,
    /// The examples in the documentation compile and run.
    Examples,
}

/// What later stages need from earlier ones.
#[derive(Default)]
struct Made {
    programs: Option<Programs>,
}

/// Runs the stages, all of them even when one fails, and prints the summary as the last line.
///
/// # Errors
/// Never by itself: a stage that cannot run is a failed check.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let stages: Vec<Stage> = Stage::value_variants()
        .iter()
        .copied()
        .filter(|stage| wants(&options.only, *stage))
        .collect();
    let mut made = Made::default();
    let mut total = Count::default();
    let mut table = Vec::new();
    for stage in stages {
        eprintln!("\n── {} ──", name(stage));
        let started = Instant::now();
        let count = match run_stage(workspace, stage, &mut made) {
            Ok(count) => count,
            Err(error) => {
                eprintln!("{}: {error:#}", name(stage));
                Count {
                    passed: 0,
                    failed: 1,
                }
            }
        };
        table.push(format!(
            "{:<4} {:<10} {:>5} passed {:>3} failed  {}",
            if count.failed == 0 { "ok" } else { "FAIL" },
            name(stage),
            count.passed,
            count.failed,
            seconds(started.elapsed())
        ));
        total = total.plus(count);
        if process::interrupted() {
            bail!("stopped");
        }
    }
    eprintln!("\n{}", table.join("\n"));
    println!("{}", total.summary());
    Ok(if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Without a choice, everything; the setup always, because it takes no time when nothing is missing.
fn wants(only: &[Stage], stage: Stage) -> bool {
    only.is_empty() || only.contains(&stage) || stage == Stage::Setup
}

fn name(stage: Stage) -> String {
    stage
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

fn run_stage(workspace: &Workspace, stage: Stage, made: &mut Made) -> Result<Count> {
    match stage {
        Stage::Setup => setup::prepare(workspace, setup::Purpose::Everything)?,
        Stage::Format => process::run(workspace.cargo().args(["fmt", "--all", "--check"]))?,
        Stage::Tidy => none(tidy::check(workspace)?.violations)?,
        Stage::Licences => none(licences::check(workspace)?)?,
        Stage::UiFormat => interface::script(workspace, "format:check", &[])?,
        Stage::UiLint => interface::script(workspace, "lint", &[])?,
        Stage::UiTypes => interface::script(workspace, "check", &[])?,
        Stage::UiTests => return ui_tests(workspace),
        Stage::UiBuild => interface::build(workspace)?,
        Stage::Clippy => process::run(workspace.cargo().args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))?,
        Stage::Build => drop(programs(workspace, made)?),
        Stage::Tests => {
            let programs = programs(workspace, made)?;
            return rust::tests(workspace, &programs);
        }
        Stage::Examples => return rust::examples(workspace),
    }
    Ok(Count {
        passed: 1,
        failed: 0,
    })
}

fn none(violations: Vec<String>) -> Result<()> {
    if violations.is_empty() {
        return Ok(());
    }
    bail!("{} found\n  {}", violations.len(), violations.join("\n  "))
}

/// Compiles everything, once per command. The console embeds the interface, so that is built first.
fn programs(workspace: &Workspace, made: &mut Made) -> Result<Programs> {
    if let Some(programs) = &made.programs {
        return Ok(programs.clone());
    }
    interface::build(workspace)?;
    let programs = build::build(workspace, Scope::WithTests)?;
    made.programs = Some(programs.clone());
    Ok(programs)
}

fn ui_tests(workspace: &Workspace) -> Result<Count> {
    let directory = tempfile::tempdir().context("making a directory for the report")?;
    let report = directory.path().join("vitest.json");
    let output = format!("--outputFile.json={}", report.display());
    let ran = interface::script(
        workspace,
        "test",
        &["--reporter=default", "--reporter=json", &output],
    );
    let text = std::fs::read_to_string(&report);
    match (ran, text) {
        (ran, Ok(text)) => Ok(counts::vitest(&text)?.with_outcome(ran.is_ok())),
        (Err(error), Err(_)) => Err(error),
        (Ok(()), Err(error)) => Err(error).context("the tests of the interface left no report"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stage_can_be_chosen_and_the_machine_is_prepared_for_it() {
        assert!(wants(&[], Stage::Tests));
        assert!(wants(&[Stage::Tidy], Stage::Setup));
        assert!(!wants(&[Stage::Tidy], Stage::Tests));
    }

    #[test]
    fn violations_fail_a_stage_and_are_all_shown() {
        none(Vec::new()).unwrap();
        let error = none(vec!["a.rs: one".into(), "b.rs: two".into()])
            .unwrap_err()
            .to_string();
        assert!(error.contains("a.rs") && error.contains("b.rs"), "{error}");
    }
}
