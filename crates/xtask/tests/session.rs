//! A session on a machine that has none: the screen, the bus and the keyring are the real ones.

#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use std::path::Path;
use std::process::Command;
use xtask::desktop::{Screen, Session};

/// What the keyring answers about its default collection: where it is, and whether it is locked.
fn default_collection(session: &Session) -> String {
    let ask = |path: &str, method: &str, arguments: &[&str]| {
        let answer = Command::new("dbus-send")
            .args([
                "--session",
                "--print-reply=literal",
                "--dest=org.freedesktop.secrets",
                path,
                method,
            ])
            .args(arguments)
            .envs(session.variables().iter().cloned())
            .output()
            .unwrap();
        assert!(
            answer.status.success(),
            "{}",
            String::from_utf8_lossy(&answer.stderr)
        );
        String::from_utf8(answer.stdout).unwrap().trim().to_owned()
    };
    let service = "/org/freedesktop/secrets";
    let collection = ask(
        service,
        "org.freedesktop.Secret.Service.ReadAlias",
        &["string:default"],
    );
    let locked = ask(
        &collection,
        "org.freedesktop.DBus.Properties.Get",
        &["string:org.freedesktop.Secret.Collection", "string:Locked"],
    );
    format!("{collection} {locked}")
}

fn session(place: &Path) -> Session {
    Session::start(&place.join("data"), place).unwrap()
}

#[test]
fn the_keyring_is_open_and_the_next_session_opens_the_same_one() {
    let place = tempfile::tempdir().unwrap();
    let first = default_collection(&session(place.path()));
    assert!(
        first.contains("login") && first.ends_with("boolean false"),
        "{first}"
    );
    let kept = place.path().join("data/keyrings/login.keyring");
    assert!(kept.is_file());
    assert_eq!(default_collection(&session(place.path())), first);
}

#[test]
fn an_empty_screen_is_not_taken_for_a_painted_one() {
    let place = tempfile::tempdir().unwrap();
    let screen = Screen::start(place.path(), "screen").unwrap();
    let picture = place.path().join("picture.png");
    let mut looks = 0;
    let result = screen.photograph(&picture, &mut || {
        looks += 1;
        anyhow::ensure!(looks < 4, "looked long enough");
        Ok(())
    });
    assert_eq!(result.unwrap_err().to_string(), "looked long enough");
    assert!(!picture.exists());
}
