//! What goes into the console's machine and what comes out.

use crate::message::{BlobRefusal, RefusalCause};
use crate::standing::{Standing, StoreJob, StoreReport};
use domain::blob::BlobId;
use domain::bucket::BucketSet;
use domain::time::Timestamp;

/// Why there is no connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OfflineCause {
    /// Not tried yet.
    NotStarted,
    /// Name resolution, connection or TLS failed for want of a network.
    Unreachable,
    /// The server's certificate is not the one pinned at enrolment. Never tried around.
    CertificateChanged,
    /// The connection was cut.
    Cut,
    /// The server did not answer in time.
    Silent,
    /// No token could be had.
    NoToken,
    /// The console's own storage failed; it is tried again.
    Storage,
    /// The server sent what this build cannot read.
    Unreadable,
    /// The server said why.
    Refused(RefusalCause),
}

impl OfflineCause {
    /// Stable code for the interface and the log.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Unreachable => "unreachable",
            Self::CertificateChanged => "certificate_changed",
            Self::Cut => "cut",
            Self::Silent => "silent",
            Self::NoToken => "no_token",
            Self::Storage => "storage",
            Self::Unreadable => "unreadable",
            Self::Refused(cause) => match cause {
                RefusalCause::TokenExpired => "token_expired",
                RefusalCause::TokenForged => "token_refused",
                RefusalCause::DeviceRevoked => "device_revoked",
                RefusalCause::DeviceUnknown => "device_unknown",
                RefusalCause::ProtocolTooOld => "console_too_old",
                RefusalCause::ProtocolTooNew => "server_too_old",
                RefusalCause::TooManyConnections => "server_full",
                RefusalCause::TooFast => "too_fast",
                RefusalCause::Silent => "silent",
                RefusalCause::Replaced => "replaced",
                RefusalCause::Draining => "server_stopping",
                RefusalCause::Internal => "server_failed",
                RefusalCause::OutOfOrder
                | RefusalCause::Malformed
                | RefusalCause::TooLarge
                | RefusalCause::ForeignDevice
                | RefusalCause::Other => "refused",
            },
        }
    }

    /// Whether only a person can help, so that the server is asked rarely.
    pub fn needs_a_person(self) -> bool {
        matches!(
            self,
            Self::CertificateChanged
                | Self::Refused(
                    RefusalCause::TokenForged
                        | RefusalCause::DeviceRevoked
                        | RefusalCause::DeviceUnknown
                        | RefusalCause::ProtocolTooOld
                        | RefusalCause::ProtocolTooNew
                )
        )
    }
}

/// An action as the outbox holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxItem {
    /// Its place in the outbox.
    pub position: u64,
    /// The encoded envelope.
    pub envelope: Vec<u8>,
}

/// A blob that the server may lack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WaitingBlob {
    /// Which.
    pub blob: BlobId,
    /// Its length in bytes.
    pub len: u64,
}

/// What happens to the console's machine.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// Begins, with what the storage holds.
    Start(Standing),
    /// There may be a network again (a link came up, the PC woke, a person pressed the button): try at once.
    Hint,
    /// The connection is made.
    Connected,
    /// A frame came.
    Frame(Vec<u8>),
    /// The connection is gone or was not made.
    Disconnected(OfflineCause),
    /// Time passed. To be given at [`super::Machine::next_deadline`] at the latest.
    Tick,
    /// A token, asked for or not.
    Token(String),
    /// No token can be had now.
    TokenUnavailable,
    /// Something was added to the outbox, or taken out by a person.
    OutboxChanged,
    /// The answer to [`Effect::LoadOutbox`].
    OutboxBatch {
        /// From the question.
        ticket: u64,
        /// Fewer than the limit when the outbox has no more. Parked entries are left out.
        items: Vec<OutboxItem>,
    },
    /// The storage job is committed.
    Stored(StoreReport),
    /// The storage job failed and left nothing behind.
    StoreFailed,
    /// All blobs that wait to be uploaded, most urgent first. Given at the start and whenever that changes.
    BlobsWaiting(Vec<WaitingBlob>),
    /// The answer to [`Effect::ReadBlob`].
    BlobBytes {
        /// Which.
        blob: BlobId,
        /// Where the piece begins.
        offset: u64,
        /// The piece; shorter than asked only at the end.
        bytes: Vec<u8>,
    },
    /// The blob's file cannot be read.
    BlobUnreadable {
        /// Which.
        blob: BlobId,
    },
    /// A blob is wanted here.
    BlobWanted {
        /// Which.
        blob: BlobId,
        /// Bytes that are here already.
        have: u64,
    },
    /// The answer to [`Effect::WriteBlobPart`]: the piece is on disk.
    BlobPartWritten {
        /// Which.
        blob: BlobId,
        /// Bytes that are here now.
        have: u64,
    },
}

