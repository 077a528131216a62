//! The domain's store ports on a transaction in memory.

use super::{MemoryError, MemoryTx};
use domain::bucket::{Bucket, BucketSet};
use domain::codec;
use domain::envelope::ActionId;
use domain::id::{DeviceId, IncarnationId};
use domain::read::{Answer, Read};
use domain::row::{ClientKeyGrant, Entity as _, Row, RowChange, RowKey, Table};
use domain::store_port::{
    AuthorityStore, Checksum, Decision, Executed, OutboxEntry, ReplicaStore, RowStore,
};
use std::ops::Bound;
use std::sync::Arc;

/// Names of the state, as the real store has them.
const HELD: &str = "held";
const HEAD: &str = "head";

/// Where the rows of a range read are.
fn table_of(read: &Read) -> Table {
    match read {
        Read::Row(key) => key.table,
        Read::ClientByCpf(_) => Table::Client,
        Read::StaffDay(..) | Read::RoomDay(..) => Table::Appointment,
        Read::ClientKeys(_) => Table::ClientKeyGrant,
        Read::PaymentsOf(_) => Table::Payment,
        Read::Clinic => Table::ClinicProfile,
    }
}

impl RowStore for MemoryTx {
    type Error = MemoryError;

    fn held(&self) -> BucketSet {
        self.held
    }

    fn read(&mut self, read: &Read) -> Result<Answer, MemoryError> {
        if let Read::Row(key) = read {
            return Ok(self
                .row(key)?
                .map_or(Answer::Absent, |row| Answer::Known(vec![row])));
        }
        let rows = self.table(table_of(read)).values();
        let mut found: Vec<Row> = rows.filter(|row| read.concerns(row)).cloned().collect();
        if matches!(read, Read::ClientKeys(_)) {
            found.sort_by_key(|row| ClientKeyGrant::as_entity(row).map(|key| key.made_at));
        }
        Ok(Answer::Known(found))
    }

    fn row(&mut self, key: &RowKey) -> Result<Option<Row>, MemoryError> {
        Ok(self.table(key.table).get(key).cloned())
    }

    fn write(&mut self, change: &RowChange) -> Result<(), MemoryError> {
        if self.held.contains(change.key.table.bucket()) {
            self.replace(change.key, change.new.clone());
        }
        Ok(())
    }
}

impl ReplicaStore for MemoryTx {
    fn outbox_put(&mut self, entry: &OutboxEntry) -> Result<(), MemoryError> {
        Arc::make_mut(&mut self.outbox).insert(entry.sequence, entry.clone());
        Ok(())
    }

    fn outbox_get(&mut self, sequence: u64) -> Result<Option<OutboxEntry>, MemoryError> {
        Ok(self.outbox.get(&sequence).cloned())
    }

    fn outbox_from(&mut self, sequence: u64) -> Result<Vec<OutboxEntry>, MemoryError> {
        Ok(self
            .outbox
            .range(sequence..)
            .map(|(_, entry)| entry.clone())
            .collect())
    }

    fn outbox_remove(&mut self, sequence: u64) -> Result<(), MemoryError> {
        Arc::make_mut(&mut self.outbox).remove(&sequence);
        Ok(())
    }

    fn image(&mut self, key: &RowKey) -> Result<Option<Option<Row>>, MemoryError> {
        Ok(self.images.get(key).cloned())
    }

    fn image_put(&mut self, key: &RowKey, confirmed: Option<&Row>) -> Result<(), MemoryError> {
        Arc::make_mut(&mut self.images).insert(*key, confirmed.cloned());
        Ok(())
    }

    fn image_remove(&mut self, key: &RowKey) -> Result<(), MemoryError> {
        Arc::make_mut(&mut self.images).remove(key);
        Ok(())
    }

    fn state(&mut self, name: &str) -> Result<Option<Vec<u8>>, MemoryError> {
        Ok(self.state.get(name).cloned())
    }

    fn state_put(&mut self, name: &str, value: &[u8]) -> Result<(), MemoryError> {
        Arc::make_mut(&mut self.state).insert(name.to_owned(), value.to_vec());
        Ok(())
    }

