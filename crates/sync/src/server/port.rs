//! What goes into a connection's machine on the server and what comes out.

use crate::message::{BlobRefusal, BucketChecksum, EpochId, Hello, RefusalCause};
use domain::blob::BlobId;
use domain::bucket::{Bucket, BucketSet};
use domain::id::{DeviceId, IncarnationId};
use domain::row::RowKey;
use domain::store_port::Decision;
use domain::time::Timestamp;

/// Who is at the other end, once its token is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// The device.
    pub device: DeviceId,
    /// What it may hold.
    pub buckets: BucketSet,
    /// For how long its token is good, in milliseconds.
    pub token_lives_ms: u64,
    /// The life of the server's database.
    pub epoch: EpochId,
    /// The last place taken.
    pub head: u64,
    /// The highest sequence executed of the greeting's incarnation; 0 when none.
    pub executed_through: u64,
    /// Rows in all that the device may hold, for a progress bar.
    pub rows: u64,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// What became of one pushed envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Decided, now or before.
    Decided {
        /// Of which life of the outbox.
        incarnation: IncarnationId,
        /// Which action.
        sequence: u64,
        /// What was decided, as this device may see it.
        decision: Decision,
    },
    /// Not executed: earlier actions are missing.
    Gap {
        /// Of which life of the outbox.
        incarnation: IncarnationId,
        /// What must come first.
        expected: u64,
    },
    /// Not executed: another action has its place.
    Forked {
        /// Of which life of the outbox.
        incarnation: IncarnationId,
        /// Which place.
        sequence: u64,
    },
}

/// A range of the log, read and packed by the host in one transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangesRead {
    /// The cursor that the range continues.
    pub from: u64,
    /// The cursor after it.
    pub to: u64,
    /// The last place taken.
    pub head: u64,
    /// [`crate::packed`] `Vec<RowChange>`.
    pub rows: Vec<u8>,
    /// One for each bucket when `to` is the head; empty otherwise.
    pub checksums: Vec<BucketChecksum>,
}

/// What happens to a connection's machine.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// A frame came.
    Frame(Vec<u8>),
    /// The answer to [`Effect::Verify`].
    Admitted(Session),
    /// The answer to [`Effect::Verify`] or [`Effect::VerifyToken`].
    NotAdmitted(RefusalCause),
    /// The answer to [`Effect::VerifyToken`]: the token is good for so many milliseconds.
    TokenRenewed {
        /// From now.
        lives_ms: u64,
    },
    /// The answer to [`Effect::Execute`], after commit, in order.
    Executed(Vec<Verdict>),
    /// The clinic's order grew. May come at any time and any number of times.
    Notify {
        /// The last place taken.
        head: u64,
    },
    /// The answer to [`Effect::ReadChanges`].
    Changes(ChangesRead),
    /// The answer to [`Effect::ReadSnapshotPage`].
    SnapshotPage {
        /// [`crate::packed`] `Vec<Row>`, in key order.
        rows: Vec<u8>,
        /// Key of the last row; `None` when the page is empty.
        last_key: Option<RowKey>,
        /// Whether fewer rows came than were asked for.
        complete: bool,
    },
    /// The answer to [`Effect::OfferBlob`] and [`Effect::StoreBlobPart`]: so much of the blob is here, not yet all of it.
    BlobHave {
        /// Which.
        blob: BlobId,
        /// Bytes from its beginning.
        offset: u64,
    },
    /// The answer to [`Effect::OfferBlob`] and [`Effect::StoreBlobPart`]: the blob is checked and on disk.
    BlobStored {
        /// Which.
        blob: BlobId,
    },
    /// The answer to [`Effect::OfferBlob`] and [`Effect::StoreBlobPart`]: it is not taken.
    BlobRefused {
        /// Which.
        blob: BlobId,
        /// Why.
        cause: BlobRefusal,
    },
    /// The answer to [`Effect::ReadBlob`].
    BlobPart {
        /// Which.
        blob: BlobId,
        /// Where the piece begins.
        offset: u64,
        /// The blob's length.
        total: u64,
        /// The piece.
        bytes: Vec<u8>,
    },
    /// The answer to [`Effect::ReadBlob`]: there is no such blob for this device.
    BlobMissing {
        /// Which.
        blob: BlobId,
    },
    /// A storage job failed.
    StorageFailed,
    /// Everything handed over so far has left the process.
    Drained,
    /// Time passed. To be given at [`super::Connection::next_deadline`] at the latest.
    Tick,
    /// The server ends the connection: it shuts down, the device is revoked or has connected anew.
    End(RefusalCause),
}

/// What the host is to do. Of the database effects one is under way at a time, and of the blob effects one; each is answered
/// by exactly one input, a failure by [`Input::StorageFailed`].
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Check the greeting: token, device, revocation. Answer with [`Input::Admitted`] or [`Input::NotAdmitted`].
    Verify(Box<Hello>),
    /// Check a renewed token. Answer with [`Input::TokenRenewed`] or [`Input::NotAdmitted`]. Not a storage effect.
    VerifyToken(String),
    /// Decide about these envelopes of the session's device, in order. Answer with [`Input::Executed`].
    Execute {
        /// Encoded envelopes.
        envelopes: Vec<Vec<u8>>,
    },
    /// Read the log. Answer with [`Input::Changes`].
    ReadChanges {
        /// After this place.
        from: u64,
        /// Of these buckets.
        buckets: BucketSet,
        /// About so many rows.
        limit: usize,
    },
    /// Read rows of a bucket in key order. Answer with [`Input::SnapshotPage`].
    ReadSnapshotPage {
        /// Which bucket.
        bucket: Bucket,
        /// After this row.
        after: Option<RowKey>,
        /// At most so many.
        limit: usize,
    },
    /// Say how much of a blob is here. Answer with [`Input::BlobHave`], [`Input::BlobStored`] or [`Input::BlobRefused`].
    OfferBlob {
        /// Which.
        blob: BlobId,
        /// Its length.
        len: u64,
    },
    /// Append a piece of an offered blob and check the whole when it is the last. Answer as for [`Effect::OfferBlob`].
    StoreBlobPart {
        /// Which.
        blob: BlobId,
        /// Where the piece begins.
        offset: u64,
        /// The piece.
        bytes: Vec<u8>,
        /// The blob's length as offered.
        len: u64,
    },
    /// Read a piece of a blob. Answer with [`Input::BlobPart`] or [`Input::BlobMissing`].
    ReadBlob {
        /// Which.
        blob: BlobId,
        /// Where the piece begins.
        offset: u64,
        /// At most so many bytes.
        max: usize,
    },
    /// The device has stored everything up to here.
    Progress {
        /// The place.
        cursor: u64,
    },
    /// Send a frame.
    Send(Vec<u8>),
    /// Close the connection once everything sent has left. Nothing follows.
    Close(RefusalCause),
    /// Something odd that the log and the counters should know.
    Warn(Warning),
}

/// Something odd. Carries no personal data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Warning {
    /// A message of a kind this build does not know was passed over.
    UnknownMessage,
    /// The connection was refused.
    Refused(RefusalCause),
    /// The console asks for buckets again because their checksums differ.
    ChecksumMismatch(BucketSet),
    /// An answer of the storage came that nobody asked for.
    Unexpected(&'static str),
}
