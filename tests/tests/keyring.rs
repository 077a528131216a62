//! What opens a console, and what does not: a real keyring, a keyring that lost the key, no keyring, a database of somebody
//! else's or of a newer version, a server with another certificate, a PC whose clock is wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed expectation is a failed test"
)]

use anyhow::{Context, Result};
use domain::port::Clock;
use domain::time::Timestamp;
use engine::view::app::{EnrolRequest, Phase, RecoveryAnswer};
use engine::view::clients::{RegisterOutcome, RegisterRequest};
use engine::view::sync::Connection;
use engine::{Config, Engine, SystemClock};
use server::data::DataDir;
use server::tls::Identity;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use system_tests::{Clinic, Programs, Window};
use testkit::port::FixedClock;
use vault::slots::KeySlots;
use vault::staff::DEMONSTRATION_PASSWORD;

/// As the vault names the console's entries in the keyring.
const SERVICE: &str = "br.com.espelho.console";
const PASSPHRASE: &str = "quatro capivaras nadam devagar";

fn config(programs: &Programs, data: &Path) -> Config {
    Config::new(
        Some(data.to_owned()),
        None,
        true,
        None,
        programs.console.clone(),
    )
    .unwrap()
}

fn phase(engine: &Engine) -> Phase {
    engine.app_state().unwrap().phase
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

/// A console that has joined the clinic as a person joins it, with its words.
fn join(clinic: &Clinic, config: Config) -> (Engine, String) {
    let engine = Engine::start(config).unwrap();
    assert_eq!(phase(&engine), Phase::NeedsEnrolment);
    let link = clinic.enrolment_link("Escritório", "management").unwrap();
    let request = EnrolRequest {
        link,
        passphrase: Some(PASSPHRASE.to_owned()),
    };
    let kit = engine.console_enrol(request).unwrap();
    assert!(
        kit.keyring,
        "the keyring of this session did not take the key"
    );
    assert_eq!(phase(&engine), Phase::NeedsRecoveryTest);
    let answers = kit.asks_for.iter().map(|position| RecoveryAnswer {
        position: *position,
        word: kit.recovery_words[usize::from(*position) - 1].clone(),
    });
    assert!(engine.recovery_test(answers.collect()).unwrap());
    until("all rows", || phase(&engine) == Phase::SignedOut);
    (engine, kit.recovery_words.join(" "))
}

fn stop(engine: Engine) {
    engine.shut_down();
    drop(engine);
}

fn sign_in(engine: &Engine) {
    let people = engine.staff_tiles().unwrap();
    let person = people
        .iter()
        .find(|person| person.roles.contains(&domain::role::Role::Reception))
        .unwrap();
    engine
        .session_sign_in(person.id.clone(), DEMONSTRATION_PASSWORD.to_owned())
        .unwrap();
}

fn register(engine: &Engine, name: &str) {
    let request = RegisterRequest {
        name: name.to_owned(),
        social_name: None,
        cpf: None,
        phone: None,
        email: None,
        birth_date: None,
    };
    let outcome = engine.client_register(request).unwrap();
    assert!(
        matches!(outcome, RegisterOutcome::Done { .. }),
        "{outcome:?}"
    );
}

/// Takes the key of the console in this folder out of the keyring.
fn forget(data: &Path) {
    let slots = KeySlots::open(&data.join("keys.json")).unwrap().unwrap();
    keyring::Entry::new(SERVICE, slots.installation())
        .unwrap()
        .delete_credential()
        .unwrap();
}

#[test]
fn the_key_is_found_again_and_after_its_loss_the_words_reopen_and_put_it_back() {
    let programs = Programs::built().unwrap();
    let clinic = Clinic::make(&programs, 20, 2).unwrap();
    let data = clinic.folder("console");
    let (engine, words) = join(&clinic, config(&programs, &data));
    stop(engine);
    let engine = Engine::start(config(&programs, &data)).unwrap();
    assert_eq!(phase(&engine), Phase::SignedOut, "the keyring opens it");
    stop(engine);

    forget(&data);
    let engine = Engine::start(config(&programs, &data)).unwrap();
    let expected = Phase::NeedsRecovery {
        reason: "keyring_entry_missing".to_owned(),
        has_passphrase: true,
    };
    assert_eq!(phase(&engine), expected);
    let mut swapped: Vec<&str> = words.split(' ').collect();
    swapped.swap(3, 4);
    let refused = engine.recovery_open(swapped.join(" ")).unwrap_err();
    assert_eq!(refused.code, "wrong_recovery_words");
    let refused = engine
        .passphrase_open("outra frase qualquer".to_owned())
        .unwrap_err();
    assert_eq!(refused.code, "wrong_passphrase");
    assert_eq!(phase(&engine), expected, "a wrong answer changes nothing");
    assert_eq!(
        engine.recovery_open(words.to_uppercase()).unwrap().phase,
        Phase::SignedOut
    );
    sign_in(&engine);
    stop(engine);

    let engine = Engine::start(config(&programs, &data)).unwrap();
    assert_eq!(phase(&engine), Phase::SignedOut, "the key is back");
    stop(engine);
}

#[tokio::test]
async fn without_any_keyring_the_passphrase_opens_the_real_window_at_every_start() -> Result<()> {
    let programs = Programs::built()?;
    let clinic = Clinic::make(&programs, 20, 2)?;
    let data = clinic.folder("console");
    let (joined, ready) = (config(&programs, &data), clinic);
    let clinic = tokio::task::spawn_blocking(move || {
        let (engine, _) = join(&ready, joined);
        stop(engine);
        ready
    })
    .await?;
    let nowhere = OsStr::new("unix:path=/nonexistent/bus");
    for _ in 0..2 {
        let window = Window::open_in(
            &programs,
            clinic.folder("console"),
            &["--demo"],
            &[("DBUS_SESSION_BUS_ADDRESS", nowhere)],
        )
        .await?;
        window.see("Reabrir os dados deste computador").await?;
        window
            .see("O cofre de chaves do sistema não responde.")
            .await?;
        window.click("Frase secreta").await?;
        window.fill("Frase secreta", PASSPHRASE).await?;
        window.click("Reabrir").await?;
        window.see("Quem está aí?").await?;
        window.sign_in("reception").await?;
        window.close().await?;
    }
    Ok(())
}

/// The bytes of a database and of its log.
fn contents(data: &Path) -> Vec<Option<Vec<u8>>> {
    ["replica.db", "replica.db-wal"]
        .map(|name| {
            std::fs::read(data.join(name))
                .ok()
                .filter(|bytes| !bytes.is_empty())
        })
        .to_vec()
}

fn quarantined(engine: &Engine) -> String {
    match phase(engine) {
        Phase::Quarantined { code, message } => {
            assert!(!message.is_empty());
            code
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_database_of_another_console_is_set_aside_untouched() {
    let programs = Programs::built().unwrap();
    let clinic = Clinic::make(&programs, 20, 2).unwrap();
    let (mine, other) = (clinic.folder("mine"), clinic.folder("other"));
    for data in [&mine, &other] {
        stop(join(&clinic, config(&programs, data)).0);
    }
    for name in ["replica.db", "replica.db-wal", "replica.db-shm"] {
        let _ = std::fs::remove_file(mine.join(name));
        if other.join(name).exists() {
            std::fs::copy(other.join(name), mine.join(name)).unwrap();
        }
    }
    let before = contents(&mine);
    let engine = Engine::start(config(&programs, &mine)).unwrap();
    assert_eq!(quarantined(&engine), "wrong_key");
    stop(engine);
    assert_eq!(contents(&mine), before);
    // Where it belongs it still opens.
    let engine = Engine::start(config(&programs, &other)).unwrap();
    assert_eq!(phase(&engine), Phase::SignedOut);
    stop(engine);
}

#[test]
fn a_database_of_a_newer_version_is_set_aside_untouched() {
    let programs = Programs::built().unwrap();
    let clinic = Clinic::make(&programs, 20, 2).unwrap();
    let data = clinic.folder("console");
    stop(join(&clinic, config(&programs, &data)).0);
    let slots = KeySlots::open(&data.join("keys.json")).unwrap().unwrap();
    let key = slots.open_with_passphrase(PASSPHRASE).unwrap();
    let database = rusqlite::Connection::open(data.join("replica.db")).unwrap();
    database
        .pragma_update(None, "key", key.to_sqlcipher_raw().expose())
        .unwrap();
    database
        .pragma_update(None, "user_version", store::SCHEMA + 1)
        .unwrap();
    database
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(database);
    let before = contents(&data);
    let engine = Engine::start(config(&programs, &data)).unwrap();
    assert_eq!(quarantined(&engine), "newer_schema");
    stop(engine);
    assert_eq!(contents(&data), before);
}

#[test]
fn a_server_with_another_certificate_is_refused_and_work_goes_on() {
    let programs = Programs::built().unwrap();
    let mut clinic = Clinic::make(&programs, 20, 2).unwrap();
    let (engine, _) = join(&clinic, config(&programs, &clinic.folder("console")));
    sign_in(&engine);
    clinic.stop_server();
    let folder = DataDir::at(clinic.server_folder());
    let first = (
        std::fs::read(folder.tls_certificate()).unwrap(),
        std::fs::read(folder.tls_key()).unwrap(),
    );
    for path in [folder.tls_certificate(), folder.tls_key()] {
        std::fs::remove_file(path).unwrap();
    }
    Identity::make(&folder).unwrap();
    clinic.start_server().unwrap();
    until("the changed certificate", || {
        // Connecting is tried again at growing intervals; a person may ask for it.
        engine.sync_now().unwrap();
        matches!(engine.sync_read().unwrap().connection,
            Connection::Offline { reason, .. } if reason == "certificate_changed")
    });
    register(&engine, "Enquanto Isso Almeida");
    assert_eq!(engine.sync_read().unwrap().waiting.len(), 1);

    clinic.stop_server();
    folder
        .write_secret(&folder.tls_certificate(), &first.0)
        .unwrap();
    folder.write_secret(&folder.tls_key(), &first.1).unwrap();
    clinic.start_server().unwrap();
    until("the server it knows", || {
        engine.sync_now().unwrap();
        let sync = engine.sync_read().unwrap();
        sync.synced && sync.waiting.is_empty()
    });
    stop(engine);
}

/// A clock that goes, but is off by a fixed time.
struct OffBy(i64);

impl Clock for OffBy {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0)
    }
}

#[test]
fn a_pc_whose_clock_is_a_year_off_syncs_all_the_same() {
    const YEAR_MILLIS: i64 = 365 * 86_400_000;
    let programs = Programs::built().unwrap();
    let clinic = Clinic::make(&programs, 20, 2).unwrap();
    let standing: Arc<dyn Clock> = Arc::new(FixedClock::at(OffBy(-YEAR_MILLIS).now()));
    let clocks: [(&str, Arc<dyn Clock>); 3] = [
        ("behind", Arc::new(OffBy(-YEAR_MILLIS))),
        ("ahead", Arc::new(OffBy(YEAR_MILLIS))),
        ("standing", standing),
    ];
    for (name, clock) in clocks {
        let mut config = config(&programs, &clinic.folder(name));
        config.clock = clock;
        let (engine, _) = join(&clinic, config);
        sign_in(&engine);
        register(&engine, &format!("Relógio {name} Moreira"));
        until("the receipt", || {
            let sync = engine.sync_read().unwrap();
            sync.synced && sync.waiting.is_empty() && sync.last_receipt_at.is_some()
        });
        stop(engine);
    }
    let store = server::admin::open_store(&DataDir::at(clinic.server_folder())).unwrap();
    let found = store
        .read(|tx| tx.search_clients("relógio", 10))
        .context("reading the server")
        .unwrap();
    assert_eq!(found.len(), 3);
}
