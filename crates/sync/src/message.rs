//! The messages of both directions: CBOR with named fields, one message per WebSocket frame.
//!
//! A message is a map with one entry, its kind, whose value is a map of its fields. Unknown fields are skipped, unknown
//! kinds are reported as [`FrameError::UnknownKind`] so that a machine can pass over them, and a reason of refusal that
//! this build does not know becomes [`Rejection::Withheld`]: a newer peer never wedges an older one.

use domain::blob::BlobId;
use domain::bucket::{Bucket, BucketSet};
use domain::codec;
use domain::id::{DeviceId, IncarnationId};
use domain::rejection::Rejection;
use domain::row::RowKey;
use domain::store_port::{Checksum, Decision};
use domain::time::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;

/// The protocol this build speaks.
pub const PROTOCOL: u32 = 1;
/// The oldest protocol this build still understands.
pub const OLDEST_PROTOCOL: u32 = 1;
/// Longest frame of either direction, in bytes. The WebSocket layer is set to the same.
pub const LONGEST_FRAME: usize = 1024 * 1024;
/// Largest piece of a blob in one message, in bytes.
pub const LARGEST_CHUNK: usize = 48 * 1024;
/// Largest blob, in bytes.
pub const LARGEST_BLOB: u64 = 512 * 1024 * 1024;

/// Names one life of the server's database. It changes when the database was restored from a backup, which tells every
/// console that its cursor means nothing any more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct EpochId(#[serde(with = "serde_bytes")] pub [u8; 16]);

/// How far an interrupted snapshot came. The console keeps it beside the rows, in the transaction of each page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SnapshotMark {
    /// The place in the total order from which changes follow once the snapshot is complete.
    pub at_seq: u64,
    /// Buckets that are not complete yet.
    pub left: BucketSet,
    /// The last row stored of the first bucket in `left`; `None` when none is.
    pub after: Option<RowKey>,
}

/// The first message of a console.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// The newest protocol the console speaks.
    pub protocol: u32,
    /// Short-lived token that names the device.
    pub token: String,
    /// The device.
    pub device: DeviceId,
    /// The life of its outbox that new actions belong to.
    pub incarnation: IncarnationId,
    /// The sequence its next new action will have within that life. When the server has executed as many or more, the
    /// console's database is an old copy.
    pub next_sequence: u64,
    /// The life of the server's database that the cursor belongs to; `None` on a fresh console.
    pub epoch: Option<EpochId>,
    /// Everything up to here is stored.
    pub cursor: u64,
    /// What the console holds.
    pub held: BucketSet,
    /// A snapshot to go on with.
    pub snapshot: Option<SnapshotMark>,
}

/// What a console says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleMessage {
    /// Who it is and how far it came. Boxed because it is large and sent once.
    Hello(Box<Hello>),
    /// A new token on a running connection.
    Refresh {
        /// The token.
        token: String,
    },
    /// Actions, in outbox order.
    Push {
        /// Encoded, signed envelopes.
        envelopes: Vec<ByteBuf>,
    },
    /// A batch of changes is stored: the server may read on for it.
    Applied {
        /// Everything up to here is stored.
        cursor: u64,
    },
    /// A snapshot page is stored: the server may read the next one.
    PageStored {},
    /// Checksums differ: these buckets must be sent again.
    Resnapshot {
        /// Which.
        buckets: BucketSet,
    },
    /// The console has a blob that the server may lack.
    BlobOffer {
        /// Which.
        blob: BlobId,
        /// Its length in bytes.
        len: u64,
    },
    /// A piece of an offered blob.
    BlobChunk {
        /// Which.
        blob: BlobId,
        /// Where the piece begins.
        offset: u64,
        /// The piece.
        bytes: ByteBuf,
    },
    /// The console lacks a piece of a blob.
    BlobGet {
        /// Which.
        blob: BlobId,
        /// Where the piece begins.
        offset: u64,
        /// At most so many bytes.
        max: u32,
    },
    /// Are you there?
    Ping {
        /// Comes back in the answer.
        n: u64,
    },
    /// Here I am.
    Pong {
        /// From the question.
        n: u64,
    },
}

