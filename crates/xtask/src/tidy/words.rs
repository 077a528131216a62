//! Words that must not be in the tree: places of one machine, words about how the product is made, and marks of work
//! left undone or checks switched off.
//!
//! The words are joined from halves, so that this file does not contain what it looks for.

use super::tree::{SourceFile, Tree};

/// Never, in any file; compared without case.
const FOREIGN: [&str; 9] = [
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("shared/des", "ign.md"),
    concat!("shared/sty", "le.md"),
    concat!("shared/no", "tes/"),
    concat!("shared/ho", "oks/"),
    concat!("sub", "agent"),
    concat!("cla", "ude"),
    concat!("registry.", "npmjs"),
];

/// Marks of undone work, as whole words, in what people write.
const UNDONE: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("HA", "CK"),
];

/// Checks switched off.
const SILENCED: [&str; 13] = [
    concat!("#[ig", "nore"),
    concat!("it.sk", "ip"),
    concat!("test.sk", "ip"),
    concat!("describe.sk", "ip"),
    concat!("it.on", "ly"),
    concat!("test.on", "ly"),
    concat!("describe.on", "ly"),
    concat!("@ts-no", "check"),
    concat!("@ts-ig", "nore"),
    concat!("allow(war", "nings"),
    concat!("allow(dead_", "code"),
    concat!("allow(un", "used"),
    concat!("allow(clippy::a", "ll"),
];

/// Allowed only where a failed expectation is a failed test.
const UNWRAP: [&str; 2] = [
    concat!("allow(clippy::unw", "rap_used"),
    concat!("expect(clippy::unw", "rap_used"),
];

/// Written by tools, and the licence, whose words are not ours.
const NOT_WRITTEN_HERE: [&str; 3] = ["Cargo.lock", "package-lock.json", "LICENSE"];
const CODE: [&str; 10] = [
    ".rs", ".ts", ".js", ".mjs", ".svelte", ".css", ".html", ".sql", ".toml", ".sh",
];

/// Every such word with its place. `places` are paths of this machine.
pub fn check(tree: &Tree, places: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for file in tree.files() {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        if NOT_WRITTEN_HERE.contains(&name) {
            continue;
        }
        let is_code = CODE.iter().any(|end| name.ends_with(end));
        for (number, line) in (1..).zip(file.text.lines()) {
            let mut report = |word: &str, why: &str| {
                found.push(format!("{}:{number}: `{word}`: {why}", file.path))
            };
            let lower = line.to_lowercase();
            for word in FOREIGN.iter().filter(|word| lower.contains(**word)) {
                report(word, "not a word of the product");
            }
            for place in places.iter().filter(|place| line.contains(place.as_str())) {
                report(place, "a place of this machine");
            }
            if is_code {
                for word in UNDONE.iter().filter(|word| has_word(line, word)) {
                    report(word, "finish it or leave it out");
                }
                for mark in SILENCED.iter().filter(|mark| line.contains(**mark)) {
                    report(mark, "a check is not switched off");
                }
                for mark in UNWRAP
                    .iter()
                    .filter(|mark| line.contains(**mark) && !is_test(file))
                {
                    report(mark, "the product does not panic");
                }
            }
        }
    }
    found
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_letter(line[..at].chars().next_back())
            && !is_letter(line[at + word.len()..].chars().next())
    })
}

fn is_test(file: &SourceFile) -> bool {
    file.path.starts_with("tests/")
        || file.path.contains("/tests/")
        || file.path.ends_with("/tests.rs")
        || file.path.starts_with("crates/testkit/")
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let (_root, tree) = planted(&[(path, text)]);
        check(&tree, &["/home/ana/".to_owned()])
    }

    #[test]
    fn words_of_the_workplace_and_of_this_machine_are_found_anywhere() {
        assert_eq!(
            found("README.md", &format!("see {}x", FOREIGN[0].to_uppercase())).len(),
            1
        );
        assert_eq!(found("docs/a.md", "in /home/ana/espelho").len(), 1);
        assert_eq!(found("Cargo.lock", FOREIGN[0]), Vec::<String>::new());
        assert_eq!(found("a.md", "a network of clinics"), Vec::<String>::new());
        assert_eq!(
            found("ui/src/a.ts", "import x from '../shared/format';"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn undone_work_is_found_as_a_word() {
        assert_eq!(found("a.rs", &format!("// {}: later", UNDONE[0])).len(), 1);
        assert_eq!(
            found(
                "a.ts",
                &format!("const label = '{}S OS CLIENTES';", UNDONE[0])
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn switched_off_checks_are_found() {
        for mark in SILENCED {
            assert_eq!(found("ui/src/a.ts", mark).len(), 1, "{mark}");
        }
    }

    #[test]
    fn unwrapping_is_silenced_only_in_tests() {
        let line = format!("#![{})]", UNWRAP[0]);
        assert_eq!(found("crates/store/src/lib.rs", &line).len(), 1);
        assert_eq!(
            found("crates/store/tests/migration.rs", &line),
            Vec::<String>::new()
        );
    }
}
