//! Behaviours of [`AuthorityStore`].

use super::sample::{self, id};
use super::{Kept, Trouble};
use domain::bucket::{Bucket, BucketSet};
use domain::envelope::ActionId;
use domain::id::{ClientId, DeviceId, IncarnationId, StaffId};
use domain::rejection::Rejection;
use domain::row::{Row, RowChange, RowKey};
use domain::store_port::{AuthorityStore, Checksum, Decision, Executed, ReplicaStore, RowStore};
use domain::time::Timestamp;

fn action(device: u128, incarnation: u128, sequence: u64) -> ActionId {
    ActionId {
        device: DeviceId(id(device)),
        incarnation: IncarnationId(id(incarnation)),
        sequence,
    }
}

fn executed(id_: ActionId, decision: Decision) -> Executed<'static> {
    Executed {
        id: id_,
        actor: StaffId(id(1)),
        name: "register_client@1",
        hash: [u8::try_from(id_.sequence % 251).unwrap_or(0); 32],
        at: Timestamp(1_000),
        received_at: Timestamp(2_000),
        decision,
    }
}

/// Writes the rows as one action's effects and records them at the next place.
fn apply<S: AuthorityStore>(
    tx: &mut S,
    sequence: u64,
    changes: &[RowChange],
) -> Result<u64, S::Error> {
    for change in changes {
        tx.write(change)?;
    }
    let seq = tx.next_seq()?;
    let keys: Vec<RowKey> = changes.iter().map(|change| change.key).collect();
    tx.record(
        &executed(action(1, 1, sequence), Decision::Applied { seq }),
        &keys,
    )?;
    Ok(seq)
}

/// The decision and hash of an action are found for ever, and a second record of it is refused.
pub fn a_decision_is_found_again_and_recorded_once<K: Kept>() -> Result<(), Trouble> {
    let kept = K::fresh(BucketSet::all())?;
    let rejected = Decision::Rejected {
        reason: Rejection::DuplicateCpf {
            existing: ClientId(id(3)),
        },
    };
    kept.write(|tx| {
        assert_eq!(tx.decision(action(1, 1, 1))?, None);
        apply(tx, 1, &[RowChange::put(sample::client(1))])?;
        tx.record(&executed(action(1, 1, 2), rejected.clone()), &[])?;
        Ok(())
    })?;
    let again = kept.write(|tx| {
        tx.record(
            &executed(action(1, 1, 1), Decision::Applied { seq: 9 }),
            &[],
        )?;
        Ok(())
    });
    assert!(again.is_err(), "an action was recorded twice");
    kept.reopened()?.write(|tx| {
        let applied = Some(([1; 32], Decision::Applied { seq: 1 }));
        assert_eq!(tx.decision(action(1, 1, 1))?, applied);
        assert_eq!(tx.decision(action(1, 1, 2))?, Some(([2; 32], rejected)));
        assert_eq!(tx.decision(action(2, 1, 1))?, None);
        assert_eq!(tx.decision(action(1, 2, 1))?, None);
        Ok(())
    })
}

/// Places begin at 1, and one taken in a transaction that failed is taken again.
pub fn places_count_up_without_gaps<K: Kept>() -> Result<(), Trouble> {
    let kept = K::fresh(BucketSet::all())?;
    kept.write(|tx| {
        assert_eq!(tx.head()?, 0);
        assert_eq!(tx.next_seq()?, 1);
        assert_eq!(tx.next_seq()?, 2);
        Ok(())
    })?;
    let failed = kept.write(|tx| -> Result<(), Trouble> {
        tx.next_seq()?;
        Err("the effects do not fit".into())
    });
    assert!(failed.is_err());
    kept.reopened()?.write(|tx| {
        assert_eq!(tx.head()?, 2);
        assert_eq!(tx.next_seq()?, 3);
        Ok(())
    })
}

/// Each life of each device counts for itself.
pub fn sequences_are_counted_by_incarnation<K: Kept>() -> Result<(), Trouble> {
    K::fresh(BucketSet::all())?.write(|tx| {
        for (device, life, sequence) in [(1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)] {
            let seq = tx.next_seq()?;
            let done = executed(action(device, life, sequence), Decision::Applied { seq });
            tx.record(&done, &[])?;
        }
        let mut last =
            |device, life| tx.last_sequence(DeviceId(id(device)), IncarnationId(id(life)));
        assert_eq!(last(1, 1)?, 2);
        assert_eq!(last(1, 2)?, 1);
        assert_eq!(last(2, 1)?, 1);
        assert_eq!(last(2, 2)?, 0);
        Ok(())
    })
}

