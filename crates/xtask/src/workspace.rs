//! Where the tree is, and how cargo is called in it.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the source tree this command works on.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the tree at run time, from the package cargo runs or else the current directory: a build directory shared
    /// by several clones must not make one clone's command work on another.
    ///
    /// # Errors
    /// When no directory upwards holds a `Cargo.toml` with a `[workspace]`.
    pub fn find() -> Result<Self> {
        let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(package) => PathBuf::from(package),
            None => std::env::current_dir().context("reading the current directory")?,
        };
        for directory in start.ancestors() {
            let manifest = directory.join("Cargo.toml");
            if std::fs::read_to_string(&manifest).is_ok_and(|text| text.contains("[workspace]")) {
                return Ok(Self::at(directory));
            }
        }
        bail!(
            "no workspace at or above {}: run this inside the source tree",
            start.display()
        )
    }

    /// The tree at a known place.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The directory that holds the workspace's `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The web interface's directory.
    pub fn interface(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// Cargo, in this tree, without the variables an outer cargo gave this process: build scripts that watch those
    /// variables (ring's does) would otherwise rebuild whenever a person's `cargo build` and ours alternate.
    pub fn cargo(&self) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(&self.root);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_given_by_outer_cargo) {
                command.env_remove(&name);
            }
        }
        command
    }
}

fn is_given_by_outer_cargo(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || [
            "CARGO",
            "CARGO_BIN_NAME",
            "CARGO_CRATE_NAME",
            "CARGO_PRIMARY_PACKAGE",
            "OUT_DIR",
            "LD_LIBRARY_PATH",
        ]
        .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_outer_cargo_sets_is_withheld() {
        for name in [
            "CARGO_PKG_NAME",
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
            "LD_LIBRARY_PATH",
        ] {
            assert!(is_given_by_outer_cargo(name), "{name}");
        }
        for name in [
            "CARGO_TARGET_DIR",
            "CARGO_HOME",
            "CARGO_TERM_COLOR",
            "PATH",
            "LIBSQLITE3_FLAGS",
        ] {
            assert!(!is_given_by_outer_cargo(name), "{name}");
        }
    }

    #[test]
    fn the_tree_is_found_from_a_room_inside_it() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root().join("crates/xtask/Cargo.toml").is_file());
    }
}
