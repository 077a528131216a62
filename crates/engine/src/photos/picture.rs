//! Showing pictures: the only way pixels leave the engine. Renditions alone are shown, never the original.

use super::arrivals::Waited;
use super::queue::Imports;
use crate::cache::Scope;
use crate::caches::OpenedPicture;
use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::net::LinkState;
use crate::reading::read;
use crate::session::{Seated, Session};
use domain::blob::BlobId;
use domain::id::PhotoId;
use domain::role::{Permission, allows};
use domain::row::{ClientKeyGrant, Photo, Rendition};
use monitor::Area;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use store::StoreError;
use vault::clinical::unwrap_photo_key;
use vault::key::PhotoKey;
use vault::stream;

/// How long somebody waits for a picture that has to come from the server.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// Renditions up to this width are opened ahead.
const WARM_WIDTH: u32 = 640;
/// Pictures opened ahead at most.
const MOST_WARMED: usize = 200;

/// A picture for the window.
pub struct Picture {
    /// What it is.
    pub media_type: &'static str,
    /// The encoded picture.
    pub bytes: Vec<u8>,
}

/// Photos that the person at work has looked at: each first look is audited.
#[derive(Default)]
pub(super) struct LookedAt(Mutex<(Weak<Session>, HashSet<PhotoId>)>);

impl LookedAt {
    /// Whether it is the first look in this session.
    fn is_first(&self, session: &Arc<Session>, photo: PhotoId) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::ptr::eq(held.0.as_ptr(), Arc::as_ptr(session)) {
            *held = (Arc::downgrade(session), HashSet::new());
        }
        held.1.insert(photo)
    }

    /// The look was not remembered after all.
    fn forget(&self, photo: PhotoId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .remove(&photo);
    }
}

impl Imports {
    /// Asks the link for a sealed file.
    pub(super) fn want(&self, console: &Console, blob: BlobId) {
        if let Some(link) = console.link() {
            self.shared.arrivals.ask_again(blob);
            link.want_blob(blob, 0);
        }
    }
}

impl Engine {
    /// The rendition of a photo that is nearest to `width` device pixels: the narrowest that is at least so wide, or else the
    /// widest. Where that one has to come from the server, one that is here answers at once; where none is, this waits.
    ///
    /// # Errors
    /// When nobody is at work or they may not see photos, there is no such photo, or no rendition of it is here and none
    /// comes in time (`photo_not_here`, or `photo_damaged` when one was here and was found damaged).
    pub fn photo_bytes(&self, id: &str, width: u32) -> Result<Picture, AppError> {
        let Seated { console, session } = self.seated(Permission::ViewPhotos)?;
        let id: PhotoId = read("photo", id)?;
        let photo = console
            .read("photo", |tx| tx.get::<Photo>(id))?
            .filter(|photo| photo.withdrawn_at.is_none())
            .ok_or_else(|| AppError::not_found("photo"))?;
        let (rendition, picture) = console.nearest(&session, &photo, width)?;
        console.audit_look(&session, id)?;
        if !console.seat().is_at_work(&session) {
            // Locking emptied the cache, and this may have filled it again behind its back.
            console.caches.photos.remove(&rendition.blob.id);
            return Err(AppError::locked());
        }
        Ok(Picture {
            media_type: rendition.format.media_type(),
            bytes: picture.bytes.clone(),
        })
    }
}

impl Console {
    fn audit_look(&self, session: &Arc<Session>, photo: PhotoId) -> Result<(), AppError> {
        let looked_at = &self.imports.shared.looked_at;
        if !looked_at.is_first(session, photo) {
            return Ok(());
        }
        self.audit(session.staff().id, "photo_viewed", Some(photo.as_bytes()))
            .inspect_err(|_| looked_at.forget(photo))
    }

