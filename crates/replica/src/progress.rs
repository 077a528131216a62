//! The named values of the sync state: who this outbox is, and how far the console came.
//!
//! # Numbers of the outbox
//! An action has two numbers. Its *position* counts through all lives of the outbox of this database and is the key of the
//! outbox ([`domain::store_port::OutboxEntry::sequence`]); it never repeats, so order is always position order. Its *sequence*,
//! in the envelope, counts from 1 within its incarnation, as the server demands. The difference is the number of positions
//! used before the incarnation began.

use crate::error::ReplicaError;
use domain::bucket::BucketSet;
use domain::codec;
use domain::id::{DeviceId, IncarnationId};
use domain::store_port::ReplicaStore;
use domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sync::message::{EpochId, SnapshotMark};
use sync::standing::Standing;

const LIFE: &str = "outbox_life";
const PROGRESS: &str = "sync_progress";
const STAMP: &str = "outbox_stamp";

/// What opening found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opened {
    /// A new database: the outbox begins its first life.
    New,
    /// The same database on the same machine.
    Same,
    /// The database is a restored backup or a copy: the outbox has begun a new life. What waited in it is still sent under its
    /// old identity, which the server answers with the decision it made, if it made one.
    Forked,
}

/// Which life of the outbox new actions belong to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Life {
    pub(crate) device: DeviceId,
    pub(crate) incarnation: IncarnationId,
    /// A copy of the value kept outside the database.
    #[serde(with = "serde_bytes")]
    pub(crate) marker: Vec<u8>,
    /// Positions used before this incarnation.
    pub(crate) base: u64,
    pub(crate) next_position: u64,
    /// Hash of the last envelope of this incarnation, zeroes before the first.
    #[serde(with = "serde_bytes")]
    pub(crate) last_hash: [u8; 32],
}

impl Life {
    pub(crate) fn next_sequence(&self) -> u64 {
        self.next_position - self.base
    }

    /// Begins a new incarnation.
    pub(crate) fn fork(&mut self, incarnation: IncarnationId) {
        self.incarnation = incarnation;
        self.base = self.next_position - 1;
        self.last_hash = [0; 32];
    }
}

/// How far the console came.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The life of the server's database that the cursor belongs to.
    pub epoch: Option<EpochId>,
    /// Everything up to here is stored.
    pub cursor: u64,
    /// Buckets that are complete up to the cursor, or that `snapshot` accounts for.
    pub complete: BucketSet,
    /// A snapshot that is not complete.
    pub snapshot: Option<SnapshotMark>,
    /// The server's clock at the last greeting; key leases are counted from it.
    pub server_time: Option<Timestamp>,
}

fn load<T: DeserializeOwned, S: ReplicaStore>(
    tx: &mut S,
    name: &'static str,
) -> Result<Option<T>, ReplicaError<S::Error>> {
    let Some(bytes) = tx.state(name)? else {
        return Ok(None);
    };
    codec::decode(&bytes)
        .map(Some)
        .map_err(|cause| ReplicaError::Damaged { name, cause })
}

pub(crate) fn life<S: ReplicaStore>(tx: &mut S) -> Result<Life, ReplicaError<S::Error>> {
    load(tx, LIFE)?.ok_or(ReplicaError::NotOpened)
}

pub(crate) fn life_if_any<S: ReplicaStore>(
    tx: &mut S,
) -> Result<Option<Life>, ReplicaError<S::Error>> {
    load(tx, LIFE)
}

pub(crate) fn put_life<S: ReplicaStore>(tx: &mut S, life: &Life) -> Result<(), S::Error> {
    tx.state_put(LIFE, &codec::encode(life))
}

pub(crate) fn progress<S: ReplicaStore>(tx: &mut S) -> Result<Progress, ReplicaError<S::Error>> {
    Ok(load(tx, PROGRESS)?.unwrap_or_default())
}

pub(crate) fn put_progress<S: ReplicaStore>(
    tx: &mut S,
    progress: &Progress,
) -> Result<(), S::Error> {
    tx.state_put(PROGRESS, &codec::encode(progress))
}

/// Counts the changes of the outbox, so that an index in memory knows whether it still describes the database: a
/// transaction that was rolled back leaves an older stamp than the index has.
pub(crate) fn stamp<S: ReplicaStore>(tx: &mut S) -> Result<u64, ReplicaError<S::Error>> {
    Ok(load(tx, STAMP)?.unwrap_or(0))
}

pub(crate) fn put_stamp<S: ReplicaStore>(tx: &mut S, stamp: u64) -> Result<(), S::Error> {
    tx.state_put(STAMP, &codec::encode(&stamp))
}

pub(crate) fn standing<S: ReplicaStore>(tx: &mut S) -> Result<Standing, ReplicaError<S::Error>> {
    let life = life(tx)?;
    let progress = progress(tx)?;
    Ok(Standing {
        device: life.device,
        incarnation: life.incarnation,
        next_sequence: life.next_sequence(),
        epoch: progress.epoch,
        cursor: progress.cursor,
        held: progress.complete,
        snapshot: progress.snapshot,
    })
}
