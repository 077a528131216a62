//! Fetching ahead: small renditions that somebody will soon look at come before they are asked for, so that they are there
//! when the network is not. Only sealed files are moved, so this goes on while the console is locked.

use super::picture::by_nearness;
use super::queue::Shared;
use crate::console::Console;
use crate::error::AppError;
use crate::net::LinkState;
use domain::blob::BlobId;
use domain::id::PhotoId;
use domain::row::{Photo, RowKey, Table};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use store::{StoreError, Tx};

/// Width fetched for every photo that is fetched ahead.
const SMALL: u32 = 640;
/// Width fetched as well for those who come today.
const LARGE: u32 = 1280;
/// Newest photos of the clinic that are fetched ahead.
const NEWEST: usize = 200;
/// Files of one round at most.
const MOST_FILES: usize = 2000;
/// Changed photos that are remembered; behind more than that a full round is due anyway.
const MOST_CHANGED: usize = 500;
/// Files asked for at once: the link fetches one after the other, and what a person waits for must not queue behind many.
const AT_ONCE: usize = 8;
/// How long the files asked for at once may take.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Wishes {
    everything: bool,
    changed: Vec<PhotoId>,
}

/// What is to be fetched ahead.
#[derive(Default)]
pub(super) struct Prefetch {
    wishes: Mutex<Wishes>,
    made: Condvar,
    running: AtomicBool,
}

impl Prefetch {
    fn wishes(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows were committed: new photos and renditions may be wanted here.
    pub(super) fn committed(&self, keys: &[RowKey]) {
        if !self.running.load(SeqCst) {
            return;
        }
        let mut wishes = self.wishes();
        let photos = keys
            .iter()
            .filter(|key| key.table == Table::Photo)
            .map(|key| PhotoId(key.id));
        let room = MOST_CHANGED.saturating_sub(wishes.changed.len());
        wishes.changed.extend(photos.take(room));
        if !wishes.changed.is_empty() {
            self.made.notify_all();
        }
    }

    /// Wakes the thread to see that it is to end.
    pub(super) fn look(&self) {
        // Whoever was between looking and waiting is waiting once the lock was free.
        drop(self.wishes());
        self.made.notify_all();
    }

    fn take(&self, stopping: impl Fn() -> bool) -> Option<Wishes> {
        let mut wishes = self.wishes();
        loop {
            if stopping() {
                return None;
            }
            if wishes.everything || !wishes.changed.is_empty() {
                return Some(std::mem::take(&mut *wishes));
            }
            wishes = self
                .made
                .wait(wishes)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Console {
    /// Fetches ahead what today and tomorrow need, and the newest photos; from then on also what is new. To be called when
    /// the connection is there and the data are complete; returns at once.
    pub(crate) fn prefetch_photos(&self) {
        let shared = &self.imports.shared;
        shared.prefetch.wishes().everything = true;
        shared.prefetch.made.notify_all();
        if shared.prefetch.running.swap(true, SeqCst) {
            return;
        }
        let (working, console) = (Arc::clone(shared), Weak::clone(&self.me));
        if let Err(error) = self
            .imports
            .spawn("espelho-prefetch", move || run(&working, &console))
        {
            shared.prefetch.running.store(false, SeqCst);
            tracing::warn!(code = %error.code, "pictures are not fetched ahead");
        }
    }

    /// Sealed files to fetch, most urgent first, without those that are here.
    fn to_fetch(&self, wishes: &Wishes) -> Result<Vec<BlobId>, AppError> {
        let clinic = self.clinic()?;
        let blobs = self.read("photos_to_fetch", |tx| {
            let mut list = List::default();
            if let (true, Some(clinic)) = (wishes.everything, &clinic) {
                let today = self.today(clinic);
                list.add_clients(tx, today, &[SMALL, LARGE])?;
                list.add_clients(tx, today.plus(1), &[SMALL])?;
                list.add(&tx.photos_page(None, NEWEST)?, &[SMALL]);
            }
            for id in &wishes.changed {
                let photo = tx
                    .get::<Photo>(*id)?
                    .filter(|photo| photo.withdrawn_at.is_none());
                list.add(photo.as_slice(), &[SMALL]);
            }
            Ok(list.blobs)
        })?;
        Ok(blobs
            .into_iter()
            .filter(|blob| !self.blobs.holds(*blob))
            .take(MOST_FILES)
            .collect())
    }

    fn is_online(&self) -> bool {
        self.link()
            .is_some_and(|link| link.status().connection == LinkState::Online)
    }
}

/// Files in the order in which they were named first.
#[derive(Default)]
struct List {
    blobs: Vec<BlobId>,
    named: HashSet<BlobId>,
}

impl List {
    fn add_clients(
        &mut self,
        tx: &Tx<'_>,
        day: domain::time::Day,
        widths: &[u32],
    ) -> Result<(), StoreError> {
        for client in tx.clients_of_day(day)? {
            self.add(&tx.photos_of(client)?, widths);
        }
        Ok(())
    }

    fn add(&mut self, photos: &[Photo], widths: &[u32]) {
        for photo in photos {
            for width in widths {
                let nearest = by_nearness(&photo.renditions, *width)
                    .first()
                    .map(|rendition| rendition.blob.id);
                self.blobs
                    .extend(nearest.filter(|blob| self.named.insert(*blob)));
            }
        }
    }
}

fn run(shared: &Shared, console: &Weak<Console>) {
    while let Some(wishes) = shared.prefetch.take(|| shared.stopping()) {
        let Some(open) = console.upgrade() else {
            return;
        };
        let files = open.to_fetch(&wishes).unwrap_or_else(|error| {
            tracing::warn!(code = %error.code, "what to fetch ahead was not found out");
            Vec::new()
        });
        drop(open);
        for some in files.chunks(AT_ONCE) {
            if !fetch(shared, console, some) {
                break;
            }
        }
    }
}

/// Fetches some files; false when it is of no use to go on.
fn fetch(shared: &Shared, console: &Weak<Console>, files: &[BlobId]) -> bool {
    let Some(open) = console.upgrade() else {
        return false;
    };
    if shared.stopping() || !open.is_online() {
        return false;
    }
    for file in files {
        open.imports.want(&open, *file);
    }
    let blobs = open.blobs.clone();
    drop(open);
    let useful =
        || !shared.stopping() && console.upgrade().is_some_and(|console| console.is_online());
    for file in files {
        shared
            .arrivals
            .wait(*file, LONGEST_WAIT, || blobs.holds(*file), useful);
    }
    true
}
