//! Only the platform layer of the interface talks to Tauri; everything above it can be shown without a window.

use super::tree::Tree;

const PLATFORM: &str = "ui/src/platform/";

/// Imports of `@tauri-apps/*` outside the platform layer.
pub fn check(tree: &Tree) -> Vec<String> {
    let package = concat!("@tauri", "-apps/");
    let mut found = Vec::new();
    for file in tree.ending(&[".ts", ".js", ".mjs", ".svelte"]) {
        if !file.path.starts_with("ui/src/") || file.path.starts_with(PLATFORM) {
            continue;
        }
        for (number, line) in (1..).zip(file.text.lines()) {
            if line.contains(package) {
                found.push(format!(
                    "{}:{number}: names {package}: only {PLATFORM} may",
                    file.path
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    #[test]
    fn an_import_outside_the_platform_layer_is_found() {
        let import = "\nimport { invoke } from '@tauri-apps/api/core';\n";
        let (_root, tree) = planted(&[
            ("ui/src/platform/engine.ts", import),
            ("ui/src/features/agenda.svelte", import),
        ]);
        let found = check(&tree);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("ui/src/features/agenda.svelte:2:"),
            "{found:?}"
        );
    }
}
