//! A disk without room: people are told, nothing that was acknowledged is lost, and work goes on when there is room again.
//!
//! The console's folder is a small disk of its own, mounted where only this test sees it: by the system's administrator, or in
//! a user namespace by anybody. Where neither is allowed the test fails and says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed expectation is a failed test"
)]

use domain::role::Role;
use domain::row::{Client, PhotoPhase};
use engine::view::app::{EnrolRequest, Phase, RecoveryAnswer};
use engine::view::clients::{RegisterOutcome, RegisterRequest};
use engine::view::photos::{ImportRequest, ImportState};
use engine::{AppError, Config, Engine};
use server::data::DataDir;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use system_tests::{Clinic, Programs};
use testkit::skin::{self, Capture, Shot};
use vault::staff::DEMONSTRATION_PASSWORD;

/// Tells the test that it runs on the small disk, and where.
const DISK: &str = "ESPELHO_SMALL_DISK";
/// The enrolment link for it.
const LINK: &str = "ESPELHO_SMALL_DISK_LINK";
const NAME: &str = "a_full_disk_is_told_and_nothing_acknowledged_is_lost";
const PREFIX: &str = "Disco Cheio ";

/// The ways to a mount of one's own.
const WAYS: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];

/// Runs a shell script with a small disk mounted at a folder.
fn on_small_disk(way: &[&str], folder: &Path, script: &str) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(way)
        .args(["sh", "-c"])
        .arg(format!(
            "mount -t tmpfs -o size=24m,mode=700 tmpfs \"$1\" && shift && {script}"
        ))
        .arg("sh")
        .arg(folder);
    command
}

#[test]
fn a_full_disk_is_told_and_nothing_acknowledged_is_lost() {
    if let Some(disk) = std::env::var_os(DISK) {
        fill_and_free(Path::new(&disk));
        return;
    }
    let programs = Programs::built().unwrap();
    let clinic = Clinic::make(&programs, 20, 2).unwrap();
    let disk = clinic.folder("small-disk");
    fs::create_dir(&disk).unwrap();
    let mut refusals = String::new();
    let way = WAYS.iter().find(|way| {
        let tried = on_small_disk(way, &disk, "true").output().unwrap();
        refusals.push_str(&String::from_utf8_lossy(&tried.stderr));
        tried.status.success()
    });
    let way = way.unwrap_or_else(|| {
        panic!(
            "no small disk can be mounted here, neither as the administrator nor in a user namespace, so a full disk was \
             not tested; allow one of the two:\n{refusals}"
        )
    });
    let link = clinic.enrolment_link("Sala", "management").unwrap();
    let ran = on_small_disk(way, &disk, "exec \"$@\"")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(DISK, &disk)
        .env(LINK, link)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let acknowledged: usize = said
        .lines()
        .find_map(|line| line.strip_prefix("acknowledged ")?.parse().ok())
        .unwrap();
    let store = server::admin::open_store(&DataDir::at(clinic.server_folder())).unwrap();
    let clients = store.read(|tx| tx.all::<Client>()).unwrap();
    let mut names: Vec<&str> = clients
        .iter()
        .map(|client| client.name.as_str())
        .filter(|name| name.starts_with(PREFIX))
        .collect();
    names.sort_unstable();
    assert_eq!(names.len(), acknowledged);
    names.dedup();
    assert_eq!(names.len(), acknowledged, "none is there twice");
}

/// A file that takes all room there is.
struct Filler(PathBuf);

impl Filler {
    fn pour(disk: &Path) -> Self {
        let path = disk.join("filler");
        let mut file = File::create(&path).unwrap();
        for length in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![7; length]).is_ok() {}
        }
        Self(path)
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "waited for: {what}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn start(disk: &Path) -> Engine {
    let decoder = Programs::built().unwrap().console;
    let config = Config::new(Some(disk.join("console")), None, true, None, decoder).unwrap();
    Engine::start(config).unwrap()
}

/// Joins the clinic; gives the words that open the console where no keyring does.
fn join(engine: &Engine) -> String {
    let request = EnrolRequest {
        link: std::env::var(LINK).unwrap(),
        passphrase: None,
    };
    let kit = engine.console_enrol(request).unwrap();
    let answers = kit.asks_for.iter().map(|position| RecoveryAnswer {
        position: *position,
        word: kit.recovery_words[usize::from(*position) - 1].clone(),
    });
    assert!(engine.recovery_test(answers.collect()).unwrap());
    signed_out(engine);
    kit.recovery_words.join(" ")
}

fn signed_out(engine: &Engine) {
    until("the sign-in screen", || {
        engine.app_state().unwrap().phase == Phase::SignedOut
    });
}