impl ConsoleMessage {
    const KINDS: &'static [&'static str] = &[
        "hello",
        "refresh",
        "push",
        "applied",
        "page_stored",
        "resnapshot",
        "blob_offer",
        "blob_chunk",
        "blob_get",
        "ping",
        "pong",
    ];
}

/// Why the server ends a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCause {
    /// The token's time is over; a new one is needed.
    TokenExpired,
    /// The token was not made by this server, or names another device.
    TokenForged,
    /// The device was taken out of service.
    DeviceRevoked,
    /// The server has never enrolled this device.
    DeviceUnknown,
    /// The console is too old for this server.
    ProtocolTooOld,
    /// The server is too old for this console.
    ProtocolTooNew,
    /// More connections than the server takes.
    TooManyConnections,
    /// The console sends faster than it may.
    TooFast,
    /// Something was said before the greeting, or the greeting twice.
    OutOfOrder,
    /// The bytes are no message.
    Malformed,
    /// A message or a blob is too large.
    TooLarge,
    /// An action of another device was pushed.
    ForeignDevice,
    /// The console did not answer in time.
    Silent,
    /// A newer connection of the same device replaces this one.
    Replaced,
    /// The server is shutting down.
    Draining,
    /// The server's storage failed; nothing was decided.
    Internal,
    /// A cause that this build does not know.
    #[serde(other)]
    Other,
}

/// Why the server does not take a blob.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobRefusal {
    /// The content does not have the hash that its name says.
    WrongContent,
    /// Larger than a blob may be.
    TooLarge,
    /// The server's disk is full.
    NoSpace,
    /// The device may not store or see photos.
    NotAllowed,
    /// A cause that this build does not know.
    #[serde(other)]
    Other,
}

/// A decision about one of the console's actions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// Which life of the outbox.
    pub incarnation: IncarnationId,
    /// Which action of that life.
    pub sequence: u64,
    /// What was decided.
    #[serde(deserialize_with = "decision_of_any_version")]
    pub decision: Decision,
}

/// A refusal whose reason is newer than this build is still a refusal.
fn decision_of_any_version<'de, D: Deserializer<'de>>(input: D) -> Result<Decision, D::Error> {
    let value = ciborium::Value::deserialize(input)?;
    if let Ok(decision) = value.deserialized::<Decision>() {
        return Ok(decision);
    }
    let rejected = value.as_map().is_some_and(|entries| {
        entries
            .iter()
            .any(|(kind, _)| kind.as_text() == Some("rejected"))
    });
    if rejected {
        return Ok(Decision::Rejected {
            reason: Rejection::Withheld,
        });
    }
    Err(serde::de::Error::custom("neither applied nor rejected"))
}

/// The checksum of one bucket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BucketChecksum {
    /// Which bucket.
    pub bucket: Bucket,
    /// Its checksum.
    pub checksum: Checksum,
}

/// A range of the clinic's total order. Compressed once and sent to everybody who holds the same buckets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Changes {
    /// The cursor that the range continues.
    pub from: u64,
    /// The cursor after it. Greater than `from` even when no row of the held buckets changed.
    pub to: u64,
    /// The last place taken when the range was read.
    pub head: u64,
    /// [`crate::packed`] `Vec<RowChange>`.
    pub rows: ByteBuf,
    /// Read in the same transaction when `to` is the head; empty otherwise, because rows are sent as they stand now.
    pub checksums: Vec<BucketChecksum>,
}

/// The server's answer to a [`Hello`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Welcome {
    /// The protocol spoken on this connection.
    pub protocol: u32,
    /// The life of the server's database.
    pub epoch: EpochId,
    /// The last place taken.
    pub head: u64,
    /// What the device may hold; everything else must leave its disk.
    pub buckets: BucketSet,
    /// The server's clock.
    pub server_time: Timestamp,
    /// The highest sequence executed of the greeting's incarnation; 0 when none.
    pub executed_through: u64,
    /// For how long the token is good, in milliseconds.
    pub token_lives_ms: u64,
}

