//! The link of an open console to its server, as the rest of the engine holds it.

use super::driver::Driver;
use super::status::{Counters, LinkCounts, LinkStatus, tell_changes};
use super::{Account, Host};
use domain::blob::BlobId;
use domain::port::Entropy;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Release};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use sync::console::{Machine, Status};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

/// How long [`Link::stop`] waits.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// What the rest of the engine wants of the link, until its task looks. Wishes of the same kind melt into one, so that a
/// thousand commits in a row do not become a queue.
#[derive(Default)]
pub(super) struct Wishes {
    outbox: AtomicBool,
    blobs: AtomicBool,
    hint: AtomicBool,
    stop: Arc<AtomicBool>,
    wanted: Mutex<Vec<(BlobId, u64)>>,
    made: Notify,
}

/// Wishes taken off at once.
pub(super) struct Wished {
    pub(super) outbox: bool,
    pub(super) blobs: bool,
    pub(super) hint: bool,
    pub(super) stop: bool,
    pub(super) wanted: Vec<(BlobId, u64)>,
}

impl Wishes {
    fn make(&self, wish: &AtomicBool) {
        wish.store(true, Release);
        self.made.notify_one();
    }

    fn want(&self, blob: BlobId, have: u64) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.push((blob, have));
        drop(wanted);
        self.made.notify_one();
    }

    /// Is set once the link is to end.
    pub(super) fn stopping(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Waits until there is something to take.
    pub(super) async fn made(&self) {
        self.made.notified().await;
    }

    /// Takes what was wished since the last time.
    pub(super) fn take(&self) -> Wished {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        Wished {
            outbox: self.outbox.swap(false, AcqRel),
            blobs: self.blobs.swap(false, AcqRel),
            hint: self.hint.swap(false, AcqRel),
            stop: self.stop.load(std::sync::atomic::Ordering::Acquire),
            wanted: std::mem::take(&mut *wanted),
        }
    }
}

/// The link of one account. Connects, comes back after every cut, sends the outbox and takes in what the server says, until
/// it is stopped or dropped. All methods but [`Link::stop`] return at once and may be called from any thread.
pub struct Link {
    wishes: Arc<Wishes>,
    states: watch::Receiver<Status>,
    counters: Arc<Counters>,
    started: Instant,
    ended: Mutex<Receiver<()>>,
}

impl Link {
    /// Starts the link on a runtime with timers and network.
    pub fn start(
        runtime: &Handle,
        account: Account,
        host: Arc<dyn Host>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let started = Instant::now();
        let wishes = Arc::new(Wishes::default());
        let counters = Arc::new(Counters::default());
        let (tell, states) = watch::channel(Machine::new().status());
        let driver = Driver::new(
            runtime,
            account,
            Arc::clone(&host),
            entropy,
            started,
            Arc::clone(&wishes),
            Arc::clone(&counters),
            tell,
        );
        let (ending, ended) = channel::<()>();
        runtime.spawn(async move {
            // Dropped with the task, however it ends, which is what `stop` waits for.
            let _ending = ending;
            driver.run().await;
        });
        runtime.spawn(tell_changes(states.clone(), started, host));
        Self {
            wishes,
            states,
            counters,
            started,
            ended: Mutex::new(ended),
        }
    }

    /// Something was added to the outbox, or taken out by a person. To be called after the commit.
    pub fn outbox_changed(&self) {
        self.wishes.make(&self.wishes.outbox);
    }

    /// Other files wait to be uploaded than before: [`Host::blobs_waiting`] is asked again.
    pub fn blobs_changed(&self) {
        self.wishes.make(&self.wishes.blobs);
    }

    /// There may be a network again (a person pressed the button, a network came up): tries at once.
    pub fn hint(&self) {
        self.wishes.make(&self.wishes.hint);
    }

    /// Fetches a sealed file of which `have` bytes are here. Ends in [`Host::blob_complete`] or [`Host::blob_missing`].
    pub fn want_blob(&self, blob: BlobId, have: u64) {
        self.wishes.want(blob, have);
    }

    /// How the connection stood when the link's task last looked; it looks within a millisecond of what it is told.
    pub fn status(&self) -> LinkStatus {
        LinkStatus::of(&self.states.borrow(), self.started, Instant::now())
    }

    /// What went over the network so far.
    pub fn counts(&self) -> LinkCounts {
        self.counters.read()
    }

    /// Ends the link and waits until a storage job that runs is done, about three seconds at most. Nothing is lost: what has
    /// no receipt is sent by the next link. Not to be called from an async thread of the runtime or from a [`Host`] method,
    /// which would wait for themselves.
    pub fn stop(&self) {
        self.wishes.make(&self.wishes.stop);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is ever sent: the wait ends when the task drops the other end, or when it took too long.
        let waited = ended.recv_timeout(STOP_WITHIN);
        if waited == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("the link has not ended in time; its storage job goes on by itself");
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop();
    }
}
