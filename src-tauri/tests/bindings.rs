//! The interface's TypeScript bindings are generated from the commands; a change of one without the other fails here.

use specta_typescript::Typescript;
use std::path::Path;

/// Set to write the bindings instead of comparing them.
const WRITE: &str = "ESPELHO_WRITE_BINDINGS";

#[test]
fn bindings_are_those_of_the_commands() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/platform/bindings.ts");
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("bindings.ts");
    espelho_shell::contract()
        .export(Typescript::default(), &made)
        .unwrap();
    let fresh = std::fs::read_to_string(&made).unwrap();
    if std::env::var_os(WRITE).is_some() {
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        std::fs::write(&kept, &fresh).unwrap();
    }
    let held = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(
        held == fresh,
        "ui/src/platform/bindings.ts is not what the commands say; run this test with {WRITE}=1"
    );
}
