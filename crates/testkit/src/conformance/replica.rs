//! Behaviours of [`ReplicaStore`].

use super::sample::{self, id};
use super::{Kept, Trouble};
use crate::dice::Dice;
use domain::bucket::{Bucket, BucketSet};
use domain::cpf::Cpf;
use domain::id::ClientId;
use domain::read::{Read, ReadSet};
use domain::rejection::{FreeSlot, Rejection, SlotResource};
use domain::row::{Row, RowChange, RowKey};
use domain::store_port::{Checksum, OutboxEntry, OutboxState, ReplicaStore, RowStore};
use domain::time::Timestamp;
use std::collections::BTreeMap;

/// An outbox entry of this number, in each state in turn.
pub(super) fn entry(sequence: u64) -> OutboxEntry {
    let state = match sequence % 3 {
        0 => OutboxState::Pending,
        1 => OutboxState::Unfitting(Rejection::OutsideHours),
        _ => OutboxState::Parked(Rejection::SlotTaken {
            resource: SlotResource::Room,
            free: vec![FreeSlot {
                day: sample::DAY,
                start_minute: 870,
            }],
        }),
    };
    let client = ClientId(id(sequence.into()));
    let mut reads = ReadSet::new().row(client).with(Read::Clinic);
    if let Ok(cpf) = Cpf::parse("529.982.247-25") {
        reads = reads.with(Read::ClientByCpf(cpf));
    }
    OutboxEntry {
        sequence,
        envelope: vec![sequence as u8; 100],
        state,
        touched: vec![client.into()],
        reads,
        provisional: sequence.is_multiple_of(2),
        sent_at: (sequence > 2).then_some(Timestamp(77)),
    }
}

/// Entries come back as they were put, oldest first, and are replaced and removed by number.
pub fn outbox_entries_are_kept_in_order_in_every_state<K: Kept>() -> Result<(), Trouble> {
    K::fresh(BucketSet::all())?.write(|tx| {
        for sequence in [3, 1, 4, 2] {
            tx.outbox_put(&entry(sequence))?;
        }
        assert_eq!(tx.outbox_from(0)?, [entry(1), entry(2), entry(3), entry(4)]);
        assert_eq!(tx.outbox_from(3)?, [entry(3), entry(4)]);
        assert_eq!(tx.outbox_get(2)?, Some(entry(2)));
        let sent = OutboxEntry {
            sent_at: Some(Timestamp(99)),
            ..entry(2)
        };
        tx.outbox_put(&sent)?;
        assert_eq!(tx.outbox_get(2)?, Some(sent));
        tx.outbox_remove(3)?;
        tx.outbox_remove(3)?;
        assert_eq!(tx.outbox_get(3)?, None);
        assert_eq!(tx.outbox_from(3)?, [entry(4)]);
        Ok(())
    })
}

/// "No pending action changed it" and "it is confirmed not to exist" are two answers.
pub fn images_tell_none_from_absent<K: Kept>() -> Result<(), Trouble> {
    K::fresh(BucketSet::all())?.write(|tx| {
        let client = sample::client(1);
        let key: RowKey = client.id.into();
        assert_eq!(tx.image(&key)?, None);
        tx.image_put(&key, None)?;
        assert_eq!(tx.image(&key)?, Some(None));
        let row = Row::from(client);
        tx.image_put(&key, Some(&row))?;
        assert_eq!(tx.image(&key)?, Some(Some(row)));
        assert_eq!(tx.image(&ClientId(id(2)).into())?, None);
        tx.image_remove(&key)?;
        tx.image_remove(&key)?;
        assert_eq!(tx.image(&key)?, None);
        Ok(())
    })
}

/// Named values are set and replaced, empty ones included.
pub fn named_values_are_kept<K: Kept>() -> Result<(), Trouble> {
    K::fresh(BucketSet::all())?.write(|tx| {
        assert_eq!(tx.state("cursor")?, None);
        tx.state_put("cursor", b"")?;
        assert_eq!(tx.state("cursor")?, Some(Vec::new()));
        tx.state_put("cursor", &[0, 255])?;
        tx.state_put("other", b"x")?;
        assert_eq!(tx.state("cursor")?, Some(vec![0, 255]));
        Ok(())
    })
}

/// Clearing takes every row and image of the bucket with it, and nothing else.
pub fn clearing_a_bucket_leaves_the_others<K: Kept>() -> Result<(), Trouble> {
    let kept = K::fresh(BucketSet::all())?;
    kept.write(|tx| {
        for number in 1..=30 {
            for row in sample::rows(number) {
                tx.image_put(&row.key(), None)?;
                tx.write(&RowChange::put(row))?;
            }
        }
        Ok(())
    })?;
    kept.write(|tx| Ok(tx.clear_bucket(Bucket::Clients)?))?;
    kept.write(|tx| {
        for row in sample::rows(7) {
            let key = row.key();
            let stays = key.table.bucket() != Bucket::Clients;
            assert_eq!(tx.row(&key)?.is_some(), stays, "{:?}", key.table);
            assert_eq!(tx.image(&key)?.is_some(), stays, "{:?}", key.table);
        }
        assert_eq!(tx.checksum(Bucket::Clients)?, Checksum::default());
        // A bucket that is filled again counts from nothing.
        tx.write(&RowChange::put(sample::client(1)))?;
        assert_eq!(tx.checksum(Bucket::Clients)?.rows, 1);
        Ok(())
    })
}

