//! The console's connection to the clinic's server: enrolment, tokens, and the link that drives [`sync::console::Machine`]
//! with a real socket, real time and the console's storage.
//!
//! Not for: what is stored when the machine says so; that is the [`Host`]'s, which the opened console implements.
//!
//! The certificate is pinned: no other is ever accepted, whoever signed it, and a changed one is told apart from a network
//! that is down.

mod address;
mod driver;
mod http;
mod lane;
mod link;
mod status;
mod tls;
mod wire;

pub use address::{AddressError, EnrolLink, Server};
pub use http::{EnrolAnswer, HttpError, enrol};
pub use link::Link;
pub use status::{LinkCounts, LinkState, LinkStatus};

use domain::blob::BlobId;
use domain::id::DeviceId;
use domain::time::Timestamp;
use sync::console::{OutboxItem, WaitingBlob};
use sync::message::BlobRefusal;
use sync::standing::{Standing, StoreJob, StoreReport};
use vault::signature::SigningKey;

/// Who this console is to its server.
pub struct Account {
    /// The server.
    pub server: Server,
    /// The device's identity, given at enrolment.
    pub device: DeviceId,
    /// Proves it.
    pub key: SigningKey,
}

/// A storage job or question could not be done; the cause is logged where it happened, and the machine tries again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostFailed;

/// What the link asks of the console that embeds it. Every method may block on the disk and is called off the async
/// threads. What concerns actions and rows comes one call at a time, and so does what concerns sealed files; the two go on
/// beside each other, so that checking a large picture does not hold up a booking. A panic counts as [`HostFailed`].
///
/// The link holds its host until it has ended, so a host must not own its own link.
pub trait Host: Send + Sync + 'static {
    /// Where the console stands.
    fn standing(&self) -> Result<Standing, HostFailed>;
    /// Runs a storage job in one transaction. A failure, which must leave nothing behind, costs the connection; the next one
    /// brings the job again.
    fn run(&self, job: &StoreJob) -> Result<StoreReport, HostFailed>;
    /// What waits in the outbox after a position, oldest first, at most `limit`; fewer only when there are no more. Parked
    /// entries are left out.
    fn outbox_after(&self, position: u64, limit: usize) -> Result<Vec<OutboxItem>, HostFailed>;
    /// An outbox entry that is no envelope was passed over; a person has to be told.
    fn outbox_unreadable(&self, position: u64);
    /// Sealed files that the server may lack, most urgent first, without those it has refused for good. Asked on every
    /// connection and after [`Link::blobs_changed`].
    fn blobs_waiting(&self) -> Result<Vec<WaitingBlob>, HostFailed>;
    /// A piece of a sealed file.
    fn blob_part(&self, blob: BlobId, offset: u64, max: usize) -> Result<Vec<u8>, HostFailed>;
    /// The server has so many bytes of a sealed file.
    fn blob_progress(&self, blob: BlobId, sent: u64);
    /// The server has receipted a whole sealed file.
    fn blob_uploaded(&self, blob: BlobId);
    /// The server will not take a sealed file; it waits for a person.
    fn blob_refused(&self, blob: BlobId, cause: BlobRefusal);
    /// Stores a piece of a wanted file; answers how many bytes are here now, from where the next piece is asked for. A piece
    /// at 0 starts the file anew, and one that does not continue what is here changes nothing. After a failure the piece is
    /// asked for again in half a minute.
    fn blob_write(&self, blob: BlobId, offset: u64, bytes: &[u8]) -> Result<u64, HostFailed>;
    /// Every piece of a wanted file is here: its hash is checked and it is taken in.
    fn blob_complete(&self, blob: BlobId);
    /// The server does not have a wanted file.
    fn blob_missing(&self, blob: BlobId);
    /// What people see of the connection has changed. Changes of the connection and of `synced` are told at once, others at
    /// most twenty times a second; only the latest counts.
    fn status_changed(&self, status: &LinkStatus);
    /// The server's clock as the console last knew it.
    fn server_time(&self) -> Option<Timestamp>;
}
