//! Rules about Rust code: time and randomness come through the ports, ids are newtypes.
//!
//! The rules look at tokens, so comments, strings and line breaks neither hide nor fake a violation, and code inside
//! macro calls counts like any other.

use super::tree::{SourceFile, Tree};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The files that implement the clock and entropy ports; every other file asks the port.
pub const PORTS: [&str; 2] = ["crates/engine/src/system.rs", "crates/server/src/system.rs"];

/// Tools and system tests run programs and are no part of the product.
const TOOLING: [&str; 2] = ["crates/xtask/", "tests/"];
/// Where the id newtypes are made, and where a row of any table is named by table and bare key.
const IDS: [&str; 2] = ["crates/domain/src/id.rs", "crates/domain/src/row/mod.rs"];

const CLOCKS: [&str; 7] = [
    "SystemTime",
    "Utc",
    "Local",
    "Zoned",
    "Timestamp",
    "OffsetDateTime",
    "DateTime",
];
const RANDOM: [&str; 12] = [
    "getrandom",
    "thread_rng",
    "ThreadRng",
    "OsRng",
    "SysRng",
    "SystemRandom",
    "from_entropy",
    "from_os_rng",
    "new_v4",
    "now_v1",
    "now_v6",
    "now_v7",
];

/// A token and the line it is on.
#[derive(Debug, Clone)]
pub struct Token {
    /// An identifier, a literal, one punctuation mark or one bracket.
    pub text: String,
    /// Counted from one.
    pub line: usize,
}

/// Violations in every Rust file outside the tooling. `ports` are the files that may read the clock and the
/// system's randomness.
pub fn check(tree: &Tree, ports: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = ports
        .iter()
        .filter(|port| tree.file(port).is_none())
        .map(|port| format!("{port} is listed as a clock or entropy port and is not there"))
        .collect();
    for file in tree.ending(&[".rs"]) {
        if TOOLING.iter().any(|room| file.path.starts_with(room)) {
            continue;
        }
        match tokens(file) {
            Ok(tokens) => {
                if !ports.contains(&file.path.as_str()) {
                    found.extend(ambient(file, &tokens));
                }
                if !IDS.contains(&file.path.as_str()) {
                    found.extend(bare_ids(file, &tokens));
                }
            }
            Err(error) => found.push(error),
        }
    }
    found
}

/// All tokens of a Rust file in order, brackets included.
///
/// # Errors
/// When the file is not Rust.
pub fn tokens(file: &SourceFile) -> Result<Vec<Token>, String> {
    let stream: TokenStream = file
        .text
        .parse()
        .map_err(|error| format!("{}: not Rust: {error}", file.path))?;
    let mut out = Vec::new();
    flatten(stream, &mut out);
    Ok(out)
}

fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                out.push(Token {
                    text: open.into(),
                    line,
                });
                flatten(group.stream(), out);
                out.push(Token {
                    text: close.into(),
                    line: group.span_close().start().line,
                });
            }
            TokenTree::Ident(ident) => out.push(Token {
                text: ident.to_string(),
                line,
            }),
            TokenTree::Punct(punct) => out.push(Token {
                text: punct.as_char().into(),
                line,
            }),
            TokenTree::Literal(literal) => out.push(Token {
                text: literal.to_string(),
                line,
            }),
        }
    }
}

/// Whether the texts of the tokens from `at` are exactly these.
pub fn follows(tokens: &[Token], at: usize, texts: &[&str]) -> bool {
    tokens.len() >= at + texts.len()
        && tokens[at..]
            .iter()
            .zip(texts)
            .all(|(token, text)| token.text == *text)
}

fn ambient(file: &SourceFile, tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let name = token.text.as_str();
        if CLOCKS.contains(&name) && follows(tokens, at + 1, &[":", ":", "now"]) {
            found.push(format!(
                "{}:{}: reads the time itself: take a `Clock`",
                file.path, token.line
            ));
        }
        let draws = name == "rand"
            && (follows(tokens, at + 1, &[":", ":", "rng"])
                || follows(tokens, at + 1, &[":", ":", "random"]));
        if draws || RANDOM.contains(&name) {
            found.push(format!(
                "{}:{}: draws randomness itself (`{name}`): take an `Entropy`",
                file.path, token.line
            ));
        }
    }
    found
}

