//! Every Tauri command is granted to a window by name.
//!
//! Tauri grants *all* commands of an app to all its windows, unless the build script lists them
//! (`AppManifest::commands`); then each needs a permission `allow-<command>` in a capability, directly or through a set
//! in `permissions/`.

use super::code::{Token, follows, tokens};
use super::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

const SHELL: &str = "src-tauri/";

/// Commands without a grant, grants without a command, and a build script that lists none.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let mut commands = BTreeMap::new();
    for file in tree
        .ending(&[".rs"])
        .filter(|file| file.path.starts_with("src-tauri/src/"))
    {
        match tokens(file) {
            Ok(tokens) => commands.extend(
                commands_in(&tokens).map(|(name, line)| (name, format!("{}:{line}", file.path))),
            ),
            Err(error) => found.push(error),
        }
    }
    if commands.is_empty() {
        return found;
    }
    found.extend(manifest(tree, &commands));
    let granted = match granted(tree) {
        Ok(granted) => granted,
        Err(error) => return found.into_iter().chain([error]).collect(),
    };
    for (command, place) in &commands {
        if !granted.contains(command) {
            found.push(format!(
                "{place}: command {command} is in no capability: add {} to one",
                permission(command)
            ));
        }
    }
    for command in granted
        .iter()
        .filter(|command| !commands.contains_key(*command))
    {
        found.push(format!(
            "a capability grants {}, but there is no such command",
            permission(command)
        ));
    }
    found
}

/// Whether the build script lists exactly the commands there are.
fn manifest(tree: &Tree, commands: &BTreeMap<String, String>) -> Vec<String> {
    let tokens = tree
        .file("src-tauri/build.rs")
        .map_or(Ok(Vec::new()), tokens);
    let tokens = match tokens {
        Ok(tokens) => tokens,
        Err(error) => return vec![error],
    };
    let names = |name: &str| tokens.iter().any(|token| token.text == name);
    if !names("AppManifest") || !names("commands") {
        return vec![
            "src-tauri/build.rs does not list the commands (AppManifest::commands), so every window may call all".into(),
        ];
    }
    let listed: BTreeSet<&str> = tokens
        .iter()
        .filter_map(|token| token.text.strip_prefix('"')?.strip_suffix('"'))
        .filter(|text| {
            text.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        })
        .collect();
    let unlisted = commands
        .keys()
        .filter(|command| !listed.contains(command.as_str()));
    let gone = listed.iter().filter(|name| !commands.contains_key(**name));
    unlisted
        .map(|command| format!("src-tauri/build.rs does not list the command {command}"))
        .chain(gone.map(|name| format!("src-tauri/build.rs lists {name}, which is no command")))
        .collect()
}

fn permission(command: &str) -> String {
    format!("allow-{}", command.replace('_', "-"))
}

/// The functions marked `#[tauri::command]`, with their lines.
fn commands_in(tokens: &[Token]) -> impl Iterator<Item = (String, usize)> {
    (0..tokens.len()).filter_map(|at| {
        if !follows(tokens, at, &["#", "[", "tauri", ":", ":", "command"]) {
            return None;
        }
        let function = (at..tokens.len()).find(|index| tokens[*index].text == "fn")?;
        let name = tokens.get(function + 1)?;
        Some((name.text.clone(), name.line))
    })
}

