//! Who may import whom.

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::path::Path;

/// A room and the rooms it may import. What only its tests import is free.
struct Room {
    name: &'static str,
    imports: &'static [&'static str],
}

/// The house. A new room is added here in the same commit, so that its place is a decision.
const ROOMS: [Room; 14] = [
    Room {
        name: "domain",
        imports: &[],
    },
    Room {
        name: "vault",
        imports: &["domain"],
    },
    Room {
        name: "store",
        imports: &["domain", "vault"],
    },
    Room {
        name: "store-postgres",
        imports: &["domain", "vault"],
    },
    Room {
        name: "sync",
        imports: &["domain"],
    },
    Room {
        name: "replica",
        imports: &["domain", "store", "sync"],
    },
    Room {
        name: "photos",
        imports: &["domain"],
    },
    Room {
        name: "monitor",
        imports: &["vault"],
    },
    Room {
        name: "compliance",
        imports: &["domain"],
    },
    Room {
        name: "reports",
        imports: &["domain"],
    },
    Room {
        name: "engine",
        imports: &[
            "domain",
            "vault",
            "store",
            "sync",
            "replica",
            "photos",
            "monitor",
            "compliance",
            "reports",
        ],
    },
    Room {
        name: "server",
        imports: &[
            "domain",
            "vault",
            "store",
            "store-postgres",
            "sync",
            "monitor",
            "compliance",
            "reports",
        ],
    },
    // The picture decoder runs as a process of its own that must hold no engine, keys or database: it uses `photos` alone.
    Room {
        name: "espelho",
        imports: &["engine", "photos"],
    },
    // The developer's commands run programs; they never link the product.
    Room {
        name: "xtask",
        imports: &[],
    },
];

/// Rooms that look at all others.
const TOOLING: [&str; 2] = ["testkit", "system-tests"];
/// The only room that names Tauri.
const SHELL: &str = "espelho";

/// Violations of the room table, and of "only the shell names Tauri".
///
/// # Errors
/// When cargo cannot read the workspace.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .context("asking cargo for the rooms")?;
    Ok(violations(&metadata))
}

fn violations(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    let is_room = |name: &str| {
        metadata
            .packages
            .iter()
            .any(|package| package.name.as_str() == name)
    };
    for package in &metadata.packages {
        let name = package.name.as_str();
        for dependency in &package.dependencies {
            if dependency.name.starts_with("tauri") && name != SHELL {
                found.push(format!(
                    "{name} depends on {}: only src-tauri names Tauri",
                    dependency.name
                ));
            }
        }
        if TOOLING.contains(&name) {
            continue;
        }
        let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
            found.push(format!("{name} is not in the table of rooms: decide what it may import (xtask, tidy/rooms.rs)"));
            continue;
        };
        for dependency in &package.dependencies {
            let other = dependency.name.as_str();
            let is_free = dependency.kind == DependencyKind::Development || !is_room(other);
            if !is_free && !room.imports.contains(&other) {
                found.push(format!(
                    "{name} imports {other}, which the table of rooms does not allow"
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of empty rooms: (name, lines of its manifest after the package).
    fn workspace(rooms: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(
            root.path().join("Cargo.toml"),
            "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n",
        )
        .unwrap();
        for (name, rest) in rooms {
            let room = root.path().join(name);
            std::fs::create_dir_all(room.join("src")).unwrap();
            std::fs::write(room.join("src/lib.rs"), "").unwrap();
            let manifest = format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}"
            );
            std::fs::write(room.join("Cargo.toml"), manifest).unwrap();
        }
        check(root.path()).unwrap()
    }

    #[test]
    fn an_arrow_against_the_table_is_found() {
        let found = workspace(&[
            ("domain", ""),
            (
                "store",
                "[dependencies]\ndomain = { path = \"../domain\" }\n",
            ),
            ("sync", "[dependencies]\nstore = { path = \"../store\" }\n"),
        ]);
        assert_eq!(
            found,
            ["sync imports store, which the table of rooms does not allow"]
        );
    }

    #[test]
    fn tests_of_a_room_may_import_what_the_room_may_not() {
        let found = workspace(&[
            ("domain", ""),
            (
                "testkit",
                "[dependencies]\ndomain = { path = \"../domain\" }\n",
            ),
            (
                "sync",
                "[dev-dependencies]\ntestkit = { path = \"../testkit\" }\n",
            ),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_build_script_is_not_a_way_around_the_table() {
        let found = workspace(&[
            ("store", ""),
            (
                "domain",
                "[build-dependencies]\nstore = { path = \"../store\" }\n",
            ),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn only_the_shell_names_tauri() {
        let found = workspace(&[
            ("espelho", "[dependencies]\ntauri = \"2\"\n"),
            ("domain", "[dependencies]\ntauri-plugin-dialog = \"2\"\n"),
        ]);
        assert_eq!(
            found,
            ["domain depends on tauri-plugin-dialog: only src-tauri names Tauri"]
        );
    }

    #[test]
    fn a_room_nobody_decided_on_is_found() {
        let found = workspace(&[("helpers", "")]);
        assert!(
            found[0].contains("helpers is not in the table"),
            "{found:?}"
        );
    }
}
