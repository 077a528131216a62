//! A migration that has been on somebody's disk is never edited: the databases it made would differ from the ones it
//! makes now, and nobody could tell.

use super::tree::{SourceFile, Tree};
use anyhow::{Context, Result};
use std::collections::BTreeMap;

const LOCK: &str = "crates/xtask/migrations.lock";

/// Migrations that were edited, removed or not recorded, and misnamed ones.
pub fn check(tree: &Tree) -> Vec<String> {
    let locked = locked(tree);
    let mut found = Vec::new();
    for file in migrations(tree) {
        if !is_named_in_order(&file.path) {
            found.push(format!(
                "{}: a migration is named NNNN_what_it_does.sql",
                file.path
            ));
        }
        match locked.get(file.path.as_str()) {
            None => found.push(format!(
                "{}: new: record it with `cargo xtask tidy --lock-migrations`",
                file.path
            )),
            Some(hash) if *hash != checksum(file) => {
                found.push(format!(
                    "{}: edited after it was recorded: undo that and add a new migration",
                    file.path
                ));
            }
            Some(_) => {}
        }
    }
    for path in locked.keys().filter(|path| tree.file(path).is_none()) {
        found.push(format!(
            "{path}: removed after it was recorded: databases that ran it still exist"
        ));
    }
    found
}

/// Records the migrations that are not recorded yet, and says how many those were.
///
/// # Errors
/// When the record cannot be written.
pub fn lock_new(tree: &Tree) -> Result<usize> {
    let locked = locked(tree);
    let mut text = tree
        .file(LOCK)
        .map(|file| file.text.clone())
        .unwrap_or_default();
    let mut added = 0;
    for file in migrations(tree).filter(|file| !locked.contains_key(file.path.as_str())) {
        text.push_str(&format!("{}  {}\n", checksum(file), file.path));
        added += 1;
    }
    if added > 0 {
        std::fs::write(tree.root().join(LOCK), text).with_context(|| format!("writing {LOCK}"))?;
    }
    Ok(added)
}

fn migrations(tree: &Tree) -> impl Iterator<Item = &SourceFile> {
    tree.ending(&[".sql"])
        .filter(|file| file.path.contains("/migrations/"))
}

fn locked(tree: &Tree) -> BTreeMap<&str, &str> {
    let lines = tree
        .file(LOCK)
        .map_or("", |file| file.text.as_str())
        .lines();
    lines
        .filter_map(|line| line.split_once("  "))
        .map(|(hash, path)| (path, hash))
        .collect()
}

fn checksum(file: &SourceFile) -> String {
    blake3::hash(file.text.as_bytes()).to_hex().to_string()
}

fn is_named_in_order(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (number, rest) = name.split_at_checked(4).unwrap_or(("", ""));
    number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() == 4 && rest.starts_with('_')
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    const FIRST: &str = "crates/store/migrations/0001_clinic.sql";

    #[test]
    fn an_edited_and_a_removed_migration_are_found_and_recording_does_not_hide_them() {
        let (root, tree) = planted(&[
            (FIRST, "create table a (b);"),
            (
                "crates/store/migrations/0002_more.sql",
                "create table c (d);",
            ),
            ("crates/xtask/keep", ""),
        ]);
        assert_eq!(check(&tree).len(), 2);
        assert_eq!(lock_new(&tree).unwrap(), 2);
        assert_eq!(
            check(&Tree::read(root.path()).unwrap()),
            Vec::<String>::new()
        );

        std::fs::write(root.path().join(FIRST), "create table a (b, c);").unwrap();
        std::fs::remove_file(root.path().join("crates/store/migrations/0002_more.sql")).unwrap();
        let tree = Tree::read(root.path()).unwrap();
        assert_eq!(lock_new(&tree).unwrap(), 0);
        let found = check(&tree).join("\n");
        assert!(
            found.contains("0001_clinic.sql: edited") && found.contains("0002_more.sql: removed"),
            "{found}"
        );
    }

    #[test]
    fn a_migration_without_its_place_in_the_order_is_found() {
        let (_root, tree) = planted(&[("crates/store/migrations/clinic.sql", "")]);
        assert!(check(&tree)[0].contains("NNNN"), "{:?}", check(&tree));
    }
}