/// The set of buckets holds from the moment it is set, and after reopening.
pub fn what_may_be_held_is_remembered<K: Kept>() -> Result<(), Trouble> {
    let kept = K::fresh(BucketSet::all())?;
    let held: BucketSet = [Bucket::Staff, Bucket::Agenda].into_iter().collect();
    kept.write(|tx| {
        tx.set_held(held)?;
        assert_eq!(tx.held(), held);
        tx.write(&RowChange::put(sample::client(1)))?;
        tx.write(&RowChange::put(sample::appointment(1)))?;
        Ok(())
    })?;
    kept.reopened()?.write(|tx| {
        assert_eq!(tx.held(), held);
        assert_eq!(tx.row(&ClientId(id(1)).into())?, None);
        tx.write(&RowChange::put(sample::client(1)))?;
        assert_eq!(tx.row(&ClientId(id(1)).into())?, None);
        assert!(tx.row(&sample::appointment(1).id.into())?.is_some());
        Ok(())
    })
}

fn recomputed(rows: &BTreeMap<RowKey, Row>, bucket: Bucket) -> Checksum {
    let mut checksum = Checksum::default();
    rows.values()
        .filter(|row| row.key().table.bucket() == bucket)
        .for_each(|row| checksum.add(row));
    checksum
}

/// After any history of writes and deletions the checksum is that of the rows that are there.
pub fn checksums_kept_up_to_date_equal_recomputed_ones<K: Kept>() -> Result<(), Trouble> {
    let kept = K::fresh(BucketSet::all())?;
    let mut dice = Dice::new(42, 0);
    let mut model: BTreeMap<RowKey, Row> = BTreeMap::new();
    for _ in 0..10 {
        let mut changes = Vec::new();
        for _ in 0..40 {
            // Few keys, so that most writes replace a row and most deletions find one.
            let rows = sample::rows(dice.below(6) + 1);
            let row = dice.pick(&rows).clone();
            let change = if dice.chance(300) {
                RowChange::delete(row.key())
            } else {
                RowChange::put(varied(row, dice.below(3)))
            };
            match &change.new {
                Some(row) => model.insert(change.key, row.clone()),
                None => model.remove(&change.key),
            };
            changes.push(change);
        }
        kept.write(|tx| {
            for change in &changes {
                tx.write(change)?;
            }
            for bucket in Bucket::ALL {
                assert_eq!(
                    tx.checksum(bucket)?,
                    recomputed(&model, bucket),
                    "{bucket:?}"
                );
            }
            Ok(())
        })?;
    }
    kept.reopened()?.write(|tx| {
        for bucket in Bucket::ALL {
            assert_eq!(
                tx.checksum(bucket)?,
                recomputed(&model, bucket),
                "{bucket:?}"
            );
        }
        Ok(())
    })
}

/// The row with another content under the same key, where that is easily said.
fn varied(row: Row, by: u32) -> Row {
    match row {
        Row::Client(mut client) => {
            client.name = format!("{} {by}", client.name);
            client.into()
        }
        Row::Appointment(mut visit) => {
            visit.start_minute += 15 * by as i32;
            visit.into()
        }
        Row::Payment(mut payment) => {
            payment.amount.0 += i64::from(by);
            payment.into()
        }
        other => other,
    }
}

/// Where pending actions changed rows, the checksum is of what the server confirmed.
pub fn checksums_are_of_the_confirmed_rows<K: Kept>() -> Result<(), Trouble> {
    K::fresh(BucketSet::all())?.write(|tx| {
        let (kept, changed, deleted) = (sample::client(1), sample::client(2), sample::client(3));
        for client in [&kept, &changed, &deleted] {
            tx.write(&RowChange::put(client.clone()))?;
        }
        let confirmed = tx.checksum(Bucket::Clients)?;
        let other_bucket = tx.checksum(Bucket::Agenda)?;
        // One row changed, one deleted, one made: each remembered first, as pending actions do.
        let mut edited = changed.clone();
        edited.name = "Nome Editado".into();
        tx.image_put(&changed.id.into(), Some(&changed.into()))?;
        tx.write(&RowChange::put(edited))?;
        tx.image_put(&deleted.id.into(), Some(&deleted.clone().into()))?;
        tx.write(&RowChange::delete(deleted.id))?;
        let made = sample::client(4);
        tx.image_put(&made.id.into(), None)?;
        tx.write(&RowChange::put(made))?;
        assert_eq!(tx.checksum(Bucket::Clients)?, confirmed);
        assert_eq!(tx.checksum(Bucket::Agenda)?, other_bucket);
        Ok(())
    })
}