/// What the host is to do.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Make a connection now; answer with [`Input::Connected`] or [`Input::Disconnected`].
    Connect,
    /// Send a frame.
    Send(Vec<u8>),
    /// Close the connection; no [`Input::Disconnected`] is expected for it, and one that comes is passed over.
    Close,
    /// A token is needed; answer with [`Input::Token`] or [`Input::TokenUnavailable`].
    NeedToken {
        /// The one given before was refused: do not give it again.
        fresh: bool,
    },
    /// Read the outbox; answer with [`Input::OutboxBatch`].
    LoadOutbox {
        /// Names the question.
        ticket: u64,
        /// Entries after this place.
        after: u64,
        /// At most so many.
        limit: usize,
    },
    /// Run a storage transaction; answer with [`Input::Stored`] or [`Input::StoreFailed`].
    Store(StoreJob),
    /// The outbox entry at this place is no envelope. It is passed over; a person has to be told.
    Unreadable {
        /// The place.
        position: u64,
    },
    /// What people see of it has changed.
    StateChanged(Status),
    /// Read a piece of a blob; answer with [`Input::BlobBytes`] or [`Input::BlobUnreadable`].
    ReadBlob {
        /// Which.
        blob: BlobId,
        /// Where the piece begins.
        offset: u64,
        /// At most so many bytes.
        max: usize,
    },
    /// The server has so much of a blob.
    BlobProgress {
        /// Which.
        blob: BlobId,
        /// Bytes from its beginning.
        sent: u64,
    },
    /// The server has the whole blob.
    BlobUploaded {
        /// Which.
        blob: BlobId,
    },
    /// The server will not take the blob; it waits for a person.
    BlobRefused {
        /// Which.
        blob: BlobId,
        /// Why.
        cause: BlobRefusal,
    },
    /// Store a piece of a wanted blob; answer with [`Input::BlobPartWritten`].
    WriteBlobPart {
        /// Which.
        blob: BlobId,
        /// Where the piece begins.
        offset: u64,
        /// The blob's length.
        total: u64,
        /// The piece.
        bytes: Vec<u8>,
    },
    /// Every piece of a wanted blob is here; its hash is to be checked.
    BlobComplete {
        /// Which.
        blob: BlobId,
    },
    /// The server does not have a wanted blob.
    BlobMissing {
        /// Which.
        blob: BlobId,
    },
    /// Something odd that the log and the counters should know.
    Warn(Warning),
}

/// Something odd. Carries no personal data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Warning {
    /// A message of a kind this build does not know was passed over.
    UnknownMessage,
    /// A message came that does not belong here.
    Unexpected(&'static str),
    /// Checksums differ for these buckets; they are sent again.
    ChecksumMismatch(BucketSet),
    /// Actions were not answered in time though the server lives; the connection is made anew.
    ReceiptsOverdue,
    /// The server's database was restored: everything is fetched and pushed again.
    EpochChanged,
    /// The outbox began a new life.
    OutboxForked,
}

/// How the connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// No connection.
    Offline {
        /// Why.
        cause: OfflineCause,
        /// When it is tried again.
        retry_at: Option<crate::Moment>,
    },
    /// Being made.
    Connecting,
    /// Greeted.
    Online,
}

/// What people see of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status {
    /// How the connection stands.
    pub link: Link,
    /// Every action has its receipt and every row the server had at its last word is here.
    pub synced: bool,
    /// Everything up to here is stored.
    pub cursor: u64,
    /// The last place taken, as far as the server told.
    pub head: u64,
    /// The data here is not complete: a bucket that may be held is not, or not yet wholly.
    pub filling: bool,
    /// About how many rows the snapshot under way has, when the server said so.
    pub snapshot_rows: Option<u64>,
    /// Blobs that the server does not have yet.
    pub blobs_waiting: usize,
    /// The server's clock at the last greeting.
    pub server_time: Option<Timestamp>,
    /// When the server was last heard.
    pub last_heard: Option<crate::Moment>,
    /// When the last receipt came.
    pub last_receipt: Option<crate::Moment>,
}
