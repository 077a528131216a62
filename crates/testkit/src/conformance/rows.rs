//! Behaviours of [`RowStore`].

use super::sample::{self, DAY, id};
use super::{Kept, Trouble};
use domain::bucket::{Bucket, BucketSet};
use domain::id::{AppointmentId, ClientId, ClientKeyId, PaymentId, RoomId, StaffId};
use domain::read::{Answer, Read, ReadSet};
use domain::row::*;
use domain::store_port::RowStore;
use domain::time::Timestamp;

/// Every field of every kind of row comes back as it was written, with its optional parts and without.
pub fn every_table_round_trips<K: Kept>() -> Result<(), Trouble> {
    let rows = [sample::rows(1), sample::rows(2)].concat();
    let tables: std::collections::BTreeSet<Table> =
        rows.iter().map(|row| row.key().table).collect();
    assert_eq!(
        tables.len(),
        Table::ALL.len(),
        "a kind of row has no sample"
    );
    K::fresh(BucketSet::all())?.write(|tx| {
        for row in &rows {
            tx.write(&RowChange::put(row.clone()))?;
        }
        for row in &rows {
            assert_eq!(tx.row(&row.key())?.as_ref(), Some(row));
        }
        Ok(())
    })
}

/// A row written again is replaced, a deleted one is gone, and deleting what is not there changes nothing.
pub fn a_row_is_replaced_and_deleted<K: Kept>() -> Result<(), Trouble> {
    K::fresh(BucketSet::all())?.write(|tx| {
        for row in sample::rows(1) {
            tx.write(&RowChange::put(row))?;
        }
        let mut client = sample::client(1);
        client.name = "Outro Nome".into();
        client.cpf = None;
        tx.write(&RowChange::put(client.clone()))?;
        assert_eq!(tx.row(&client.id.into())?, Some(client.into()));
        for row in sample::rows(1) {
            tx.write(&RowChange::delete(row.key()))?;
            tx.write(&RowChange::delete(row.key()))?;
            assert_eq!(tx.row(&row.key())?, None, "{:?}", row.key().table);
        }
        Ok(())
    })
}

fn known(rows: Vec<impl Into<Row>>) -> Answer {
    Answer::Known(rows.into_iter().map(Into::into).collect())
}

/// Every kind of read finds exactly the rows that it concerns.
pub fn every_read_is_answered<K: Kept>() -> Result<(), Trouble> {
    let mut cancelled = sample::appointment(2);
    cancelled.status = AppointmentStatus::Cancelled;
    cancelled.room = RoomId(id(2));
    let mut tomorrow = sample::appointment(3);
    tomorrow.day = DAY.plus(1);
    let mut other = sample::appointment(4);
    other.staff = StaffId(id(2));
    let key = |number, made| ClientKeyGrant {
        id: ClientKeyId(id(number)),
        client: ClientId(id(1)),
        sealed: vec![1],
        made_at: Timestamp(made),
    };
    let (first, second) = (sample::client(1), sample::client(2));
    let (paid, mut refund) = (sample::payment(1), sample::payment(2));
    refund.appointment = Some(AppointmentId(id(1)));
    let elsewhere = sample::payment(3);
    let clinic = sample::rows(1).swap_remove(0);
    let rows: Vec<Row> = vec![
        sample::appointment(1).into(),
        cancelled.clone().into(),
        tomorrow.into(),
        other.clone().into(),
        key(1, 20).into(),
        key(2, 10).into(),
        first.clone().into(),
        second.into(),
        paid.clone().into(),
        refund.clone().into(),
        elsewhere.into(),
        clinic.clone(),
    ];
    K::fresh(BucketSet::all())?.write(|tx| {
        for row in rows {
            tx.write(&RowChange::put(row))?;
        }
        let cpf = sample::cpf(1).ok_or("a sample CPF is not valid")?;
        let free = sample::cpf(77).ok_or("a sample CPF is not valid")?;
        let first_visit = sample::appointment(1);
        let expected = [
            (Read::Row(first.id.into()), known(vec![first.clone()])),
            (Read::Row(ClientId(id(77)).into()), Answer::Absent),
            (Read::ClientByCpf(cpf), known(vec![first])),
            (Read::ClientByCpf(free), Answer::Known(Vec::new())),
            (
                Read::StaffDay(StaffId(id(1)), DAY),
                known(vec![first_visit.clone(), cancelled]),
            ),
            (
                Read::RoomDay(RoomId(id(1)), DAY),
                known(vec![first_visit, other]),
            ),
            (Read::RoomDay(RoomId(id(9)), DAY), Answer::Known(Vec::new())),
            (
                Read::ClientKeys(ClientId(id(1))),
                known(vec![key(2, 10), key(1, 20)]),
            ),
            (
                Read::PaymentsOf(AppointmentId(id(1))),
                known(vec![paid, refund]),
            ),
            (Read::Clinic, Answer::Known(vec![clinic])),
        ];
        for (read, answer) in expected {
            assert_eq!(tx.read(&read)?, answer, "{read:?}");
        }
        Ok(())
    })
}

