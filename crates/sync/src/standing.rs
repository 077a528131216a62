//! Where a console stands, as its storage knows it, and what its storage is asked to do.

use crate::message::{BucketChecksum, EpochId, SnapshotMark};
use domain::bucket::{Bucket, BucketSet};
use domain::envelope::ActionId;
use domain::id::{DeviceId, IncarnationId};
use domain::row::{Row, RowChange};
use domain::store_port::Decision;
use domain::time::Timestamp;

/// Where a console stands. Read from the replica when the machine starts and after every job that changes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The device.
    pub device: DeviceId,
    /// The life of the outbox that new actions belong to.
    pub incarnation: IncarnationId,
    /// The sequence of the next new action within that life.
    pub next_sequence: u64,
    /// The life of the server's database that the cursor belongs to.
    pub epoch: Option<EpochId>,
    /// Everything up to here is stored.
    pub cursor: u64,
    /// What is held.
    pub held: BucketSet,
    /// A snapshot that is not complete.
    pub snapshot: Option<SnapshotMark>,
}

/// A decision about the action at one place of the outbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// The place in the outbox ([`domain::store_port::OutboxEntry::sequence`]).
    pub position: u64,
    /// What was decided.
    pub decision: Decision,
}

/// What is applied in one transaction: rows, and the decisions that they carry out.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Batch {
    /// The cursor that the batch continues.
    pub from: u64,
    /// The cursor after it; equal to `from` when it brings only refusals.
    pub to: u64,
    /// Rows as the server has them.
    pub changes: Vec<RowChange>,
    /// Decisions whose rows are in this batch or earlier, and refusals.
    pub settled: Vec<Settled>,
    /// What the confirmed rows must add up to afterwards; empty when it cannot be told at this place.
    pub checksums: Vec<BucketChecksum>,
}

/// One transaction of the console's storage. Answered by [`crate::console::Input::Stored`] or
/// [`crate::console::Input::StoreFailed`], one at a time, in order.
#[derive(Clone, PartialEq, Debug)]
pub enum StoreJob {
    /// Takes over what the server said at the greeting: keeps its time, drops buckets the device may not hold any more.
    /// An epoch other than the known one makes the cursor 0.
    Adopt {
        /// The life of the server's database.
        epoch: EpochId,
        /// What may be held.
        buckets: BucketSet,
        /// The server's clock.
        server_time: Timestamp,
    },
    /// Applies rows and decisions.
    Apply(Batch),
    /// Empties buckets before a snapshot of them.
    SnapshotReset {
        /// Changes follow from here once it is complete.
        at_seq: u64,
        /// Which buckets.
        buckets: BucketSet,
    },
    /// Stores rows of a snapshot.
    SnapshotPage {
        /// Of which bucket.
        bucket: Bucket,
        /// The rows, in key order.
        rows: Vec<Row>,
        /// Whether the bucket is complete with it.
        last: bool,
    },
    /// The snapshot is complete: pending actions run again on top, and the cursor becomes `at_seq`.
    SnapshotFinish {
        /// Changes follow from here.
        at_seq: u64,
    },
    /// Starts a new life of the outbox. What the server cannot take any more of the old one is parked for a person.
    Fork(ForkCause),
}

/// Why a new life of the outbox begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForkCause {
    /// The server has executed more actions of this life than this database has made: it is an old copy. What waits here
    /// was made before and can still be sent.
    OldCopy,
    /// Another action has this place on the server, or the ones before it are gone on both sides. This action and those
    /// after it in the same life cannot be sent as they are.
    Unsendable(ActionId),
}

/// What a store job left behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreReport {
    /// Where the console stands now.
    pub standing: Standing,
    /// Buckets whose confirmed rows do not add up to what the server has.
    pub mismatched: BucketSet,
}
