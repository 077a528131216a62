//! The imports' background thread and what waits for it.

use super::arrivals::Arrivals;
use super::journal::{JOURNAL, Journal};
use super::picture::LookedAt;
use super::prefetch::Prefetch;
use super::progress::{Batches, Place};
use super::take::Order;
use crate::console::Console;
use crate::error::AppError;
use crate::view::event::EngineEvent;
use crate::view::photos::ImportState;
use domain::blob::BlobId;
use domain::id::{PhotoId, StaffId};
use domain::role::{Permission, allows};
use domain::store_port::ReplicaStore as _;
use photos::worker::{ARGUMENT, Client};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::{Store, StoreError};
use vault::key::PhotoKey;
use vault::signature::{Purpose, SigningKey};

/// The decoder's process ends when nothing was imported for so long.
const DECODER_IDLE: Duration = Duration::from_secs(30);

/// In whose name photos and renditions are added. Stays when the console is locked: it signs, and opens nothing.
pub(super) struct Signer {
    pub(super) staff: StaffId,
    pub(super) key: SigningKey,
}

impl Signer {
    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.key.sign(Purpose::Action, bytes)
    }
}

/// A file to be read, checked and sealed.
pub(super) struct FreshFile {
    pub(super) place: Place,
    pub(super) path: PathBuf,
    /// Name without its folder.
    pub(super) name: String,
    pub(super) photo: PhotoId,
    pub(super) key: PhotoKey,
    /// The key, wrapped under its client's.
    pub(super) wrapped: Vec<u8>,
    pub(super) order: Arc<Order>,
}

/// A photo that lacks renditions.
pub(super) struct TakenFile {
    pub(super) place: Place,
    pub(super) photo: PhotoId,
    pub(super) key: PhotoKey,
    pub(super) signer: Arc<Signer>,
}

/// What waits. Fresh files go first: a whole batch is visible before any of it is optimized.
#[derive(Default)]
pub(super) struct Queue {
    fresh: VecDeque<FreshFile>,
    taken: VecDeque<TakenFile>,
    working: Option<PhotoId>,
}

impl Queue {
    fn holds(&self, photo: PhotoId) -> bool {
        self.working == Some(photo)
            || self.taken.iter().any(|file| file.photo == photo)
            || self.fresh.iter().any(|file| file.photo == photo)
    }
}

enum Next {
    Take(FreshFile),
    Optimize(TakenFile),
    Idle,
    Stop,
}

/// Figures since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct PhotoNumbers {
    /// Files that became photos.
    pub(crate) imported: u64,
    /// Files that failed.
    pub(crate) failed: u64,
    /// Files that wait for their thumbnail or their renditions.
    pub(crate) backlog: u64,
}

