//! Nothing readable on disk: after a day with known names, notes and pictures, every file that the programs wrote is searched
//! for them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed expectation is a failed test"
)]

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use domain::row::PhotoPhase;
use serde_json::json;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use system_tests::{Clinic, Programs, Window};
use testkit::skin::{self, Capture, Shot};

/// Words that stand nowhere but in what people typed.
const NAME: &str = "Zenóbia Marcadora Quixabeira";
const WORDS: [&str; 8] = [
    "Zenóbia",
    "zenobia",
    "quixabeira",
    "xilindroscopia",
    "wurtembergite",
    "oxalacetica",
    "71482935619",
    "987650123",
];
const NOTES: &str =
    "Avaliação com xilindroscopia sem achados; paciente relata wurtembergite na infância.";
const ALERT: &str = "Reação oxalacetica grave";
const FILE: &str = "ROSTO-QUIXABEIRA-0042.JPG";

/// A pattern and what it is. Words are looked for in small letters, in files made small.
struct Pattern {
    what: String,
    bytes: Vec<u8>,
}

/// A text as UTF-8, as UTF-16 of both orders, and as base64 at each of the three places where it may begin.
fn patterns(word: &str) -> Vec<Pattern> {
    let small = word.to_lowercase();
    let named = |form: &str, bytes: Vec<u8>| Pattern {
        what: format!("{word} as {form}"),
        bytes: bytes.to_ascii_lowercase(),
    };
    let little = small.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big = small.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut all = vec![
        named("UTF-8", small.clone().into_bytes()),
        named("UTF-16LE", little),
        named("UTF-16BE", big),
    ];
    let capitalised: String = {
        let mut letters = small.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect())
            .unwrap_or_default()
    };
    for text in [&small, &capitalised] {
        for shift in 0..3 {
            let mut bytes = vec![0; shift];
            bytes.extend_from_slice(text.as_bytes());
            for encoded in [
                STANDARD_NO_PAD.encode(&bytes),
                URL_SAFE_NO_PAD.encode(&bytes),
            ] {
                // The first and last letters depend on what stands around the word.
                let stable = &encoded[(shift * 8).div_ceil(6)..encoded.len() - 2];
                all.push(named("base64", stable.as_bytes().to_vec()));
            }
        }
    }
    all
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files(&entry.path(), found)?;
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    wanted.len() <= bytes.len()
        && bytes
            .windows(wanted.len())
            .any(|window| window[0] == wanted[0] && window == wanted)
}

/// What of the patterns stands in files below a folder or in their names, with where.
fn search(folder: &Path, words: &[Pattern], exact: &[Pattern]) -> Result<(usize, Vec<String>)> {
    let mut all = Vec::new();
    files(folder, &mut all)?;
    let mut found = Vec::new();
    for path in &all {
        let bytes = std::fs::read(path)?;
        let mut small = bytes.to_ascii_lowercase();
        small.push(0);
        small.extend_from_slice(path.to_string_lossy().to_lowercase().as_bytes());
        let words = words
            .iter()
            .filter(|pattern| contains(&small, &pattern.bytes));
        let exact = exact
            .iter()
            .filter(|pattern| contains(&bytes, &pattern.bytes));
        for pattern in words.chain(exact) {
            found.push(format!("{}: {}", path.display(), pattern.what));
        }
    }
    Ok((all.len(), found))
}

#[test]
fn the_search_finds_every_form_of_a_word_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let words = patterns("Zenóbia");
    let picture = [Pattern {
        what: "a picture".to_owned(),
        bytes: b"\x89PNG\r\n\x1a\n".to_vec(),
    }];
    let utf16 =
        |word: &str| -> Vec<u8> { word.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let planted: [Vec<u8>; 7] = [
        "cliente ZENóbia x".into(),
        utf16("-- zenóbia --"),
        STANDARD_NO_PAD.encode("Zenóbia no começo").into(),
        STANDARD_NO_PAD.encode("1zenóbia no meio").into(),
        STANDARD_NO_PAD.encode("12Zenóbia no meio").into(),
        URL_SAFE_NO_PAD.encode("no fim 12zenóbia").into(),
        b"before \x89PNG\r\n\x1a\n after".to_vec(),
    ];
    for (at, bytes) in planted.iter().enumerate() {
        let nested = folder.path().join(format!("a{at}/b"));
        std::fs::create_dir_all(&nested).unwrap();
        std::fs::write(nested.join("file"), bytes).unwrap();
        let (count, found) = search(&nested, &words, &picture).unwrap();
        assert!(count == 1 && !found.is_empty(), "plant {at} is not found");
    }
    std::fs::create_dir(folder.path().join("clean")).unwrap();
    std::fs::write(folder.path().join("clean/file"), b"zen bia, png").unwrap();
    let (_, found) = search(&folder.path().join("clean"), &words, &picture).unwrap();
    assert_eq!(found, Vec::<String>::new());
}

