//! A store in memory that behaves like the real one, for tests and simulations.
//!
//! Commit and roll-back work by copying on write: a transaction starts as a cheap copy of what was committed, copies only
//! the tables it writes, and takes the place of the original when it succeeds.

mod ports;

use domain::bucket::{Bucket, BucketSet};
use domain::envelope::ActionId;
use domain::row::{Entity, Row, RowKey, Table};
use domain::store_port::{Checksum, Decision, OutboxEntry};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Why the store in memory refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MemoryError {
    /// An action is recorded once.
    #[error("action {} of its incarnation is recorded already", .0.sequence)]
    AlreadyRecorded(ActionId),
    /// A named value is not what its name says.
    #[error("a value of the sync state cannot be read")]
    State,
}

/// A store in memory. Clones share it.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    committed: Arc<Mutex<MemoryTx>>,
}

impl MemoryStore {
    /// An empty store that may hold `held`.
    pub fn holding(held: BucketSet) -> Self {
        let empty = MemoryTx {
            held,
            tables: Table::ALL.iter().map(|_| Arc::default()).collect(),
            checksums: [Checksum::default(); Bucket::ALL.len()],
            outbox: Arc::default(),
            images: Arc::default(),
            state: Arc::default(),
            executed: Arc::default(),
            logged: Arc::default(),
        };
        Self {
            committed: Arc::new(Mutex::new(empty)),
        }
    }

    /// Runs `work` and keeps what it did, or nothing of it when it fails. One transaction runs at a time.
    pub fn transaction<T, E>(
        &self,
        work: impl FnOnce(&mut MemoryTx) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut committed = self
            .committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut tx = committed.clone();
        let result = work(&mut tx)?;
        *committed = tx;
        Ok(result)
    }
}

/// The changed rows by their place in the total order, and each row's place.
#[derive(Clone, Debug, Default)]
struct Log {
    by_place: BTreeSet<(u64, RowKey)>,
    place: BTreeMap<RowKey, u64>,
}

/// A transaction of [`MemoryStore`].
#[derive(Clone, Debug)]
pub struct MemoryTx {
    held: BucketSet,
    /// In the order of [`Table::ALL`].
    tables: Vec<Arc<BTreeMap<RowKey, Row>>>,
    /// By the bucket's number.
    checksums: [Checksum; Bucket::ALL.len()],
    outbox: Arc<BTreeMap<u64, OutboxEntry>>,
    images: Arc<BTreeMap<RowKey, Option<Row>>>,
    state: Arc<BTreeMap<String, Vec<u8>>>,
    executed: Arc<BTreeMap<ActionId, ([u8; 32], Decision)>>,
    logged: Arc<Log>,
}

impl MemoryTx {
    fn table(&self, table: Table) -> &BTreeMap<RowKey, Row> {
        &self.tables[usize::from(table as u8) - 1]
    }

    /// Every row of a kind, in key order.
    pub fn all<'a, T: Entity + 'a>(&'a self) -> impl Iterator<Item = &'a T> {
        self.table(T::TABLE).values().filter_map(T::as_entity)
    }

    /// Every row, in key order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.tables.iter().flat_map(|table| table.values())
    }

    /// Replaces a row and keeps the checksum of its bucket true.
    fn replace(&mut self, key: RowKey, new: Option<Row>) {
        let checksum = &mut self.checksums[usize::from(key.table.bucket().number())];
        let table = Arc::make_mut(&mut self.tables[usize::from(key.table as u8) - 1]);
        let old = match new {
            Some(row) => {
                checksum.add(&row);
                table.insert(key, row)
            }
            None => table.remove(&key),
        };
        if let Some(old) = old {
            checksum.remove(&old);
        }
    }
}
