//! What running actions asks of a store. Implemented by the SQLite store, the in-memory store of the tests and, for
//! chains, PostgreSQL; one conformance suite runs over all of them.
//!
//! Every method runs inside one transaction that the caller opened. Nothing here commits.

use crate::action::{Action, Actor, Effects, Refusal};
use crate::bucket::{Bucket, BucketSet};
use crate::envelope::ActionId;
use crate::id::{DeviceId, StaffId};
use crate::read::{Answer, Read, ReadSet, WorkingSet};
use crate::rejection::Rejection;
use crate::row::{Row, RowChange, RowKey};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Rows by key and by declared read.
pub trait RowStore {
    /// What can go wrong with the storage itself.
    type Error: std::error::Error + Send + Sync + 'static;

    /// What this store holds; a read of any other bucket answers [`Answer::NotHeld`].
    fn held(&self) -> BucketSet;

    /// Answers a read of a held bucket.
    fn read(&mut self, read: &Read) -> Result<Answer, Self::Error>;

    /// One row, whatever its bucket.
    fn row(&mut self, key: &RowKey) -> Result<Option<Row>, Self::Error>;

    /// Writes one row with everything derived from it (search entries, rollups, bucket checksum). Changes of rows in
    /// buckets that are not held are dropped: the device may not keep them.
    fn write(&mut self, change: &RowChange) -> Result<(), Self::Error>;

    /// Loads everything an action declared. A store with a round trip to pay overrides this.
    fn load(&mut self, reads: &ReadSet) -> Result<WorkingSet, Self::Error> {
        let mut rows = WorkingSet::default();
        for read in reads.iter() {
            let answer = if self.held().contains(read.bucket()) {
                self.read(read)?
            } else {
                Answer::NotHeld
            };
            rows.insert(read.clone(), answer);
        }
        Ok(rows)
    }
}

/// Why running an action stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E: std::error::Error + 'static> {
    /// A rule refuses it, or its code is wrong.
    #[error(transparent)]
    Refused(Refusal),
    /// The storage failed; nothing is decided.
    #[error(transparent)]
    Store(E),
}

/// Loads what the action declared, applies it and returns its effects without writing them.
pub fn evaluate<S: RowStore>(
    store: &mut S,
    action: &Action,
    actor: Actor,
) -> Result<Effects, RunError<S::Error>> {
    let rows = store
        .load(&action.footprint(actor.staff))
        .map_err(RunError::Store)?;
    action.apply(&rows, actor).map_err(RunError::Refused)
}

/// Where an outbox entry stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Not yet acknowledged; its effects are applied here.
    Pending,
    /// Not yet acknowledged; it no longer fits the rows that arrived meanwhile, so its effects are not applied here. The
    /// server still decides.
    Unfitting(Rejection),
    /// The server refused it; it waits for a person. Its effects are not applied.
    Parked(Rejection),
}

/// An action in the outbox.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// Its place in the outbox. Counts from 1 through all incarnations of the database, so that order is always this order;
    /// the envelope's own sequence counts within its incarnation.
    pub sequence: u64,
    /// The signed envelope, encoded.
    #[serde(with = "serde_bytes")]
    pub envelope: Vec<u8>,
    /// Where it stands.
    pub state: OutboxState,
    /// The rows its effects changed when it last ran here.
    pub touched: Vec<RowKey>,
    /// What it reads.
    pub reads: ReadSet,
    /// Whether some rule could not be checked here.
    pub provisional: bool,
    /// When it was last handed to the network.
    pub sent_at: Option<Timestamp>,
}

/// What the console keeps beside the rows.
pub trait ReplicaStore: RowStore {
    /// Appends or replaces an outbox entry.
    fn outbox_put(&mut self, entry: &OutboxEntry) -> Result<(), Self::Error>;
    /// One entry.
    fn outbox_get(&mut self, sequence: u64) -> Result<Option<OutboxEntry>, Self::Error>;
    /// Every entry from `sequence` on, oldest first.
    fn outbox_from(&mut self, sequence: u64) -> Result<Vec<OutboxEntry>, Self::Error>;
    /// Removes an entry.
    fn outbox_remove(&mut self, sequence: u64) -> Result<(), Self::Error>;
    /// The confirmed content of a row that pending actions changed: outer `None` when none did, inner `None` when the
    /// confirmed state is that the row does not exist.
    fn image(&mut self, key: &RowKey) -> Result<Option<Option<Row>>, Self::Error>;
    /// Keeps the confirmed content of a row.
    fn image_put(&mut self, key: &RowKey, confirmed: Option<&Row>) -> Result<(), Self::Error>;
    /// Forgets it.
    fn image_remove(&mut self, key: &RowKey) -> Result<(), Self::Error>;
    /// A named value of the sync state.
    fn state(&mut self, name: &str) -> Result<Option<Vec<u8>>, Self::Error>;
    /// Sets a named value of the sync state.
    fn state_put(&mut self, name: &str, value: &[u8]) -> Result<(), Self::Error>;
    /// Deletes every row of a bucket, before a new snapshot of it or on loss of access.
    fn clear_bucket(&mut self, bucket: Bucket) -> Result<(), Self::Error>;
    /// Sets which buckets the device may hold, as the server said.
    fn set_held(&mut self, held: BucketSet) -> Result<(), Self::Error>;
    /// Checksum of a bucket's confirmed rows, comparable with the server's.
    fn checksum(&mut self, bucket: Bucket) -> Result<Checksum, Self::Error>;
}