/// Work with words and a picture that can be recognized.
async fn work(window: &Window, file: &Path) -> Result<()> {
    window.sign_in("reception").await?;
    register(window).await?;
    window.call("session_sign_out", json!({})).await?;
    window.sign_in("practitioner").await?;
    let id = window
        .call("client_search", json!({ "text": NAME, "most": 1 }))
        .await?[0]["id"]
        .clone();
    let alert = json!({ "client_id": id, "severity": "critical", "text": ALERT });
    window
        .call("alert_raise", json!({ "request": alert }))
        .await?;
    let catalogue = window.call("catalogue", json!({})).await?;
    let treatment = catalogue["treatments"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|treatment| treatment["needs_lot"] == false)
        .context("every treatment needs a lot")?["id"]
        .clone();
    let record = json!({ "client_id": id, "appointment_id": null, "treatment_id": treatment, "areas": [], "notes": NOTES,
        "lots": [], "addendum_to": null });
    window
        .call("record_sign", json!({ "request": record }))
        .await?;
    let import = json!({ "client_id": id, "appointment_id": null, "region": "Rosto", "view": "front", "phase": "before",
        "paths": [file] });
    window
        .call("photos_import", json!({ "request": import }))
        .await?;
    window.open_client(NAME).await?;
    window.present(".strips img.shown").await?;
    window.click("Ler prontuário").await?;
    window.see("xilindroscopia").await?;
    // A draft that is never signed.
    window.click("Registrar sessão").await?;
    window
        .fill("Evolução", "Rascunho: xilindroscopia a repetir")
        .await?;
    window.synced().await
}

async fn register(window: &Window) -> Result<()> {
    let request = json!({ "name": NAME, "social_name": null, "cpf": "714.829.356-19", "phone": "(11) 98765-0123",
        "email": "zenobia@exemplo.com.br", "birth_date": null });
    let outcome = window
        .call("client_register", json!({ "request": request }))
        .await?;
    anyhow::ensure!(outcome["kind"] == "done", "{outcome}");
    Ok(())
}

#[tokio::test]
async fn no_word_and_no_picture_of_a_day_can_be_read_in_any_file_that_was_written() -> Result<()> {
    let programs = Programs::built()?;
    let mut clinic = Clinic::make(&programs, 30, 2)?;
    let card = tempfile::tempdir()?;
    let file = card.path().join(FILE);
    let shot = Shot {
        seed: 42,
        phase: PhotoPhase::Before,
        width: 1200,
        height: 900,
    };
    let picture = skin::jpeg(&skin::draw(&shot), &Capture::default())?;
    std::fs::write(&file, &picture)?;

    // Everything that the desktop gives a program to write in lies in the clinic's folder too.
    let home = clinic.folder("home");
    let place = |name: &str| -> Result<PathBuf> {
        let path = home.join(name);
        std::fs::create_dir_all(&path)?;
        Ok(path)
    };
    let (temporary, data, cache, settings) = (
        place("tmp")?,
        place("share")?,
        place("cache")?,
        place("config")?,
    );
    let variables: [(&str, &OsStr); 6] = [
        ("HOME", home.as_os_str()),
        ("TMPDIR", temporary.as_os_str()),
        ("XDG_DATA_HOME", data.as_os_str()),
        ("XDG_CACHE_HOME", cache.as_os_str()),
        ("XDG_CONFIG_HOME", settings.as_os_str()),
        ("ESPELHO_LOG", OsStr::new("debug")),
    ];
    let link = clinic.enrolment_link("Sala", "treatment_room")?;
    let window = Window::open_in(
        &programs,
        clinic.folder("room"),
        &["--demo", "--enrol", &link],
        &variables,
    )
    .await?;
    window.see("Quem está aí?").await?;
    work(&window, &file).await?;
    let during = everywhere(&clinic, &picture)?;
    window.close().await?;
    clinic.stop_server();
    let after = everywhere(&clinic, &picture)?;
    assert!(
        during > 20 && after > 20,
        "only {during} and {after} files were searched"
    );
    for written in [
        "room/replica.db",
        "room/logs/espelho.log",
        "server/server.db",
        "clinic-server.log",
    ] {
        assert!(
            clinic.folder(written).exists(),
            "{written} was not there to be searched"
        );
    }
    Ok(())
}

/// Searches all that the clinic's programs have written so far.
fn everywhere(clinic: &Clinic, picture: &[u8]) -> Result<usize> {
    let words: Vec<Pattern> = WORDS.iter().flat_map(|word| patterns(word)).collect();
    let middle = picture.len() / 2;
    let exact = [
        ("the camera's file", picture[middle..middle + 40].to_vec()),
        ("an AVIF picture", b"ftypavif".to_vec()),
        ("a PNG picture", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("a JPEG picture", b"\xff\xd8\xff\xe0\x00\x10JFIF".to_vec()),
        ("a WebP picture", b"WEBPVP8".to_vec()),
    ]
    .map(|(what, bytes)| Pattern {
        what: what.to_owned(),
        bytes,
    });
    let (count, found) = search(clinic.root(), &words, &exact)?;
    assert_eq!(found, Vec::<String>::new());
    Ok(count)
}