    fn nearest<'p>(
        &self,
        session: &Arc<Session>,
        photo: &'p Photo,
        width: u32,
    ) -> Result<(&'p Rendition, Arc<OpenedPicture>), AppError> {
        let wishes = by_nearness(&photo.renditions, width);
        let best = *wishes
            .first()
            .ok_or_else(|| AppError::not_found("picture"))?;
        let mut not_here: AppError = StoreError::BlobMissing(best.blob.id).into();
        for rendition in wishes {
            match self.opened(session, photo, rendition) {
                Ok(picture) => {
                    if !std::ptr::eq(rendition, best) {
                        self.imports.want(self, best.blob.id);
                    }
                    return Ok((rendition, picture));
                }
                Err(error) if error.code == "photo_not_here" => {}
                Err(error) if error.code == "photo_damaged" => {
                    self.remove_damaged(rendition.blob.id)?;
                    not_here = error;
                }
                Err(error) => return Err(error),
            }
        }
        self.imports.want(self, best.blob.id);
        if self.wait_for(session, best.blob.id) == Waited::Here {
            return Ok((best, self.opened(session, photo, best)?));
        }
        Err(not_here)
    }

    /// Waits for a wanted file while there is a connection, or one is being made, and the person is still there.
    fn wait_for(&self, session: &Session, blob: BlobId) -> Waited {
        let connected = || {
            let link = self.link().map(|link| link.status().connection);
            link.is_some_and(|state| !matches!(state, LinkState::Offline(_)))
        };
        let shared = &self.imports.shared;
        let useful = || !shared.stopping() && connected() && self.seat().is_at_work(session);
        shared
            .arrivals
            .wait(blob, LONGEST_WAIT, || self.blobs.holds(blob), useful)
    }

    /// An opened rendition, from the cache or from its sealed file.
    fn opened(
        &self,
        session: &Session,
        photo: &Photo,
        rendition: &Rendition,
    ) -> Result<Arc<OpenedPicture>, AppError> {
        self.caches
            .photos
            .get_or_load(rendition.blob.id, Scope::Immutable, || {
                let sealed = self.blobs.get(rendition.blob.id)?;
                let begun = Instant::now();
                let opened = photo_key(self, session, photo).and_then(|key| {
                    Ok(OpenedPicture {
                        bytes: stream::open(&key, &sealed)?,
                    })
                });
                self.recorder
                    .record(Area::Photo, "open", begun.elapsed(), opened.is_ok());
                opened
            })
    }

    /// A sealed file that is not what its name says goes, so that it can be fetched again.
    fn remove_damaged(&self, blob: BlobId) -> Result<(), AppError> {
        tracing::error!(%blob, "a sealed picture was damaged on disk and was removed");
        self.recorder.count_failure("photo_damaged");
        self.blobs.remove(blob)?;
        self.store.write(|tx| tx.set_blob_lost(blob))?;
        self.imports.want(self, blob);
        Ok(())
    }

    /// Opens the small renditions of those who come today, as far as they are here.
    pub(crate) fn warm_photos(&self, session: &Session) -> Result<(), AppError> {
        if !allows(&session.staff().roles, Permission::ViewPhotos) {
            return Ok(());
        }
        let today = self.today(&*self.the_clinic()?);
        let mut left = MOST_WARMED;
        for client in self.read("clients_of_day", |tx| tx.clients_of_day(today))? {
            for photo in self.read("photos_of", |tx| tx.photos_of(client))? {
                if left == 0 || !self.seat().is_at_work(session) {
                    return Ok(());
                }
                let nearest = by_nearness(&photo.renditions, WARM_WIDTH).first().copied();
                if let Some(rendition) =
                    nearest.filter(|rendition| self.blobs.holds(rendition.blob.id))
                {
                    self.opened(session, &photo, rendition)?;
                    left -= 1;
                }
            }
        }
        Ok(())
    }
}

/// The key of a photo, by the client's key that it is wrapped under.
pub(super) fn photo_key(
    console: &Console,
    session: &Session,
    photo: &Photo,
) -> Result<PhotoKey, AppError> {
    let grant = console
        .read("client_key", |tx| {
            tx.get::<ClientKeyGrant>(photo.client_key)
        })?
        .ok_or_else(|| AppError::not_found("client key"))?;
    Ok(session.with_client_key(&grant, |key| {
        unwrap_photo_key(key, photo.id, &photo.wrapped_key)
    })??)
}

/// Renditions in the order in which they answer a wish for `width`: the narrowest that is wide enough, then wider ones, then
/// narrower ones, widest first. Of two of one width the better encoding is first.
pub(super) fn by_nearness(renditions: &[Rendition], width: u32) -> Vec<&Rendition> {
    let mut wishes: Vec<&Rendition> = renditions.iter().collect();
    wishes.sort_by_key(|rendition| {
        let short = width.saturating_sub(rendition.width);
        (short, rendition.width, rendition.format)
    });
    wishes
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::row::{BlobRef, RenditionFormat};

    fn rendition(width: u32, format: RenditionFormat) -> Rendition {
        let blob = BlobRef {
            id: BlobId([0; 32]),
            len: 1,
        };
        Rendition {
            width,
            height: 1,
            format,
            bytes: 1,
            blob,
        }
    }

    #[test]
    fn the_narrowest_that_is_wide_enough_answers_or_else_the_widest() {
        use RenditionFormat::{Avif, Jpeg};
        let all: Vec<Rendition> = [(320, Avif), (320, Jpeg), (640, Avif), (1280, Avif)]
            .map(|(width, format)| rendition(width, format))
            .into();
        let order = |width| {
            by_nearness(&all, width)
                .iter()
                .map(|one| (one.width, one.format))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            order(300),
            [(320, Avif), (320, Jpeg), (640, Avif), (1280, Avif)]
        );
        assert_eq!(
            order(641),
            [(1280, Avif), (640, Avif), (320, Avif), (320, Jpeg)]
        );
        assert_eq!(order(4000)[0], (1280, Avif));
    }
}