    fn clear_bucket(&mut self, bucket: Bucket) -> Result<(), MemoryError> {
        for (at, table) in Table::ALL.iter().enumerate() {
            if table.bucket() == bucket {
                self.tables[at] = Arc::default();
            }
        }
        self.checksums[usize::from(bucket.number())] = Checksum::default();
        Arc::make_mut(&mut self.images).retain(|key, _| key.table.bucket() != bucket);
        Ok(())
    }

    fn set_held(&mut self, held: BucketSet) -> Result<(), MemoryError> {
        self.held = held;
        self.state_put(HELD, &codec::encode(&held))
    }

    fn checksum(&mut self, bucket: Bucket) -> Result<Checksum, MemoryError> {
        let mut checksum = self.checksums[usize::from(bucket.number())];
        let images = self.images.iter();
        for (key, confirmed) in images.filter(|(key, _)| key.table.bucket() == bucket) {
            if let Some(current) = self.table(key.table).get(key) {
                checksum.remove(current);
            }
            if let Some(confirmed) = confirmed {
                checksum.add(confirmed);
            }
        }
        Ok(checksum)
    }
}

impl AuthorityStore for MemoryTx {
    fn decision(&mut self, id: ActionId) -> Result<Option<([u8; 32], Decision)>, MemoryError> {
        Ok(self.executed.get(&id).cloned())
    }

    fn last_sequence(
        &mut self,
        device: DeviceId,
        incarnation: IncarnationId,
    ) -> Result<u64, MemoryError> {
        let id = |sequence| ActionId {
            device,
            incarnation,
            sequence,
        };
        let last = self.executed.range(id(0)..=id(u64::MAX)).next_back();
        Ok(last.map_or(0, |(id, _)| id.sequence))
    }

    fn next_seq(&mut self) -> Result<u64, MemoryError> {
        let next = self.head()?.saturating_add(1);
        self.state_put(HEAD, &codec::encode(&next))?;
        Ok(next)
    }

    fn record(&mut self, executed: &Executed<'_>, changed: &[RowKey]) -> Result<(), MemoryError> {
        if self.executed.contains_key(&executed.id) {
            return Err(MemoryError::AlreadyRecorded(executed.id));
        }
        let decided = (executed.hash, executed.decision.clone());
        Arc::make_mut(&mut self.executed).insert(executed.id, decided);
        if let Decision::Applied { seq } = executed.decision {
            let log = Arc::make_mut(&mut self.logged);
            for key in changed {
                if let Some(before) = log.place.insert(*key, seq) {
                    log.by_place.remove(&(before, *key));
                }
                log.by_place.insert((seq, *key));
            }
        }
        Ok(())
    }

    fn head(&mut self) -> Result<u64, MemoryError> {
        self.state.get(HEAD).map_or(Ok(0), |bytes| {
            codec::decode(bytes).map_err(|_| MemoryError::State)
        })
    }

    fn changes_since(
        &mut self,
        cursor: u64,
        buckets: BucketSet,
        limit: usize,
    ) -> Result<(Vec<RowChange>, u64), MemoryError> {
        let head = self.head()?;
        let first = RowKey {
            table: Table::ALL[0],
            id: uuid::Uuid::nil(),
        };
        let mut changes = Vec::new();
        let mut complete = cursor;
        for (seq, key) in self
            .logged
            .by_place
            .range((cursor.saturating_add(1), first)..)
        {
            if changes.len() >= limit && *seq > complete {
                return Ok((changes, complete));
            }
            complete = *seq;
            if buckets.contains(key.table.bucket()) {
                changes.push(RowChange {
                    key: *key,
                    new: self.table(key.table).get(key).cloned(),
                });
            }
        }
        Ok((changes, head))
    }

    fn snapshot_page(
        &mut self,
        bucket: Bucket,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<Row>, MemoryError> {
        let tables = Table::ALL.iter().filter(|table| table.bucket() == bucket);
        let pages = tables.flat_map(|table| {
            let from = match after {
                Some(key) if key.table > *table => None,
                Some(key) if key.table == *table => Some(Bound::Excluded(key)),
                _ => Some(Bound::Unbounded),
            };
            from.into_iter()
                .flat_map(|from| self.table(*table).range((from, Bound::Unbounded)))
        });
        Ok(pages.take(limit).map(|(_, row)| row.clone()).collect())
    }

    fn checksum(&mut self, bucket: Bucket) -> Result<Checksum, MemoryError> {
        Ok(self.checksums[usize::from(bucket.number())])
    }
}
