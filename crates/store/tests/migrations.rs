//! Databases that older versions wrote open today, with everything that was in them.

use domain::action::Action;
use domain::bucket::Bucket;
use domain::codec;
use domain::envelope::Envelope;
use domain::row::*;
use domain::store_port::{AuthorityStore, Checksum, OutboxState, ReplicaStore};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use store::{Store, StoreError};
use testkit::conformance::Trouble;
use vault::key::DatabaseKey;
use vault::signature::{Purpose, verify};

mod v1;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/v1")
        .join(name)
}

/// A copy that may be migrated, of the stored database; written first when that was asked for.
fn copy() -> Result<(tempfile::TempDir, PathBuf), Trouble> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("replica.db");
    std::fs::copy(fixture("replica.db"), &path)?;
    Ok((folder, path))
}

/// Everything that can be told of a database, as lines: rows by table, checksums by bucket, the outbox.
fn described(store: &Store) -> Result<String, Trouble> {
    let mut text = String::new();
    store.write(|tx| -> Result<(), StoreError> {
        for bucket in Bucket::ALL {
            let confirmed = ReplicaStore::checksum(tx, bucket)?;
            let _ = writeln!(
                text,
                "{bucket:?}: {} rows, {:016x?}",
                confirmed.rows, confirmed.sum
            );
        }
        for entry in tx.outbox_from(0)? {
            let envelope: Envelope = codec::decode(&entry.envelope)?;
            let state = match entry.state {
                OutboxState::Pending => "pending".to_owned(),
                other => format!("{other:?}"),
            };
            let rows = entry.touched.len();
            let _ = writeln!(
                text,
                "{}: {}, {rows} rows, {state}",
                entry.sequence, envelope.name
            );
        }
        Ok(())
    })?;
    Ok(text)
}

#[test]
fn a_version_1_database_is_written_when_asked_for_and_reads_as_it_was_written()
-> Result<(), Trouble> {
    if std::env::var_os("ESPELHO_WRITE_FIXTURES").is_some() {
        let path = fixture("replica.db");
        if path.exists() {
            std::fs::remove_file(&path)?;
        }
        v1::write(&path)?;
        std::fs::write(
            fixture("contents.txt"),
            described(&v1::open(&path, &v1::key()?)?)?,
        )?;
        for rest in ["replica.db-wal", "replica.db-shm"] {
            let _ = std::fs::remove_file(fixture(rest));
        }
    }
    let (_folder, path) = copy()?;
    let store = v1::open(&path, &v1::key()?)?;
    let expected = std::fs::read_to_string(fixture("contents.txt"))?;
    assert_eq!(described(&store)?, expected);
    Ok(())
}

#[test]
fn its_rows_decode_and_add_up_to_its_checksums() -> Result<(), Trouble> {
    let (_folder, path) = copy()?;
    let store = v1::open(&path, &v1::key()?)?;
    store.write(|tx| -> Result<(), StoreError> {
        let mut tables = BTreeSet::new();
        for bucket in Bucket::ALL {
            let mut recomputed = Checksum::default();
            for row in tx.snapshot_page(bucket, None, usize::MAX)? {
                tables.insert(row.key().table);
                recomputed.add(&row);
            }
            let kept = AuthorityStore::checksum(tx, bucket)?;
            assert_eq!(recomputed, kept, "{bucket:?}");
        }
        assert_eq!(
            tables.len(),
            Table::ALL.len(),
            "some kind of row is not in it"
        );
        Ok(())
    })?;
    let found = store.read(|tx| tx.search_clients("conceicao avila", 5))?;
    assert_eq!(found.len(), 1, "its full-text index still finds people");
    Ok(())
}

#[test]
fn its_outbox_holds_every_kind_of_action_and_each_decodes_and_verifies() -> Result<(), Trouble> {
    let (_folder, path) = copy()?;
    let store = v1::open(&path, &v1::key()?)?;
    store.write(|tx| -> Result<(), StoreError> {
        let mut names = BTreeSet::new();
        let (mut parked, mut previous) = (0, [0; 32]);
        for entry in tx.outbox_from(0)? {
            let envelope: Envelope = codec::decode(&entry.envelope)?;
            let action = envelope
                .action()
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            names.insert(action.name());
            assert_eq!(
                entry.reads,
                action.footprint(envelope.actor),
                "{}",
                envelope.name
            );
            assert_eq!(
                envelope.previous, previous,
                "{} breaks the chain",
                envelope.name
            );
            previous = envelope.hash();
            let signed_by = tx.get::<Staff>(envelope.actor)?;
            let public = signed_by
                .map(|person| person.signing_public)
                .unwrap_or_default();
            let signed = envelope.signed_bytes();
            assert!(verify(
                &public,
                Purpose::Action,
                &signed,
                &envelope.signature
            ));
            parked += u32::from(matches!(entry.state, OutboxState::Parked(_)));
        }
        assert_eq!(names.into_iter().collect::<Vec<_>>(), sorted(V1_ACTIONS));
        assert!(parked >= 2, "{parked}");
        Ok(())
    })?;
    Ok(())
}

/// What version 1 could do. Later versions must still read all of it.
const V1_ACTIONS: &[&str] = &[
    "register_client@1",
    "edit_client@1",
    "raise_alert@1",
    "end_alert@1",
    "sign_consent@1",
    "revoke_consent@1",
    "book_appointment@1",
    "move_appointment@1",
    "change_visit_status@1",
    "grant_client_key@1",
    "record_session@1",
    "add_photo@1",
    "add_renditions@1",
    "tag_photo@1",
    "withdraw_photo@1",
    "take_payment@1",
    "refund_payment@1",
    "receive_lot@1",
];

fn sorted(names: &[&'static str]) -> Vec<&'static str> {
    assert!(names.iter().all(|name| Action::NAMES.contains(name)));
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

#[test]
fn a_wrong_key_is_reported_and_the_file_is_kept() -> Result<(), Trouble> {
    let (_folder, path) = copy()?;
    let before = std::fs::read(&path)?;
    let opened = v1::open(&path, &DatabaseKey::from_bytes(&[2; 32])?);
    let error = opened.err();
    assert!(matches!(error, Some(StoreError::WrongKey)), "{error:?}");
    assert_eq!(std::fs::read(&path)?, before);
    Ok(())
}