/// What the threads share with everybody else. Knows the console only while it uses it.
pub(super) struct Shared {
    pub(super) arrivals: Arrivals,
    pub(super) batches: Batches,
    pub(super) looked_at: LookedAt,
    pub(super) prefetch: Prefetch,
    /// Sealed files may have been left over that nothing refers to.
    pub(super) leftovers: AtomicBool,
    pub(super) imported: AtomicU64,
    pub(super) failed: AtomicU64,
    journal: Mutex<Journal>,
    queue: Mutex<Queue>,
    work: Condvar,
    stopping: AtomicBool,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }

    /// What the journal says now.
    pub(super) fn journal(&self) -> Journal {
        self.journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Changes the journal together with a transaction: `write` gets its new content, and it is kept when that succeeds.
    pub(super) fn with_journal<T, E>(
        &self,
        change: impl FnOnce(&mut Journal),
        write: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut held = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = held.clone();
        change(&mut next);
        let done = write(&next.encode())?;
        *held = next;
        Ok(done)
    }

    /// Changes the journal alone, where it changes at all.
    pub(super) fn note(
        &self,
        store: &Store,
        change: impl FnOnce(&mut Journal),
    ) -> Result<(), StoreError> {
        let mut held = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = held.clone();
        change(&mut next);
        if next != *held {
            store.write(|tx| tx.state_put(JOURNAL, &next.encode()))?;
            *held = next;
        }
        Ok(())
    }

    pub(super) fn add_fresh(&self, files: Vec<FreshFile>) {
        self.queue().fresh.extend(files);
        self.work.notify_all();
    }

    /// Queues photos for their renditions, each once.
    pub(super) fn add_taken(&self, file: TakenFile) {
        self.queue().taken.push_back(file);
        self.work.notify_all();
    }

    /// Whether a photo waits or is being worked on.
    pub(super) fn holds(&self, photo: PhotoId) -> bool {
        self.queue().holds(photo)
    }

    fn next(&self) -> Next {
        let mut queue = self.queue();
        queue.working = None;
        loop {
            if self.stopping() {
                return Next::Stop;
            }
            if let Some(file) = queue.fresh.pop_front() {
                queue.working = Some(file.photo);
                return Next::Take(file);
            }
            if let Some(file) = queue.taken.pop_front() {
                queue.working = Some(file.photo);
                return Next::Optimize(file);
            }
            let (again, waited) = self
                .work
                .wait_timeout(queue, DECODER_IDLE)
                .unwrap_or_else(PoisonError::into_inner);
            queue = again;
            if waited.timed_out() {
                return Next::Idle;
            }
        }
    }

    /// Tells the window what is due. Names of files go only to somebody at work who may add photos.
    pub(super) fn tell(self: &Arc<Self>, console: &Console) {
        for batch in self.batches.due(Instant::now()) {
            let (shared, me) = (Arc::clone(self), Weak::clone(&console.me));
            console.events.defer(move || {
                let session = me.upgrade()?.seat().session()?;
                if !allows(&session.staff().roles, Permission::AddPhotos) {
                    return None;
                }
                shared
                    .batches
                    .view(batch)
                    .map(|import| EngineEvent::Import { import })
            });
        }
    }
}

/// The imports of a console: what waits, how far it is, and the thread that works on it.
pub(crate) struct Imports {
    pub(super) shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    working: AtomicBool,
}

impl Imports {
    /// Finds what an earlier run left.
    pub(crate) fn open(store: &Store) -> Result<Self, AppError> {
        let bytes = store.read(|tx| tx.state(JOURNAL))?;
        let mut journal = match bytes {
            Some(bytes) => Journal::decode(&bytes).map_err(StoreError::from)?,
            None => Journal::default(),
        };
        journal.interrupt();
        let shared = Arc::new(Shared {
            arrivals: Arrivals::default(),
            batches: Batches::left_by(&journal),
            looked_at: LookedAt::default(),
            prefetch: Prefetch::default(),
            leftovers: AtomicBool::new(!journal.batches.is_empty()),
            imported: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            journal: Mutex::new(journal),
            queue: Mutex::new(Queue::default()),
            work: Condvar::new(),
            stopping: AtomicBool::new(false),
        });
        let prefetching = Arc::downgrade(&shared);
        store.on_commit(move |keys| {
            if let Some(shared) = prefetching.upgrade() {
                shared.prefetch.committed(keys);
            }
        });
        Ok(Self {
            shared,
            threads: Mutex::new(Vec::new()),
            working: AtomicBool::new(false),
        })
    }

    /// Starts the thread unless it runs.
    pub(super) fn work(&self, console: &Console) -> Result<(), AppError> {
        if self.working.swap(true, SeqCst) {
            return Ok(());
        }
        let bench = Bench {
            desk: Desk {
                shared: Arc::clone(&self.shared),
                console: Weak::clone(&console.me),
            },
            decoder: decoder(console),
        };
        self.spawn("espelho-photos", move || bench.run())
            .inspect_err(|_| self.working.store(false, SeqCst))
    }

    /// Starts a thread that [`Imports::stop`] waits for.
    pub(super) fn spawn(
        &self,
        name: &str,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<(), AppError> {
        let spawned = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(|error| {
                AppError::retryable("start", format!("no thread could be started: {error}"))
            })?;
        self.threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(spawned);
        Ok(())
    }

    fn tell_to_stop(&self) {
        self.shared.stopping.store(true, SeqCst);
        // Whoever was between looking and waiting is waiting once the lock was free.
        drop(self.shared.queue());
        self.shared.work.notify_all();
        self.shared.arrivals.look();
        self.shared.prefetch.look();
    }

    /// Ends the work behind the picture that is being worked on, and waits for it. The journal knows what is left.
    pub(crate) fn stop(&self) {
        self.tell_to_stop();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A panic was logged when it happened.
            let _ = thread.join();
        }
    }

