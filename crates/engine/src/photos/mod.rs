//! Photos: taking files in, showing them, fetching those that other consoles took.
//!
//! A file goes through two steps on one background thread, and every file of a batch goes through the first before any goes
//! through the second: [`take`] reads and checks it, seals thumbnail and original and puts the photo into the outbox, so that
//! it can be seen; [`optimize`] makes the renditions. Pixels are decoded in a process of its own that holds no keys.
//!
//! What always holds:
//! - sealed files are on disk before the transaction that speaks of them; what a crash leaves over is removed ([`resume`]);
//! - no client's key is held while the console is locked: an import brings the keys of its own photos with it;
//! - pictures leave through [`picture`] alone, as renditions, to somebody at work, and each first look is audited.

mod arrivals;
mod details;
mod files;
mod import;
mod journal;
mod optimize;
mod picture;
mod prefetch;
mod progress;
mod queue;
mod resume;
mod take;

pub use picture::Picture;
pub(crate) use queue::Imports;

use crate::core::Engine;
use crate::error::AppError;
use crate::reading::{millis, read};
use crate::view::agenda::Outcome;
use crate::view::photos::{PhotoCard, TagRequest};
use base64::Engine as _;
use domain::action::{Action, TagPhoto, WithdrawPhoto};
use domain::id::{ClientId, PhotoId};
use domain::role::Permission;
use domain::row::{Photo, RenditionFormat};
use std::process::ExitCode;
use store::{StoreError, Tx};

/// Photos of one page.
const PAGE: usize = 60;

/// Decodes pictures until its input ends: the whole life of the process that is started with `--decode-worker`.
pub fn serve_decode_worker() -> ExitCode {
    photos::worker::serve(std::io::stdin().lock(), std::io::stdout().lock())
}

/// A photo as lists show it.
pub(crate) fn card(photo: &Photo, on_server: bool) -> PhotoCard {
    let mut widths: Vec<u32> = photo
        .renditions
        .iter()
        .map(|rendition| rendition.width)
        .collect();
    widths.dedup();
    PhotoCard {
        id: photo.id.to_string(),
        client_id: photo.client.to_string(),
        region: photo.region.clone(),
        view: photo.view.clone(),
        phase: photo.phase,
        taken_at: millis(photo.taken_at),
        width: photo.width,
        height: photo.height,
        thumbhash: base64::engine::general_purpose::STANDARD.encode(&photo.thumbhash),
        widths,
        complete: is_complete(photo),
        on_server,
        revision: u32::try_from(photo.renditions.len()).unwrap_or(u32::MAX),
    }
}

/// Whether every width of the responsive set is there; the first thumbnail of an import does not count.
fn is_complete(photo: &Photo) -> bool {
    photos::rendition_widths(photo.width).iter().all(|width| {
        photo
            .renditions
            .iter()
            .any(|rendition| rendition.width == *width && rendition.format != RenditionFormat::Jpeg)
    })
}

fn cards(tx: &Tx<'_>, photos: &[Photo]) -> Result<Vec<PhotoCard>, StoreError> {
    photos
        .iter()
        .map(|photo| Ok(card(photo, tx.original_on_server(photo.original.id)?)))
        .collect()
}

impl Engine {
    /// A client's photos that were not taken back, newest first.
    ///
    /// # Errors
    /// When the person may not see photos, or the database cannot be read.
    pub fn photos_of(&self, client_id: String) -> Result<Vec<PhotoCard>, AppError> {
        self.answer(Permission::ViewPhotos, |console, _| {
            let client: ClientId = read("client", &client_id)?;
            console.read("photos_of", |tx| {
                let photos = tx.photos_of(client)?;
                cards(tx, &photos)
            })
        })
    }

    /// A page of everybody's photos, newest first; `after` is the last id of the page before.
    ///
    /// # Errors
    /// When the person may not see photos, `after` is no photo, or the database cannot be read.
    pub fn photos_recent(&self, after: Option<String>) -> Result<Vec<PhotoCard>, AppError> {
        self.answer(Permission::ViewPhotos, |console, _| {
            let after = match &after {
                Some(id) => {
                    let id: PhotoId = read("photo", id)?;
                    let last = console.read("photo", |tx| tx.get::<Photo>(id))?;
                    Some(last.ok_or_else(|| AppError::not_found("photo"))?)
                }
                None => None,
            };
            let after = after.map(|photo| (photo.taken_at, photo.id));
            console.read("photos_recent", |tx| {
                let photos = tx.photos_page(after, PAGE)?;
                cards(tx, &photos)
            })
        })
    }

    /// Names a photo's region, view and phase.
    ///
    /// # Errors
    /// When the person may not add photos, or the database fails. What a rule refuses is an outcome.
    pub fn photo_tag(&self, request: TagRequest) -> Result<Outcome, AppError> {
        self.perform(
            |_, _| {
                let action = TagPhoto {
                    id: read("photo", &request.id)?,
                    region: request.region,
                    view: request.view,
                    phase: request.phase,
                };
                Ok((Action::from(action), request.id))
            },
            Permission::AddPhotos,
        )
    }

    /// Takes a photo back from the wrong client, or undoes that. The record stays; the picture is no longer shown.
    ///
    /// # Errors
    /// When the person may not take photos back, or the database fails. What a rule refuses is an outcome.
    pub fn photo_withdraw(&self, id: String, withdrawn: bool) -> Result<Outcome, AppError> {
        self.perform(
            |_, _| {
                let action = WithdrawPhoto {
                    id: read("photo", &id)?,
                    withdrawn,
                };
                Ok((Action::from(action), id))
            },
            Permission::WithdrawPhotos,
        )
    }
}