/// A field of type `Uuid` can be confused with every other one; a newtype, `struct SomethingId(Uuid)`, cannot.
fn bare_ids(file: &SourceFile, tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !["struct", "enum"].contains(&tokens[at].text.as_str()) {
            at += 1;
            continue;
        }
        let Some(open) = (at..tokens.len())
            .find(|index| ["{", "(", ";"].contains(&tokens[*index].text.as_str()))
        else {
            break;
        };
        let end = body_end(tokens, open);
        let is_newtype = tokens[open].text == "(" && tokens[at + 1].text.ends_with("Id");
        if is_newtype && !tokens[open..end].iter().any(|token| token.text == ",") {
            at = end;
            continue;
        }
        for token in tokens[open..end]
            .iter()
            .filter(|token| token.text == "Uuid")
        {
            found.push(format!(
                "{}:{}: an id is a newtype of domain::id, never a bare Uuid",
                file.path, token.line
            ));
        }
        at = end;
    }
    found
}

/// The index after the bracket that closes the one at `open`.
fn body_end(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted;
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let (_root, tree) = planted(&[(path, text)]);
        check(&tree, &[])
    }

    #[test]
    fn reading_the_time_is_found_even_inside_a_macro_call() {
        for text in [
            "fn f() { std::time::SystemTime::now(); }",
            "fn f() { info!(\"{}\", Utc::now()); }",
            "fn f() { jiff::Zoned :: now ( ) ; }",
            "fn f() { let read = jiff::Timestamp::now; }",
        ] {
            assert_eq!(found("crates/store/src/a.rs", text).len(), 1, "{text}");
        }
    }

    #[test]
    fn drawing_randomness_is_found() {
        for text in [
            "fn f() { rand::rng().next_u32(); }",
            "fn f() { thread_rng(); }",
            "fn f(out: &mut [u8]) { getrandom::fill(out); }",
            "fn f() { Uuid::now_v7(); }",
        ] {
            assert_eq!(found("crates/vault/src/a.rs", text).len(), 1, "{text}");
        }
    }

    #[test]
    fn comments_strings_elapsed_time_and_tools_are_no_violation() {
        let text = "//! Never call SystemTime::now() or getrandom.\nfn f() -> &'static str { \"thread_rng\" }\n\
                    fn g() { std::time::Instant::now(); clock.now(); }";
        assert_eq!(found("crates/store/src/a.rs", text), Vec::<String>::new());
        assert_eq!(
            found("crates/xtask/src/a.rs", "fn f() { SystemTime::now(); }"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_port_may_read_the_time_and_must_be_there() {
        let (_root, tree) = planted(&[(
            "crates/engine/src/clock.rs",
            "fn f() { SystemTime::now(); }",
        )]);
        assert_eq!(
            check(&tree, &["crates/engine/src/clock.rs"]),
            Vec::<String>::new()
        );
        let found = check(&tree, &["crates/engine/src/gone.rs"]);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_bare_uuid_in_a_type_is_found_outside_the_newtypes() {
        let text = "pub struct Visit { pub client: Uuid, pub lots: Vec<Uuid> }\nenum Key { Photo(uuid::Uuid) }";
        let violations = found("crates/store/src/a.rs", text);
        assert_eq!(violations.len(), 3, "{violations:?}");
        assert!(
            violations[0].starts_with("crates/store/src/a.rs:1:"),
            "{violations:?}"
        );
        assert_eq!(found(IDS[0], text), Vec::<String>::new());
        let newtype = "pub struct TicksId(pub uuid::Uuid);";
        assert_eq!(
            found("crates/store/src/a.rs", newtype),
            Vec::<String>::new()
        );
        let local = "fn f() { let parsed: Uuid = read(); } pub struct Unit; fn g(id: Uuid) {}";
        assert_eq!(found("crates/store/src/a.rs", local), Vec::<String>::new());
    }
}