    /// The link brought a wanted sealed file.
    pub(crate) fn arrived(&self, blob: BlobId) {
        self.shared.arrivals.came(blob);
    }

    /// The server does not have a wanted sealed file.
    pub(crate) fn missing(&self, blob: BlobId) {
        self.shared.arrivals.cannot_come(blob);
    }

    /// Figures for the performance screen.
    pub(crate) fn numbers(&self) -> PhotoNumbers {
        let queue = self.shared.queue();
        let backlog = queue.fresh.len() + queue.taken.len() + usize::from(queue.working.is_some());
        PhotoNumbers {
            imported: self.shared.imported.load(SeqCst),
            failed: self.shared.failed.load(SeqCst),
            backlog: backlog as u64,
        }
    }
}

impl Drop for Imports {
    /// The threads hold the console only for moments, so this can run while they do; they end by themselves.
    fn drop(&mut self) {
        self.tell_to_stop();
    }
}

fn decoder(console: &Console) -> Client {
    Client::new(&console.config.decoder, [ARGUMENT])
}

/// Why a file does not go on.
pub(super) enum Trouble {
    /// The console was closed; the journal knows the file.
    Closed,
    /// The client has this very file already.
    Duplicate {
        /// As this photo.
        of: PhotoId,
    },
    /// It cannot be taken.
    Failed(AppError),
}

impl From<AppError> for Trouble {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

impl From<photos::PictureError> for Trouble {
    fn from(error: photos::PictureError) -> Self {
        Self::Failed(AppError::new(error.code(), error.to_string()))
    }
}

/// What the thread knows of the rest: the console for moments at a time, so that a closed one is never kept open by a
/// picture.
pub(super) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) console: Weak<Console>,
}

/// The thread's own.
pub(super) struct Bench {
    pub(super) desk: Desk,
    pub(super) decoder: Client,
}

impl Bench {
    fn run(mut self) {
        self.desk.remove_leftovers();
        loop {
            match self.desk.shared.next() {
                Next::Take(file) => self.take(file),
                Next::Optimize(file) => self.optimize(&file),
                Next::Idle => {
                    let Some(console) = self.desk.console.upgrade() else {
                        return;
                    };
                    self.decoder = decoder(&console);
                }
                Next::Stop => return,
            }
        }
    }
}

impl Desk {
    /// The console, unless it was closed.
    pub(super) fn console(&self) -> Result<Arc<Console>, Trouble> {
        match self.console.upgrade() {
            Some(console) if !self.shared.stopping() => Ok(console),
            _ => Err(Trouble::Closed),
        }
    }

    /// Says how far a file is.
    pub(super) fn set(&self, place: Place, photo: Option<PhotoId>, state: ImportState) {
        self.shared.batches.set(place, photo, state);
        if let Some(console) = self.console.upgrade() {
            self.shared.tell(&console);
        }
    }

    /// A file came to an end that is not a good one.
    pub(super) fn give_up(&self, place: Place, photo: PhotoId, trouble: Trouble) {
        let Some(console) = self.console.upgrade() else {
            return;
        };
        let (state, noted) = match trouble {
            Trouble::Closed => return,
            Trouble::Duplicate { of } => (
                ImportState::Skipped {
                    existing: of.to_string(),
                },
                self.shared
                    .note(&console.store, |journal| journal.ended(photo)),
            ),
            Trouble::Failed(AppError { code, message, .. }) => {
                console.recorder.count_failure(&code);
                self.shared.failed.fetch_add(1, SeqCst);
                let noted = self.shared.note(&console.store, |journal| {
                    journal.failed(photo, &code, &message)
                });
                (ImportState::Failed { code, message }, noted)
            }
        };
        if let Err(error) = noted {
            // After a restart the file is reported as interrupted, which is true as well.
            tracing::warn!(%error, "the end of an import was not noted");
        }
        drop(console);
        self.set(place, None, state);
    }
}
