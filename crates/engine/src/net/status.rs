//! What others see of the link: its status, told without flooding them, and its counters.

use super::Host;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use sync::Moment;
use sync::console::{Link as Stand, Machine, OfflineCause, Status};
use tokio::sync::watch;

/// Changes that are not urgent are told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// How the connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkState {
    /// There is none, and why.
    Offline(OfflineCause),
    /// Being made.
    Connecting,
    /// The server has greeted.
    Online,
}

impl LinkState {
    /// Stable code of the reason why there is no connection.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Offline(cause) => Some(cause.code()),
            Self::Connecting | Self::Online => None,
        }
    }
}

/// What people see of the connection, at the moment it was asked for or told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkStatus {
    /// How the connection stands.
    pub connection: LinkState,
    /// Until the next try; `None` while connected or trying.
    pub retry_in: Option<Duration>,
    /// Every action has its receipt and every row the server had at its last word is here.
    pub synced: bool,
    /// The data here are not complete: a first or repeated filling is under way.
    pub filling: bool,
    /// About how many rows the filling under way has, when the server said so.
    pub snapshot_rows: Option<u64>,
    /// Everything up to this place is stored.
    pub cursor: u64,
    /// The last place taken, as far as the server told.
    pub head: u64,
    /// Sealed files that the server does not have yet.
    pub blobs_waiting: usize,
    /// When the last receipt came since the start.
    pub last_receipt: Option<Instant>,
    /// When the server was last heard since the start.
    pub last_heard: Option<Instant>,
}

impl LinkStatus {
    /// `started` is the machine's moment 0.
    pub(super) fn of(status: &Status, started: Instant, now: Instant) -> Self {
        let at = |moment: Moment| started + Duration::from_millis(moment.0);
        let (connection, retry_at) = match status.link {
            Stand::Offline { cause, retry_at } => (LinkState::Offline(cause), retry_at),
            Stand::Connecting => (LinkState::Connecting, None),
            Stand::Online => (LinkState::Online, None),
        };
        Self {
            connection,
            retry_in: retry_at.map(|moment| at(moment).saturating_duration_since(now)),
            synced: status.synced,
            filling: status.filling,
            snapshot_rows: status.snapshot_rows,
            cursor: status.cursor,
            head: status.head,
            blobs_waiting: status.blobs_waiting,
            last_receipt: status.last_receipt.map(at),
            last_heard: status.last_heard.map(at),
        }
    }
}

/// What went over the network since the link was started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LinkCounts {
    /// Bytes of messages received.
    pub bytes_in: u64,
    /// Bytes of messages sent.
    pub bytes_out: u64,
    /// Messages received.
    pub frames_in: u64,
    /// Messages sent.
    pub frames_out: u64,
    /// Connections made.
    pub connections: u64,
}

/// [`LinkCounts`] while they are counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    frames_in: AtomicU64,
    frames_out: AtomicU64,
    connections: AtomicU64,
}

impl Counters {
    pub(super) fn heard(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
        self.frames_in.fetch_add(1, Relaxed);
    }

    pub(super) fn said(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Relaxed);
        self.frames_out.fetch_add(1, Relaxed);
    }

    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> LinkCounts {
        LinkCounts {
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
            frames_in: self.frames_in.load(Relaxed),
            frames_out: self.frames_out.load(Relaxed),
            connections: self.connections.load(Relaxed),
        }
    }
}

/// What must be told at once.
fn urgent(status: &Status) -> (Stand, bool, bool) {
    (status.link, status.synced, status.filling)
}

/// Tells the host of changes until the link ends. A host that is slow to listen gets the latest state, never a queue.
pub(super) async fn tell_changes(
    mut states: watch::Receiver<Status>,
    started: Instant,
    host: Arc<dyn Host>,
) {
    // What every host takes for granted before it is told anything.
    let mut told = Machine::new().status();
    while states.wait_for(|status| *status != told).await.is_ok() {
        told = *states.borrow_and_update();
        let host = Arc::clone(&host);
        let telling = tokio::task::spawn_blocking(move || {
            host.status_changed(&LinkStatus::of(&told, started, Instant::now()));
        });
        // A panic was reported by the hook; the next change is told all the same.
        let _ = telling.await;
        // Ends early for what is urgent, and when the link ends.
        let next = states.wait_for(|status| urgent(status) != urgent(&told));
        if let Ok(Err(_)) = tokio::time::timeout(TELL_EVERY, next).await {
            return;
        }
    }
}