/// What a server says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerMessage {
    /// The greeting is accepted.
    Welcome(Welcome),
    /// The connection ends, and why.
    Refused {
        /// Why.
        cause: RefusalCause,
    },
    /// Decisions, in the order they were made.
    Receipts {
        /// The decisions.
        receipts: Vec<Receipt>,
    },
    /// Pushed actions were not executed because earlier ones are missing.
    Gap {
        /// Of which life of the outbox.
        incarnation: IncarnationId,
        /// What must come first.
        expected: u64,
    },
    /// A pushed action was not executed because another one has its place: the outbox is a copy that went its own way.
    Forked {
        /// Of which life of the outbox.
        incarnation: IncarnationId,
        /// Which place.
        sequence: u64,
    },
    /// Rows that changed.
    Changes(Changes),
    /// A snapshot begins or goes on.
    SnapshotBegin {
        /// Changes follow from here once it is complete.
        at_seq: u64,
        /// What is sent, in bucket order.
        buckets: BucketSet,
        /// Goes on after the console's mark; nothing stored is to be thrown away.
        resumed: bool,
        /// About how many rows follow, when known.
        rows: Option<u64>,
    },
    /// Rows of a snapshot.
    SnapshotPage {
        /// Of which bucket.
        bucket: Bucket,
        /// [`crate::packed`] `Vec<Row>`, in key order.
        rows: ByteBuf,
        /// Whether the bucket is complete with it.
        last: bool,
    },
    /// The snapshot is complete.
    SnapshotEnd {
        /// Changes follow from here.
        at_seq: u64,
    },
    /// How much of an offered blob the server has.
    BlobHave {
        /// Which.
        blob: BlobId,
        /// Bytes from its beginning.
        offset: u64,
    },
    /// The server has the whole blob, checked and on disk.
    BlobStored {
        /// Which.
        blob: BlobId,
    },
    /// The server will not take the blob.
    BlobRefused {
        /// Which.
        blob: BlobId,
        /// Why.
        cause: BlobRefusal,
    },
    /// A piece of a wanted blob.
    BlobData {
        /// Which.
        blob: BlobId,
        /// Where the piece begins.
        offset: u64,
        /// The blob's length.
        total: u64,
        /// The piece.
        bytes: ByteBuf,
    },
    /// The server does not have the wanted blob, or the device may not have it.
    BlobMissing {
        /// Which.
        blob: BlobId,
    },
    /// Are you there?
    Ping {
        /// Comes back in the answer.
        n: u64,
    },
    /// Here I am.
    Pong {
        /// From the question.
        n: u64,
    },
}

impl ServerMessage {
    const KINDS: &'static [&'static str] = &[
        "welcome",
        "refused",
        "receipts",
        "gap",
        "forked",
        "changes",
        "snapshot_begin",
        "snapshot_page",
        "snapshot_end",
        "blob_have",
        "blob_stored",
        "blob_refused",
        "blob_data",
        "blob_missing",
        "ping",
        "pong",
    ];
}

/// A frame that is no message of this build.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than [`LONGEST_FRAME`].
    #[error("a frame of {0} bytes is longer than {LONGEST_FRAME} bytes")]
    TooLong(usize),
    /// Well-formed, of a kind that a newer peer knows. To be passed over.
    #[error("a message of a kind this version does not know")]
    UnknownKind,
    /// Not a message.
    #[error(transparent)]
    Malformed(#[from] codec::DecodeError),
}

/// Encodes a message of either side.
pub fn encode<M: Serialize>(message: &M) -> Vec<u8> {
    codec::encode(message)
}

/// Reads what a console sent.
pub fn decode_console(frame: &[u8]) -> Result<ConsoleMessage, FrameError> {
    decode(frame, ConsoleMessage::KINDS)
}

/// Reads what a server sent.
pub fn decode_server(frame: &[u8]) -> Result<ServerMessage, FrameError> {
    decode(frame, ServerMessage::KINDS)
}

fn decode<M: serde::de::DeserializeOwned>(frame: &[u8], known: &[&str]) -> Result<M, FrameError> {
    if frame.len() > LONGEST_FRAME {
        return Err(FrameError::TooLong(frame.len()));
    }
    codec::decode::<M>(frame).map_err(|error| {
        // Only a frame that failed is read a second time, so the usual path pays nothing for skew.
        match codec::decode::<BTreeMap<String, IgnoredAny>>(frame) {
            Ok(kinds) if kinds.len() == 1 && !kinds.keys().any(|k| known.contains(&k.as_str())) => {
                FrameError::UnknownKind
            }
            _ => FrameError::Malformed(error),
        }
    })
}