/// What the device may not hold is not written, and a loaded working set says that it cannot tell.
pub fn rows_of_buckets_not_held_are_dropped_and_their_reads_say_so<K: Kept>() -> Result<(), Trouble>
{
    let held: BucketSet = [Bucket::Clients, Bucket::Agenda].into_iter().collect();
    K::fresh(held)?.write(|tx| {
        assert_eq!(tx.held(), held);
        for row in sample::rows(1) {
            let key = row.key();
            tx.write(&RowChange::put(row))?;
            let kept = tx.row(&key)?.is_some();
            assert_eq!(kept, held.contains(key.table.bucket()), "{:?}", key.table);
        }
        let (client, payment) = (ClientId(id(1)), PaymentId(id(1)));
        let reads = ReadSet::new().row(client).row(payment).row(ClientId(id(2)));
        let rows = tx.load(&reads)?;
        assert!(matches!(
            rows.get::<Client>(client)?,
            domain::read::Found::Known(_)
        ));
        assert_eq!(
            rows.get::<Client>(ClientId(id(2)))?,
            domain::read::Found::Absent
        );
        assert_eq!(rows.get::<Payment>(payment)?, domain::read::Found::NotHeld);
        Ok(())
    })
}

/// Nothing of a failed transaction stays: not rows, not sync state, not checksums.
pub fn a_failed_transaction_leaves_nothing<K: Kept>() -> Result<(), Trouble> {
    use domain::store_port::{AuthorityStore, ReplicaStore};
    let kept = K::fresh(BucketSet::all())?;
    kept.write(|tx| Ok(tx.write(&RowChange::put(sample::client(1)))?))?;
    let checksums = |tx: &mut K::Tx<'_>| -> Result<Vec<_>, Trouble> {
        let sums = Bucket::ALL
            .iter()
            .map(|bucket| ReplicaStore::checksum(tx, *bucket));
        Ok(sums.collect::<Result<_, _>>()?)
    };
    let before = kept.write(|tx| checksums(tx))?;
    let failed = kept.write(|tx| -> Result<(), Trouble> {
        for row in sample::rows(2) {
            tx.write(&RowChange::put(row))?;
        }
        tx.write(&RowChange::delete(ClientId(id(1))))?;
        tx.state_put("name", b"value")?;
        tx.next_seq()?;
        tx.set_held([Bucket::Staff].into_iter().collect())?;
        Err("the work changed its mind".into())
    });
    assert!(failed.is_err());
    kept.write(|tx| {
        assert_eq!(
            tx.row(&ClientId(id(1)).into())?,
            Some(sample::client(1).into())
        );
        assert_eq!(tx.row(&ClientId(id(2)).into())?, None);
        assert_eq!(tx.state("name")?, None);
        assert_eq!(tx.head()?, 0);
        assert_eq!(tx.held(), BucketSet::all());
        assert_eq!(checksums(tx)?, before);
        Ok(())
    })
}

/// Committed rows, state and outbox survive closing.
pub fn what_was_committed_is_there_after_reopening<K: Kept>() -> Result<(), Trouble> {
    use domain::store_port::ReplicaStore;
    let kept = K::fresh(BucketSet::all())?;
    let entry = super::replica::entry(1);
    let before = kept.write(|tx| {
        for row in sample::rows(1) {
            tx.write(&RowChange::put(row))?;
        }
        tx.state_put("name", b"value")?;
        tx.outbox_put(&entry)?;
        Ok(ReplicaStore::checksum(tx, Bucket::Clients)?)
    })?;
    kept.reopened()?.write(|tx| {
        for row in sample::rows(1) {
            assert_eq!(tx.row(&row.key())?, Some(row));
        }
        assert_eq!(tx.state("name")?.as_deref(), Some(b"value".as_slice()));
        assert_eq!(tx.outbox_from(0)?, [entry]);
        assert_eq!(ReplicaStore::checksum(tx, Bucket::Clients)?, before);
        Ok(())
    })
}
