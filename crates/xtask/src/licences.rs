//! Every dependency's licence is one we may ship.
//!
//! Read from `cargo metadata` and from the interface's installed packages, against `licences.toml` beside this crate.
//! It answers in seconds; a separate tool would have to be compiled for minutes on every fresh machine.

use crate::workspace::Workspace;
use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Consoles run on Windows and Linux; what only other systems compile is never shipped.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc"];

/// What `licences.toml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// SPDX ids any dependency may have.
    allow: BTreeSet<String>,
    /// Dependencies allowed one licence more, each with its reason.
    #[serde(default)]
    exception: Vec<Exception>,
    /// Dependencies that state their licence only in their source.
    #[serde(default)]
    clarification: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// The dependency, or the beginning of several names and a `*`.
    name: String,
    licence: String,
    /// Read by people; a policy without a reason is refused.
    #[serde(rename = "reason")]
    _reason: String,
}

/// A dependency and the licence it states, if it states one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// `name version`, with the registry's kind.
    pub name: String,
    /// An SPDX expression.
    pub licence: Option<String>,
}

/// Every dependency whose licence is unknown or not allowed, Rust and npm.
///
/// # Errors
/// When the policy, cargo's answer or the interface's lock file cannot be read.
pub fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let policy = Policy::read(&workspace.root().join("crates/xtask/licences.toml"))?;
    let mut dependencies = of_crates(workspace.root())?;
    dependencies.extend(of_packages(&workspace.interface())?);
    Ok(policy.violations(&dependencies))
}

impl Policy {
    /// # Errors
    /// When the file cannot be read or says something unknown.
    pub fn read(file: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        toml::from_str(&text).with_context(|| format!("reading {}", file.display()))
    }

    /// The dependencies this policy does not allow, and the exceptions nothing needs any more.
    pub fn violations(&self, dependencies: &BTreeSet<Dependency>) -> Vec<String> {
        let mut found: Vec<String> = dependencies
            .iter()
            .filter_map(|dependency| self.violation(dependency))
            .collect();
        let names: BTreeSet<&str> = dependencies.iter().map(Dependency::bare_name).collect();
        let entries = self.exception.iter().chain(&self.clarification);
        for exception in entries.filter(|entry| !names.iter().any(|name| entry.is_for(name))) {
            found.push(format!(
                "licences.toml allows {} {}, which is no dependency",
                exception.name, exception.licence
            ));
        }
        found
    }

    fn violation(&self, dependency: &Dependency) -> Option<String> {
        let name = &dependency.name;
        let clarified = self
            .clarification
            .iter()
            .find(|entry| entry.is_for(dependency.bare_name()))
            .map(|entry| &entry.licence);
        let Some(stated) = dependency.licence.as_ref().or(clarified) else {
            return Some(format!(
                "{name} states no licence: read its source, then add a clarification or leave it out"
            ));
        };
        let expression = match Expression::parse_mode(stated, ParseMode::LAX) {
            Ok(expression) => expression,
            // An exception may name what is no SPDX expression.
            Err(_) if self.excepts(dependency, stated) => return None,
            Err(error) => {
                return Some(format!(
                    "{name}: `{stated}` is no licence expression: {}",
                    error.reason
                ));
            }
        };
        let allowed = expression.evaluate(|requirement| self.allows(dependency, requirement));
        (!allowed).then(|| format!("{name} is under {stated}, which licences.toml does not allow"))
    }

    fn allows(&self, dependency: &Dependency, requirement: &LicenseReq) -> bool {
        let whole = requirement.to_string();
        let bare = requirement.license.id().map(|id| id.name);
        // `Apache-2.0 WITH LLVM-exception` asks for less than Apache-2.0; any other addition must be listed itself.
        let base = match &requirement.addition {
            None => bare,
            Some(addition) if addition.id().is_some_and(|id| id.name == "LLVM-exception") => bare,
            Some(_) => None,
        };
        self.allow.contains(&whole)
            || base.is_some_and(|id| self.allow.contains(id) || self.excepts(dependency, id))
            || self.excepts(dependency, &whole)
    }