/// The app's own commands that some capability grants.
fn granted(tree: &Tree) -> Result<BTreeSet<String>, String> {
    let mut sets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in tree
        .ending(&[".toml"])
        .filter(|file| is_permission_file(&file.path))
    {
        let value: toml::Table = file
            .text
            .parse()
            .map_err(|error| format!("{}: {error}", file.path))?;
        for entry in ["permission", "set"]
            .iter()
            .filter_map(|kind| value.get(*kind)?.as_array())
            .flatten()
        {
            let identifier = entry
                .get("identifier")
                .and_then(toml::Value::as_str)
                .unwrap_or_default();
            let commands = entry
                .get("commands")
                .and_then(|commands| commands.get("allow"));
            let members = sets.entry(identifier.to_owned()).or_default();
            members.extend(texts(commands).map(|command| permission(&command)));
            members.extend(texts(entry.get("permissions")));
        }
    }
    let mut wanted = Vec::new();
    for file in tree
        .ending(&[".json", ".toml"])
        .filter(|file| file.path.starts_with("src-tauri/capabilities/"))
    {
        let value: serde_json::Value = if file.path.ends_with(".json") {
            serde_json::from_str(&file.text).map_err(|error| format!("{}: {error}", file.path))?
        } else {
            toml::from_str(&file.text).map_err(|error| format!("{}: {error}", file.path))?
        };
        let permissions = value["permissions"].as_array().cloned().unwrap_or_default();
        wanted.extend(permissions.iter().filter_map(|entry| {
            entry
                .as_str()
                .or_else(|| entry["identifier"].as_str())
                .map(str::to_owned)
        }));
    }
    let mut granted = BTreeSet::new();
    let mut seen = BTreeSet::new();
    while let Some(identifier) = wanted.pop() {
        if !seen.insert(identifier.clone()) {
            continue;
        }
        if let Some(members) = sets.get(&identifier) {
            wanted.extend(members.iter().cloned());
        } else if let Some(command) = identifier.strip_prefix("allow-") {
            // `core:` and plugin permissions carry their owner before a colon; the app's own do not.
            granted.insert(command.replace('-', "_"));
        }
    }
    Ok(granted)
}

/// Tauri writes `permissions/autogenerated` itself, from the same list; it grants nothing.
fn is_permission_file(path: &str) -> bool {
    path.strip_prefix(SHELL)
        .is_some_and(|rest| rest.starts_with("permissions/") && !rest.contains("/autogenerated/"))
}

fn texts(value: Option<&toml::Value>) -> impl Iterator<Item = String> {
    value
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|text| text.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    const CODE: &str = "#[tauri::command]\n#[specta::specta]\npub async fn client_find() {}\n\
                        #[tauri::command(async)]\nfn session_lock() {}\n#[test]\nfn other() {}\n";
    const BUILD: &str = "fn main() { tauri_build::AppManifest::new().commands(&[\"client_find\", \"session_lock\"]); }";

    #[test]
    fn a_command_in_no_capability_is_found() {
        let capability =
            r#"{"identifier":"main","permissions":["core:default","allow-client-find"]}"#;
        let (_root, tree) = planted(&[
            ("src-tauri/src/commands.rs", CODE),
            ("src-tauri/build.rs", BUILD),
            ("src-tauri/capabilities/main.json", capability),
        ]);
        let found = check(&tree);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("session_lock") && found[0].contains("allow-session-lock"),
            "{found:?}"
        );
    }

    #[test]
    fn a_set_of_permissions_grants_its_members() {
        let set = "[[set]]\nidentifier = \"everyone\"\ndescription = \"\"\npermissions = [\"allow-session-lock\"]\n\
                   [[permission]]\nidentifier = \"reading\"\ncommands.allow = [\"client_find\"]\n";
        let (_root, tree) = planted(&[
            ("src-tauri/src/commands.rs", CODE),
            ("src-tauri/build.rs", BUILD),
            ("src-tauri/permissions/sets.toml", set),
            (
                "src-tauri/capabilities/main.json",
                r#"{"permissions":["everyone",{"identifier":"reading"}]}"#,
            ),
        ]);
        assert_eq!(check(&tree), Vec::<String>::new());
    }

    #[test]
    fn a_build_script_that_lists_other_commands_is_found() {
        let (_root, tree) = planted(&[
            ("src-tauri/src/commands.rs", CODE),
            (
                "src-tauri/build.rs",
                &BUILD.replace("session_lock", "session_gone"),
            ),
            (
                "src-tauri/capabilities/main.json",
                r#"{"permissions":["allow-client-find","allow-session-lock"]}"#,
            ),
        ]);
        let found = check(&tree).join("\n");
        assert!(
            found.contains("does not list the command session_lock"),
            "{found}"
        );
        assert!(
            found.contains("lists session_gone, which is no command"),
            "{found}"
        );
    }

    #[test]
    fn a_grant_without_a_command_and_an_open_manifest_are_found() {
        let capability =
            r#"{"permissions":["allow-client-find","allow-session-lock","allow-gone"]}"#;
        let (_root, tree) = planted(&[
            ("src-tauri/src/commands.rs", CODE),
            ("src-tauri/build.rs", "fn main() { tauri_build::build() }"),
            ("src-tauri/capabilities/main.json", capability),
        ]);
        let found = check(&tree).join("\n");
        assert!(
            found.contains("does not list the commands") && found.contains("allow-gone"),
            "{found}"
        );
    }
}