/// Order-independent checksum of a bucket: how many rows, and the sum (wrapping, per 64-bit lane) of BLAKE3 over
/// table number, id and canonical encoding of each. Cheap to keep up to date when one row changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Checksum {
    /// Number of rows.
    pub rows: u64,
    /// Sum of the rows' hashes.
    pub sum: [u64; 4],
}

impl Checksum {
    fn lanes(row: &Row) -> [u64; 4] {
        let hash = blake3::hash(&crate::codec::encode(row));
        let mut lanes = [0_u64; 4];
        for (lane, bytes) in lanes.iter_mut().zip(hash.as_bytes().chunks_exact(8)) {
            *lane = bytes
                .iter()
                .rev()
                .fold(0, |value, byte| (value << 8) | u64::from(*byte));
        }
        lanes
    }
    /// Adds a row.
    pub fn add(&mut self, row: &Row) {
        self.rows = self.rows.wrapping_add(1);
        for (sum, lane) in self.sum.iter_mut().zip(Self::lanes(row)) {
            *sum = sum.wrapping_add(lane);
        }
    }
    /// Takes a row out.
    pub fn remove(&mut self, row: &Row) {
        self.rows = self.rows.wrapping_sub(1);
        for (sum, lane) in self.sum.iter_mut().zip(Self::lanes(row)) {
            *sum = sum.wrapping_sub(lane);
        }
    }
}

/// What the server decided about an action.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Done, at this place in the clinic's total order.
    Applied {
        /// The place.
        seq: u64,
    },
    /// Refused.
    Rejected {
        /// Why.
        reason: Rejection,
    },
}

/// What the server keeps of an executed action.
#[derive(Clone, PartialEq, Debug)]
pub struct Executed<'a> {
    /// Which.
    pub id: ActionId,
    /// Who.
    pub actor: StaffId,
    /// `name@version`.
    pub name: &'a str,
    /// Hash of the envelope.
    pub hash: [u8; 32],
    /// The console's time.
    pub at: Timestamp,
    /// The server's time.
    pub received_at: Timestamp,
    /// What was decided.
    pub decision: Decision,
}

/// What the server keeps beside the rows. The log holds keys, never contents: what streams to a console is the row as it
/// stands at the end of the range, so an erased row is nowhere.
pub trait AuthorityStore: RowStore {
    /// The decision about an action that came before, with the hash it came with.
    fn decision(&mut self, id: ActionId) -> Result<Option<([u8; 32], Decision)>, Self::Error>;
    /// The highest sequence executed of an incarnation; 0 when none.
    fn last_sequence(
        &mut self,
        device: DeviceId,
        incarnation: crate::id::IncarnationId,
    ) -> Result<u64, Self::Error>;
    /// The next place in the total order. Taken last, in the transaction of the effects.
    fn next_seq(&mut self) -> Result<u64, Self::Error>;
    /// Records the action, appends to the audit chain, and logs the changed keys under the action's place.
    fn record(&mut self, executed: &Executed<'_>, changed: &[RowKey]) -> Result<(), Self::Error>;
    /// The last place taken; 0 in a new clinic.
    fn head(&mut self) -> Result<u64, Self::Error>;
    /// Rows changed after `cursor`, by key, with their content now (`None`: deleted), of the given buckets, at most
    /// about `limit` rows. Second value: the place up to which this is complete.
    fn changes_since(
        &mut self,
        cursor: u64,
        buckets: BucketSet,
        limit: usize,
    ) -> Result<(Vec<RowChange>, u64), Self::Error>;
    /// One page of a bucket's rows in key order after `after`, for a snapshot.
    fn snapshot_page(
        &mut self,
        bucket: Bucket,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<Row>, Self::Error>;
    /// Checksum of a bucket.
    fn checksum(&mut self, bucket: Bucket) -> Result<Checksum, Self::Error>;
}