fn sign_in(engine: &Engine, role: Role) {
    engine.session_sign_out().unwrap();
    let people = engine.staff_tiles().unwrap();
    let person = people.iter().find(|person| person.roles == [role]).unwrap();
    engine
        .session_sign_in(person.id.clone(), DEMONSTRATION_PASSWORD.to_owned())
        .unwrap();
}

fn register(engine: &Engine, number: usize) -> Result<(), AppError> {
    let letter = |digit: usize| char::from(b'a' + u8::try_from(digit % 26).unwrap());
    let letters: String = [number / 676, number / 26, number]
        .map(letter)
        .iter()
        .collect();
    let request = RegisterRequest {
        name: format!("{PREFIX}{letters}"),
        social_name: None,
        cpf: None,
        phone: None,
        email: None,
        birth_date: None,
    };
    let outcome = engine.client_register(request)?;
    assert!(
        matches!(outcome, RegisterOutcome::Done { .. }),
        "{outcome:?}"
    );
    Ok(())
}

/// How many of the registered this console shows.
fn shown(engine: &Engine) -> usize {
    let (mut count, mut after) = (0, None);
    loop {
        let page = engine.clients_page(after).unwrap();
        let ours = |hit: &&engine::view::clients::ClientHit| hit.name.starts_with(PREFIX);
        count += page.clients.iter().filter(ours).count();
        after = page.next;
        if after.is_none() {
            return count;
        }
    }
}

/// The first of the registered.
fn first(engine: &Engine) -> String {
    let hits = engine.client_search(format!("{PREFIX}aaa"), 1).unwrap();
    hits[0].id.clone()
}

/// Imports a picture; gives the code of what went wrong, if anything did.
fn import(engine: &Engine, file: &Path) -> Result<(), String> {
    let request = ImportRequest {
        client_id: first(engine),
        appointment_id: None,
        region: "Rosto".to_owned(),
        view: "front".to_owned(),
        phase: PhotoPhase::Before,
        paths: vec![file.display().to_string()],
    };
    let id = engine
        .photos_import(request)
        .map_err(|error| error.code)?
        .id;
    let state = || {
        let imports = engine.photos_imports().unwrap();
        imports
            .into_iter()
            .find(|import| import.id == id)
            .map(|import| import.files[0].state.clone())
    };
    let ended = |state: &Option<ImportState>| {
        matches!(
            state,
            None | Some(
                ImportState::Done { .. } | ImportState::Failed { .. } | ImportState::Skipped { .. }
            )
        )
    };
    until("the end of the import", || ended(&state()));
    match state() {
        Some(ImportState::Failed { code, .. }) => Err(code),
        _ => Ok(()),
    }
}

/// What happens on the small disk.
fn fill_and_free(disk: &Path) {
    let card = tempfile::tempdir().unwrap();
    let file = card.path().join("DSC_0001.JPG");
    let shot = Shot {
        seed: 5,
        phase: PhotoPhase::Before,
        width: 1600,
        height: 1200,
    };
    let picture = skin::jpeg(&skin::draw(&shot), &Capture::default()).unwrap();
    fs::write(&file, picture).unwrap();

    let engine = start(disk);
    let words = join(&engine);
    sign_in(&engine, Role::Reception);
    register(&engine, 0).unwrap();
    let mut acknowledged = 1;

    let filler = Filler::pour(disk);
    let error = loop {
        // What the database's log has room for still goes in.
        match register(&engine, acknowledged) {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 10_000, "the disk is not full");
    };
    assert!(
        error.code == "disk_full" && error.retryable,
        "{error} is not what a full disk is told as"
    );
    assert_eq!(shown(&engine), acknowledged, "reading goes on");
    drop(filler);
    register(&engine, acknowledged).unwrap();
    acknowledged += 1;

    sign_in(&engine, Role::Practitioner);
    let filler = Filler::pour(disk);
    assert_eq!(import(&engine, &file), Err("disk_full".to_owned()));
    drop(filler);
    assert_eq!(import(&engine, &file), Ok(()));
    engine.shut_down();
    drop(engine);

    let engine = start(disk);
    if matches!(
        engine.app_state().unwrap().phase,
        Phase::NeedsRecovery { .. }
    ) {
        engine.recovery_open(words).unwrap();
    }
    signed_out(&engine);
    sign_in(&engine, Role::Practitioner);
    assert_eq!(shown(&engine), acknowledged);
    assert_eq!(engine.photos_of(first(&engine)).unwrap().len(), 1);
    until("everything on the server", || {
        let sync = engine.sync_read().unwrap();
        sync.synced && sync.waiting.is_empty() && sync.uploads.is_empty()
    });
    engine.shut_down();
    println!("acknowledged {acknowledged}");
}