    fn excepts(&self, dependency: &Dependency, licence: &str) -> bool {
        self.exception.iter().any(|exception| {
            exception.is_for(dependency.bare_name()) && exception.licence == licence
        })
    }
}

impl Exception {
    fn is_for(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => self.name == name,
        }
    }
}

impl Dependency {
    fn bare_name(&self) -> &str {
        self.name.split(' ').next().unwrap_or(&self.name)
    }
}

fn of_crates(root: &Path) -> Result<BTreeSet<Dependency>> {
    let mut found = BTreeSet::new();
    for platform in PLATFORMS {
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .other_options(["--locked", "--filter-platform", platform].map(str::to_owned))
            .exec()
            .context("asking cargo for the dependencies")?;
        for package in metadata
            .packages
            .into_iter()
            .filter(|package| package.source.is_some())
        {
            let name = format!("{} {} (crate)", package.name, package.version);
            found.insert(Dependency {
                name,
                licence: package.license,
            });
        }
    }
    Ok(found)
}

/// The interface's packages: what is installed says its licence itself; what is only for other systems is in the lock.
fn of_packages(ui: &Path) -> Result<BTreeSet<Dependency>> {
    #[derive(Deserialize)]
    struct Lock {
        packages: BTreeMap<String, Locked>,
    }
    #[derive(Deserialize)]
    struct Locked {
        version: Option<String>,
        license: Option<serde_json::Value>,
        #[serde(default)]
        link: bool,
    }
    let file = ui.join("package-lock.json");
    let text = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
    let lock: Lock =
        serde_json::from_slice(&text).with_context(|| format!("reading {}", file.display()))?;
    let mut found = BTreeSet::new();
    for (place, locked) in lock
        .packages
        .iter()
        .filter(|(place, locked)| !place.is_empty() && !locked.link)
    {
        let installed = std::fs::read(ui.join(place).join("package.json"))
            .ok()
            .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
            .and_then(|manifest| stated_in(&manifest));
        let licence = installed.or_else(|| locked.license.as_ref().and_then(stated));
        let name = place.rsplit("node_modules/").next().unwrap_or(place);
        let version = locked.version.as_deref().unwrap_or("of unknown version");
        found.insert(Dependency {
            name: format!("{name} {version} (npm)"),
            licence,
        });
    }
    Ok(found)
}

fn stated_in(manifest: &serde_json::Value) -> Option<String> {
    stated(&manifest["license"]).or_else(|| {
        // The form of before 2014: a choice among several.
        let several: Vec<String> = manifest["licenses"]
            .as_array()?
            .iter()
            .filter_map(stated)
            .collect();
        (!several.is_empty()).then(|| several.join(" OR "))
    })
}

