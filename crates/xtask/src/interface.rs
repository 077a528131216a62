//! The web interface: its packages, its build and its own checks.

use crate::process;
use crate::progress::Step;
use crate::stamp::{Stamp, read_files};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// Directories of `ui` that are made, not written.
const MADE: [&str; 3] = ["node_modules", "dist", "coverage"];

/// Installs exactly what `package-lock.json` says, unless that is what is there.
///
/// # Errors
/// When there is no lock file, or npm fails.
pub fn install(workspace: &Workspace) -> Result<()> {
    let ui = workspace.interface();
    let lock = ui.join("package-lock.json");
    let content = std::fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
    let modules = ui.join("node_modules");
    let stamp = Stamp::of(
        modules.join(".espelho-installed"),
        [("package-lock.json", content.as_slice())],
    );
    if stamp.is_current() {
        return Ok(());
    }
    let step = Step::start("installing the interface's packages");
    // npm ci removes node_modules first, and the stamp with it: a cut installation is never taken for a whole one.
    process::output(npm(&ui).args(["ci", "--no-audit", "--no-fund", "--no-progress"]))?;
    stamp.keep()?;
    step.done();
    Ok(())
}

/// Builds `ui/dist`, unless it was built from exactly these sources.
///
/// # Errors
/// When the build fails or makes no page.
pub fn build(workspace: &Workspace) -> Result<()> {
    install(workspace)?;
    let ui = workspace.interface();
    let page = ui.join("dist/index.html");
    let files = read_files(&ui, &|path| MADE.contains(&path))?;
    let inputs = files
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_slice()));
    // Kept outside dist: everything in dist is embedded in the console.
    let stamp = Stamp::of(ui.join("node_modules/.espelho-built"), inputs);
    if stamp.is_current() && page.is_file() {
        return Ok(());
    }
    stamp.forget();
    let step = Step::start("building the interface");
    process::output(npm(&ui).args(["run", "build"])).map_err(with_npm_output)?;
    if !page.is_file() {
        bail!("`npm run build` succeeded but made no {}", page.display());
    }
    stamp.keep()?;
    step.done();
    Ok(())
}

/// Runs one of the scripts of `package.json` with its output on this terminal.
///
/// # Errors
/// When there is no such script (an absent check is a failed check) or it fails.
pub fn script(workspace: &Workspace, name: &str, arguments: &[&str]) -> Result<()> {
    let ui = workspace.interface();
    if !has_script(&ui, name)? {
        bail!(
            "{} has no script `{name}`",
            ui.join("package.json").display()
        );
    }
    let mut command = npm(&ui);
    command.args(["run", "--silent", name]);
    if !arguments.is_empty() {
        command.arg("--").args(arguments);
    }
    process::run(&mut command)
}

fn has_script(ui: &Path, name: &str) -> Result<bool> {
    let manifest = ui.join("package.json");
    let text =
        std::fs::read(&manifest).with_context(|| format!("reading {}", manifest.display()))?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).with_context(|| format!("reading {}", manifest.display()))?;
    Ok(value["scripts"][name].is_string())
}

fn npm(ui: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(ui).env("CI", "1");
    command
}

fn with_npm_output(error: anyhow::Error) -> anyhow::Error {
    error.context("the interface does not build: `npm run build` in ui shows why")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_is_not_there_is_an_error_not_a_pass() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("ui")).unwrap();
        std::fs::write(
            root.path().join("ui/package.json"),
            r#"{"scripts":{"test":"vitest run"}}"#,
        )
        .unwrap();
        let workspace = Workspace::at(root.path());
        assert!(has_script(&workspace.interface(), "test").unwrap());
        let error = script(&workspace, "lint", &[]).unwrap_err().to_string();
        assert!(error.contains("no script `lint`"), "{error}");
    }

    #[test]
    fn an_interface_without_a_lock_file_is_not_installed() {
        let root = tempfile::tempdir().unwrap();
        let error = format!("{:#}", install(&Workspace::at(root.path())).unwrap_err());
        assert!(error.contains("package-lock.json"), "{error}");
    }
}
