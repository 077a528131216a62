//! Builds the programs of the product and says where they are.

use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// The programs that together are a running clinic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The desktop console.
    pub console: PathBuf,
    /// The clinic's server.
    pub server: PathBuf,
    /// The maker of synthetic clinics.
    pub demo: PathBuf,
}

impl Programs {
    /// Programs that were built earlier.
    ///
    /// # Errors
    /// When one of them is not in the directory.
    pub fn in_directory(directory: &Path) -> Result<Self> {
        let program = |name: &str| {
            let path = std::path::absolute(directory.join(name)).context("finding the programs")?;
            if !path.is_file() {
                bail!("there is no program {}: build it first", path.display());
            }
            Ok(path)
        };
        Ok(Self {
            console: program("espelho")?,
            server: program("clinic-server")?,
            demo: program("clinic-demo")?,
        })
    }
}

/// The part of the workspace to compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Only what a running demo needs.
    Programs,
    /// What a running demo needs and the benchmark, optimized as a clinic runs it.
    Optimized,
    /// All programs and all tests in one go, with the features `cargo test --workspace` would choose, so that the tests
    /// afterwards compile nothing again.
    WithTests,
}

/// Compiles, with cargo's own progress on this terminal.
///
/// # Errors
/// When something does not compile, or a program the demo needs was not among what was built.
pub fn build(workspace: &Workspace, scope: Scope) -> Result<Programs> {
    let mut command = workspace.cargo();
    command.args([
        "build",
        "--locked",
        "--message-format=json-render-diagnostics",
    ]);
    match scope {
        Scope::Programs => {
            command.args(["-p", "espelho", "-p", "server", "-p", "testkit", "--bins"])
        }
        Scope::Optimized => command.args([
            "--profile",
            "measure",
            "-p",
            "espelho",
            "-p",
            "server",
            "-p",
            "testkit",
            "-p",
            "system-tests",
            "--bins",
        ]),
        Scope::WithTests => command.args(["--workspace", "--lib", "--bins", "--tests"]),
    };
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("starting cargo")?;
    if !output.status.success() {
        bail!("the build failed: see the compiler's messages above");
    }
    programs_in(&String::from_utf8_lossy(&output.stdout))
}

fn programs_in(messages: &str) -> Result<Programs> {
    let mut found = executables(messages);
    let mut take = |name: &str| {
        found
            .remove(name)
            .with_context(|| format!("the build made no program `{name}`"))
    };
    Ok(Programs {
        console: take("espelho")?,
        server: take("clinic-server")?,
        demo: take("clinic-demo")?,
    })
}

/// The programs (not tests) that cargo says it made, by name.
fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
        target: Option<Target>,
        profile: Option<Profile>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
        kind: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Profile {
        test: bool,
    }
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter_map(|message| {
            let (path, target, profile) = (message.executable?, message.target?, message.profile?);
            (!profile.test && target.kind.iter().any(|kind| kind == "bin"))
                .then_some((target.name, path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(name: &str, kind: &str, test: bool) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","target":{{"name":"{name}","kind":["{kind}"]}},"profile":{{"test":{test}}},"executable":"/t/{name}"}}"#
        )
    }

    #[test]
    fn programs_are_found_among_libraries_and_tests() {
        let messages = [
            artifact("espelho", "bin", false),
            artifact("espelho", "bin", true),
            artifact("clinic-server", "bin", false),
            artifact("clinic-demo", "bin", false),
            r#"{"reason":"compiler-artifact","target":{"name":"domain","kind":["lib"]},"profile":{"test":false},"executable":null}"#
                .to_owned(),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ]
        .join("\n");
        let programs = programs_in(&messages).unwrap();
        assert_eq!(programs.server, PathBuf::from("/t/clinic-server"));
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = programs_in(&artifact("espelho", "bin", false))
            .unwrap_err()
            .to_string();
        assert!(error.contains("clinic-server"), "{error}");
    }
}