fn stated(value: &serde_json::Value) -> Option<String> {
    value
        .as_str()
        .or_else(|| value["type"].as_str())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(policy: &str, licence: Option<&str>) -> Vec<String> {
        let policy: Policy = toml::from_str(policy).unwrap();
        let dependency = Dependency {
            name: "left-pad 1.0.0 (crate)".into(),
            licence: licence.map(str::to_owned),
        };
        policy.violations(&BTreeSet::from([dependency]))
    }

    const POLICY: &str = "allow = [\"MIT\", \"Apache-2.0\"]";

    #[test]
    fn allowed_licences_and_choices_that_include_one_pass() {
        for licence in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "MIT/Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(
                found(POLICY, Some(licence)),
                Vec::<String>::new(),
                "{licence}"
            );
        }
    }

    #[test]
    fn copyleft_unknown_and_unstated_licences_fail_and_name_the_dependency() {
        for licence in [
            Some("GPL-3.0-only"),
            Some("MIT AND AGPL-3.0-only"),
            Some("SEE LICENSE IN x"),
            None,
        ] {
            let found = found(POLICY, licence);
            assert_eq!(found.len(), 1, "{licence:?}");
            assert!(found[0].contains("left-pad 1.0.0"), "{found:?}");
        }
        assert_eq!(
            found(POLICY, Some("GPL-2.0-only WITH Classpath-exception-2.0")).len(),
            1
        );
    }

    #[test]
    fn an_exception_is_for_one_dependency_with_a_reason_and_does_not_outlive_it() {
        let exception = |name: &str| {
            format!(
                "{POLICY}\n[[exception]]\nname = \"{name}\"\nlicence = \"MPL-2.0\"\nreason = \"unchanged files\"\n"
            )
        };
        assert_eq!(
            found(&exception("left-pad"), Some("MPL-2.0")),
            Vec::<String>::new()
        );
        assert_eq!(found(&exception("right-pad"), Some("MPL-2.0")).len(), 2);
        assert!(toml::from_str::<Policy>(&exception("left-pad").replace("reason", "why")).is_err());
    }

    #[test]
    fn a_licence_found_in_the_source_is_stated_by_a_clarification_and_still_checked() {
        let clarified = |licence: &str| {
            format!(
                "{POLICY}\n[[clarification]]\nname = \"left-*\"\nlicence = \"{licence}\"\nreason = \"its LICENSE\"\n"
            )
        };
        assert_eq!(found(&clarified("MIT"), None), Vec::<String>::new());
        assert_eq!(found(&clarified("GPL-3.0-only"), None).len(), 1);
        assert_eq!(found(&clarified("MIT"), Some("GPL-3.0-only")).len(), 1);
    }

    #[test]
    fn a_planted_copyleft_package_of_the_interface_is_found() {
        let ui = tempfile::tempdir().unwrap();
        let installed = ui.path().join("node_modules/@scope/spread");
        std::fs::create_dir_all(&installed).unwrap();
        std::fs::write(
            installed.join("package.json"),
            r#"{"license":{"type":"GPL-3.0"}}"#,
        )
        .unwrap();
        let lock = r#"{"packages":{"":{"version":"1.0.0"},
            "node_modules/@scope/spread":{"version":"2.0.0","license":"MIT"},
            "node_modules/a/node_modules/for-mac":{"version":"3.0.0","license":"MIT"}}}"#;
        std::fs::write(ui.path().join("package-lock.json"), lock).unwrap();
        let policy: Policy = toml::from_str(POLICY).unwrap();
        let found = policy.violations(&of_packages(ui.path()).unwrap());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("@scope/spread 2.0.0 (npm)"), "{found:?}");
    }

    #[test]
    fn a_planted_copyleft_crate_is_found() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let manifest = |name: &str, rest: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n{rest}")
        };
        write("Cargo.toml", &manifest("app", "[dependencies]\n"));
        write("src/lib.rs", "");
        let clean = std::process::Command::new("cargo")
            .args(["generate-lockfile", "--offline"])
            .current_dir(root.path())
            .status()
            .unwrap();
        assert!(clean.success());
        assert_eq!(of_crates(root.path()).unwrap(), BTreeSet::new());
        // A vendored registry is the only source of foreign crates that needs no network.
        write(
            "vendor/spread/Cargo.toml",
            &manifest("spread", "license = \"GPL-3.0-only\"\n"),
        );
        write("vendor/spread/src/lib.rs", "");
        write(
            "vendor/spread/.cargo-checksum.json",
            r#"{"files":{},"package":null}"#,
        );
        write(
            ".cargo/config.toml",
            "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n",
        );
        write(
            "Cargo.toml",
            &manifest("app", "[dependencies]\nspread = \"0.1\"\n"),
        );
        std::fs::remove_file(root.path().join("Cargo.lock")).unwrap();
        let locked = std::process::Command::new("cargo")
            .args(["generate-lockfile", "--offline"])
            .current_dir(root.path())
            .status()
            .unwrap();
        assert!(locked.success());
        let policy: Policy = toml::from_str(POLICY).unwrap();
        let found = policy.violations(&of_crates(root.path()).unwrap());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("spread 0.1.0 (crate)"), "{found:?}");
    }
}
