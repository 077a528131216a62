//! A small in-memory store and a small clinic, for trying a replica against plain re-execution.

pub mod clinic;

use domain::bucket::{Bucket, BucketSet};
use domain::envelope::ActionId;
use domain::id::{DeviceId, IncarnationId};
use domain::read::{Answer, Read};
use domain::row::{Row, RowChange, RowKey};
use domain::store_port::{
    AuthorityStore, Checksum, Decision, Executed, OutboxEntry, ReplicaStore, RowStore,
};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Rows in maps. Cloning it is what a transaction is rolled back to.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Memory {
    pub held: BucketSet,
    pub rows: BTreeMap<RowKey, Row>,
    pub outbox: BTreeMap<u64, OutboxEntry>,
    pub images: BTreeMap<RowKey, Option<Row>>,
    pub state: BTreeMap<String, Vec<u8>>,
    pub decisions: BTreeMap<ActionId, ([u8; 32], Decision)>,
    pub log: BTreeMap<u64, Vec<RowKey>>,
}

impl Memory {
    pub fn holding(held: BucketSet) -> Self {
        Self {
            held,
            ..Self::default()
        }
    }

    /// The rows as the server has them: images where there are some.
    pub fn confirmed(&self) -> BTreeMap<RowKey, Row> {
        let mut rows = self.rows.clone();
        for (key, image) in &self.images {
            match image {
                Some(row) => rows.insert(*key, row.clone()),
                None => rows.remove(key),
            };
        }
        rows
    }
}

fn checksum(rows: &BTreeMap<RowKey, Row>, bucket: Bucket) -> Checksum {
    let mut sum = Checksum::default();
    for row in rows
        .values()
        .filter(|row| row.key().table.bucket() == bucket)
    {
        sum.add(row);
    }
    sum
}

impl RowStore for Memory {
    type Error = Infallible;
    fn held(&self) -> BucketSet {
        self.held
    }
    fn read(&mut self, read: &Read) -> Result<Answer, Infallible> {
        if let Read::Row(key) = read {
            return Ok(self
                .rows
                .get(key)
                .map_or(Answer::Absent, |row| Answer::Known(vec![row.clone()])));
        }
        let rows = self.rows.values().filter(|row| read.concerns(row));
        Ok(Answer::Known(rows.cloned().collect()))
    }
    fn row(&mut self, key: &RowKey) -> Result<Option<Row>, Infallible> {
        Ok(self.rows.get(key).cloned())
    }
    fn write(&mut self, change: &RowChange) -> Result<(), Infallible> {
        if self.held.contains(change.key.table.bucket()) {
            match &change.new {
                Some(row) => self.rows.insert(change.key, row.clone()),
                None => self.rows.remove(&change.key),
            };
        }
        Ok(())
    }
}

impl ReplicaStore for Memory {
    fn outbox_put(&mut self, entry: &OutboxEntry) -> Result<(), Infallible> {
        self.outbox.insert(entry.sequence, entry.clone());
        Ok(())
    }
    fn outbox_get(&mut self, sequence: u64) -> Result<Option<OutboxEntry>, Infallible> {
        Ok(self.outbox.get(&sequence).cloned())
    }
    fn outbox_from(&mut self, sequence: u64) -> Result<Vec<OutboxEntry>, Infallible> {
        Ok(self
            .outbox
            .range(sequence..)
            .map(|(_, e)| e.clone())
            .collect())
    }
    fn outbox_remove(&mut self, sequence: u64) -> Result<(), Infallible> {
        self.outbox.remove(&sequence);
        Ok(())
    }
    fn image(&mut self, key: &RowKey) -> Result<Option<Option<Row>>, Infallible> {
        Ok(self.images.get(key).cloned())
    }
    fn image_put(&mut self, key: &RowKey, confirmed: Option<&Row>) -> Result<(), Infallible> {
        self.images.insert(*key, confirmed.cloned());
        Ok(())
    }
    fn image_remove(&mut self, key: &RowKey) -> Result<(), Infallible> {
        self.images.remove(key);
        Ok(())
    }
    fn state(&mut self, name: &str) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.state.get(name).cloned())
    }
    fn state_put(&mut self, name: &str, value: &[u8]) -> Result<(), Infallible> {
        self.state.insert(name.to_owned(), value.to_vec());
        Ok(())
    }
    fn clear_bucket(&mut self, bucket: Bucket) -> Result<(), Infallible> {
        self.rows.retain(|key, _| key.table.bucket() != bucket);
        self.images.retain(|key, _| key.table.bucket() != bucket);
        Ok(())
    }
    fn set_held(&mut self, held: BucketSet) -> Result<(), Infallible> {
        self.held = held;
        Ok(())
    }
    fn checksum(&mut self, bucket: Bucket) -> Result<Checksum, Infallible> {
        Ok(checksum(&self.confirmed(), bucket))
    }
}

impl AuthorityStore for Memory {
    fn decision(&mut self, id: ActionId) -> Result<Option<([u8; 32], Decision)>, Infallible> {
        Ok(self.decisions.get(&id).cloned())
    }
    fn last_sequence(
        &mut self,
        device: DeviceId,
        incarnation: IncarnationId,
    ) -> Result<u64, Infallible> {
        let last = self
            .decisions
            .keys()
            .filter(|id| id.device == device && id.incarnation == incarnation)
            .map(|id| id.sequence)
            .max();
        Ok(last.unwrap_or(0))
    }
    fn next_seq(&mut self) -> Result<u64, Infallible> {
        Ok(self.head()? + 1)
    }
    fn record(&mut self, executed: &Executed<'_>, changed: &[RowKey]) -> Result<(), Infallible> {
        if let Decision::Applied { seq } = executed.decision {
            self.log.insert(seq, changed.to_vec());
        }
        self.decisions
            .insert(executed.id, (executed.hash, executed.decision.clone()));
        Ok(())
    }
    fn head(&mut self) -> Result<u64, Infallible> {
        Ok(self.log.keys().next_back().copied().unwrap_or(0))
    }
    fn changes_since(
        &mut self,
        cursor: u64,
        buckets: BucketSet,
        limit: usize,
    ) -> Result<(Vec<RowChange>, u64), Infallible> {
        let mut changes = BTreeMap::new();
        let mut to = cursor;
        for (seq, keys) in self.log.range(cursor + 1..) {
            if changes.len() >= limit {
                break;
            }
            for key in keys
                .iter()
                .filter(|key| buckets.contains(key.table.bucket()))
            {
                let new = self.rows.get(key).cloned();
                changes.insert(*key, RowChange { key: *key, new });
            }
            to = *seq;
        }
        Ok((changes.into_values().collect(), to))
    }
    fn snapshot_page(
        &mut self,
        bucket: Bucket,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<Row>, Infallible> {
        Ok(self
            .rows
            .iter()
            .filter(|(key, _)| key.table.bucket() == bucket && after.is_none_or(|a| **key > a))
            .take(limit)
            .map(|(_, row)| row.clone())
            .collect())
    }
    fn checksum(&mut self, bucket: Bucket) -> Result<Checksum, Infallible> {
        Ok(checksum(&self.rows, bucket))
    }
}