/// The log answers with rows as they stand now: once each, deleted ones as such, of the wanted buckets only.
pub fn changes_come_with_their_content_now<K: Kept>() -> Result<(), Trouble> {
    K::fresh(BucketSet::all())?.write(|tx| {
        let (first, second) = (sample::client(1), sample::client(2));
        let visit = sample::appointment(1);
        apply(
            tx,
            1,
            &[RowChange::put(first.clone()), RowChange::put(visit.clone())],
        )?;
        apply(tx, 2, &[RowChange::put(second.clone())])?;
        let mut renamed = first.clone();
        renamed.name = "Nome Novo".into();
        apply(tx, 3, &[RowChange::put(renamed.clone())])?;
        apply(tx, 4, &[RowChange::delete(second.id)])?;
        let all = BucketSet::all();
        let expected = [
            RowChange::put(visit.clone()),
            RowChange::put(renamed.clone()),
            RowChange::delete(second.id),
        ];
        assert_eq!(tx.changes_since(0, all, 100)?, (expected.to_vec(), 4));
        assert_eq!(
            tx.changes_since(3, all, 100)?,
            (vec![RowChange::delete(second.id)], 4)
        );
        assert_eq!(tx.changes_since(4, all, 100)?, (Vec::new(), 4));
        let agenda = [Bucket::Agenda].into_iter().collect();
        assert_eq!(
            tx.changes_since(0, agenda, 100)?,
            (vec![RowChange::put(visit)], 4)
        );
        // A refused action has no place and changes nothing.
        let refused = Decision::Rejected {
            reason: Rejection::Withheld,
        };
        tx.record(&executed(action(1, 1, 5), refused), &[first.id.into()])?;
        assert_eq!(tx.changes_since(4, all, 100)?, (Vec::new(), 4));
        Ok(())
    })
}

/// Read by any limit, the changes of one place stay together and the pieces give the whole.
pub fn a_limit_never_splits_a_place<K: Kept>() -> Result<(), Trouble> {
    K::fresh(BucketSet::all())?.write(|tx| {
        for sequence in 1..=8_u32 {
            let changes: Vec<RowChange> = (0..3)
                .map(|row| RowChange::put(sample::client(sequence * 10 + row)))
                .collect();
            apply(tx, sequence.into(), &changes)?;
        }
        let all = BucketSet::all();
        let (whole, head) = tx.changes_since(0, all, usize::MAX)?;
        assert_eq!((whole.len(), head), (24, 8));
        for limit in 1..=7 {
            let (mut cursor, mut pieces) = (0, Vec::new());
            while cursor < head {
                let (piece, complete) = tx.changes_since(cursor, all, limit)?;
                assert!(complete > cursor, "no progress at limit {limit}");
                assert_eq!(piece.len() % 3, 0, "a place was split at limit {limit}");
                assert!(piece.len() < limit + 3, "far more than the limit {limit}");
                pieces.extend(piece);
                cursor = complete;
            }
            assert_eq!(pieces, whole, "limit {limit}");
        }
        Ok(())
    })
}

/// Pages of any size walk through a bucket's tables in key order and give each row once.
pub fn snapshot_pages_give_every_row_once<K: Kept>() -> Result<(), Trouble> {
    K::fresh(BucketSet::all())?.write(|tx| {
        let mut expected: Vec<Row> = Vec::new();
        for number in (1..=9).rev() {
            for row in sample::rows(number) {
                tx.write(&RowChange::put(row.clone()))?;
                if row.key().table.bucket() == Bucket::Clients {
                    expected.push(row);
                }
            }
        }
        expected.sort_by_key(Row::key);
        for limit in [1, 4, 9, 26, 27, 100] {
            let (mut after, mut rows) = (None, Vec::new());
            loop {
                let page = tx.snapshot_page(Bucket::Clients, after, limit)?;
                assert!(page.len() <= limit);
                let Some(last) = page.last() else { break };
                after = Some(last.key());
                rows.extend(page);
            }
            assert_eq!(rows, expected, "limit {limit}");
        }
        Ok(())
    })
}

/// A console that holds what the server sent has the server's checksum.
pub fn checksums_agree_with_those_of_a_replica<K: Kept>() -> Result<(), Trouble> {
    let (server, console) = (K::fresh(BucketSet::all())?, K::fresh(BucketSet::all())?);
    let (changes, ours) = server.write(|tx| {
        for number in 1..=5 {
            let rows = sample::rows(number);
            let changes: Vec<RowChange> = rows.into_iter().map(RowChange::put).collect();
            apply(tx, number.into(), &changes)?;
        }
        apply(tx, 6, &[RowChange::delete(ClientId(id(3)))])?;
        let sums: Result<Vec<Checksum>, _> = Bucket::ALL
            .iter()
            .map(|bucket| AuthorityStore::checksum(tx, *bucket))
            .collect();
        Ok((tx.changes_since(0, BucketSet::all(), 1000)?.0, sums?))
    })?;
    console.write(|tx| {
        for change in &changes {
            tx.write(change)?;
        }
        for (bucket, checksum) in Bucket::ALL.into_iter().zip(&ours) {
            assert_eq!(ReplicaStore::checksum(tx, bucket)?, *checksum, "{bucket:?}");
        }
        Ok(())
    })
}
