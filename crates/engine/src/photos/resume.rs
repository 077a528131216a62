//! After a crash: photos that lack renditions get them once somebody entitled is at work, and sealed files that nothing
//! refers to are removed.

use super::journal::{Journal, Left};
use super::picture::photo_key;
use super::queue::{Desk, Signer, TakenFile};
use crate::console::Console;
use crate::error::AppError;
use crate::session::Session;
use domain::id::PhotoId;
use domain::role::{Permission, allows};
use domain::row::Photo;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

impl Console {
    /// Goes on with what an interrupted import left, in the name of whoever signed in. To be called when somebody did.
    pub(crate) fn resume_imports(&self, session: &Session) {
        if !allows(&session.staff().roles, Permission::AddPhotos) || !session.opens_clinical() {
            return;
        }
        if let Err(error) = self.try_resume(session) {
            tracing::warn!(code = %error.code, "interrupted imports were not resumed");
        }
    }

    fn try_resume(&self, session: &Session) -> Result<(), AppError> {
        let shared = &self.imports.shared;
        let unfinished: Vec<PhotoId> = unfinished(&shared.journal())
            .filter(|photo| !shared.holds(*photo))
            .collect();
        if unfinished.is_empty() && !shared.leftovers.load(SeqCst) {
            return Ok(());
        }
        let signer = Arc::new(Signer {
            staff: session.staff().id,
            key: session.signing_key()?,
        });
        for id in unfinished {
            let place = shared.batches.place_of(id);
            let photo = self.read("photo", |tx| tx.get::<Photo>(id))?;
            let photo = photo.filter(|photo| self.blobs.holds(photo.original.id));
            let (Some(place), Some(photo)) = (place, photo) else {
                // The server refused the photo, or its original is gone: there is nothing to make renditions of.
                shared.note(&self.store, |journal| journal.ended(id))?;
                continue;
            };
            let key = photo_key(self, session, &photo)?;
            shared.add_taken(TakenFile {
                place,
                photo: id,
                key,
                signer: Arc::clone(&signer),
            });
        }
        self.imports.work(self)
    }
}

fn unfinished(journal: &Journal) -> impl Iterator<Item = PhotoId> {
    journal
        .batches
        .iter()
        .flat_map(|batch| &batch.files)
        .filter(|file| matches!(file.left, Left::Renditions { .. }))
        .map(|file| file.photo)
}

impl Desk {
    /// Removes sealed files that a crash left between putting them down and the transaction that would have spoken of them.
    /// Runs before this thread, the only one that makes any, makes new ones; what the link fetches is referred to before.
    pub(super) fn remove_leftovers(&self) {
        if !self.shared.leftovers.swap(false, SeqCst) {
            return;
        }
        let Some(console) = self.console.upgrade() else {
            return;
        };
        let removed = (|| {
            let here = console.blobs.list()?;
            let referenced = console.store.read(|tx| tx.referenced_blobs())?;
            let leftovers: Vec<_> = here
                .into_iter()
                .filter(|blob| !referenced.contains(blob))
                .collect();
            leftovers
                .iter()
                .try_for_each(|blob| console.blobs.remove(*blob))?;
            Ok::<_, store::StoreError>(leftovers.len())
        })();
        match removed {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "sealed files that a crash had left were removed"),
            Err(error) => {
                tracing::warn!(%error, "sealed files that a crash had left were not all removed")
            }
        }
    }
}
