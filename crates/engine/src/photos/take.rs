//! The first step of a file: read, checked, sealed, in the outbox. From then on it is a photo that everybody can see.

use super::details;
use super::files::{PutDown, read_file};
use super::journal::JOURNAL;
use super::queue::{Bench, Desk, FreshFile, Signer, TakenFile, Trouble};
use crate::act::{Stopped, code};
use crate::console::Console;
use crate::error::AppError;
use crate::view::photos::ImportState;
use domain::action::{Action, AddPhoto, GrantClientKey};
use domain::id::{AppointmentId, ClientId, ClientKeyId, PhotoId};
use domain::row::{BlobRef, Photo, PhotoPhase, Rendition};
use domain::store_port::ReplicaStore as _;
use domain::time::ClinicZone;
use monitor::Area;
use photos::{Details, Encoded, Limits, PictureError, Plan, Stage, Wanted};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use vault::key::PhotoKey;
use vault::stream::{self, SealedBlob};

/// What all files of a batch have in common.
pub(super) struct Order {
    pub(super) client: ClientId,
    pub(super) appointment: Option<AppointmentId>,
    pub(super) region: String,
    pub(super) view: String,
    pub(super) phase: PhotoPhase,
    /// The client's key that the photos' keys are wrapped under.
    pub(super) client_key: ClientKeyId,
    /// That key, until it is in the outbox.
    pub(super) grant: Mutex<Option<GrantClientKey>>,
    pub(super) signer: Arc<Signer>,
}

/// What the decoder says of a sound picture.
struct Seen {
    camera: Details,
    thumbnail: Encoded,
    width: u32,
    height: u32,
    thumbhash: Vec<u8>,
}

/// The sealed pieces of a photo, on disk.
struct Pieces {
    thumbnail: Rendition,
    original: BlobRef,
    put: PutDown,
}

impl Bench {
    /// Takes a file in.
    pub(super) fn take(&mut self, file: FreshFile) {
        let begun = Instant::now();
        self.desk.set(file.place, None, ImportState::Reading);
        let taken = self.try_take(&file);
        if let Some(console) = self.desk.console.upgrade() {
            let good = matches!(taken, Ok(_) | Err(Trouble::Duplicate { .. }));
            console
                .recorder
                .record(Area::Photo, "import_file", begun.elapsed(), good);
        }
        match taken {
            Ok(width) => {
                self.desk.shared.imported.fetch_add(1, SeqCst);
                let of = u8::try_from(photos::rendition_widths(width).len()).unwrap_or(u8::MAX);
                self.desk.set(
                    file.place,
                    Some(file.photo),
                    ImportState::Optimizing { done: 0, of },
                );
                self.desk.shared.add_taken(TakenFile {
                    place: file.place,
                    photo: file.photo,
                    key: file.key,
                    signer: Arc::clone(&file.order.signer),
                });
            }
            Err(trouble) => self.desk.give_up(file.place, file.photo, trouble),
        }
    }

    /// The width of the photo that it became.
    fn try_take(&mut self, file: &FreshFile) -> Result<u32, Trouble> {
        let bytes = read_file(&file.path, &Limits::default())?;
        let fingerprint = {
            let console = self.desk.console()?;
            let fingerprint = console.fingerprint(&bytes);
            let client = file.order.client;
            let existing = console.read("photo_duplicate", |tx| {
                tx.photo_by_fingerprint(client, &fingerprint)
            })?;
            if let Some(of) = existing {
                return Err(Trouble::Duplicate { of });
            }
            fingerprint
        };
        let seen = self.look_at(&bytes)?;
        let console = self.desk.console()?;
        let pieces = put_down(&console, &file.key, &seen.thumbnail, &bytes)?;
        let width = seen.width;
        let photo = describe(
            &console,
            file,
            seen,
            &pieces,
            fingerprint,
            bytes.len() as u64,
        );
        self.desk.commit(&console, file, photo, pieces)?;
        Ok(width)
    }

    /// Has the picture decoded as a whole: one that turned out to be damaged behind its thumbnail is not taken.
    fn look_at(&mut self, bytes: &[u8]) -> Result<Seen, Trouble> {
        let plan = Plan {
            wanted: Wanted::Sound,
            ..Plan::default()
        };
        let begun = Instant::now();
        let mut shown_after: Option<Duration> = None;
        let (mut camera, mut thumbnail, mut decoded) = (Details::default(), None, None);
        let outcome = self.decoder.import(bytes, &plan, |stage| match stage {
            Stage::Opened { details, .. } => camera = details,
            Stage::Thumbnail(encoded) => {
                shown_after.get_or_insert(begun.elapsed());
                thumbnail = Some(encoded);
            }
            Stage::Decoded {
                width,
                height,
                thumbhash,
                ..
            } => decoded = Some((width, height, thumbhash)),
            Stage::Rendition(_) => {}
        });
        let console = self.desk.console()?;
        if let Some(after) = shown_after {
            console
                .recorder
                .record(Area::Photo, "thumbnail", after, true);
        }
        console
            .recorder
            .record(Area::Photo, "decode", begun.elapsed(), outcome.is_ok());
        outcome?;
        let (Some(thumbnail), Some((width, height, thumbhash))) = (thumbnail, decoded) else {
            return Err(PictureError::WorkerProtocol {
                cause: "it left out a stage".to_owned(),
            }
            .into());
        };
        Ok(Seen {
            camera,
            thumbnail,
            width,
            height,
            thumbhash,
        })
    }
}

impl Desk {
    /// Puts the photo, its upload and the client's key, where that is new, into the outbox in one transaction.
    fn commit(
        &self,
        console: &Console,
        file: &FreshFile,
        photo: Photo,
        pieces: Pieces,
    ) -> Result<(), Trouble> {
        let order = &file.order;
        let mut grant = order.grant.lock().unwrap_or_else(PoisonError::into_inner);
        let mut actions: Vec<Action> = grant.clone().into_iter().map(Action::from).collect();
        actions.push(AddPhoto { photo }.into());
        let sign = |bytes: &[u8]| order.signer.sign(bytes);
        let taken = self.shared.with_journal(
            |journal| journal.taken(file.photo),
            |journal| {
                console.take_in_with(order.signer.staff, &sign, &actions, |tx| {
                    tx.add_blob(&pieces.thumbnail.blob, file.photo, false)?;
                    tx.add_blob(&pieces.original, file.photo, true)?;
                    tx.state_put(JOURNAL, journal)
                })
            },
        );
        taken.map_err(stopped)?;
        *grant = None;
        pieces.put.keep();
        if let Some(link) = console.link() {
            link.blobs_changed();
        }
        Ok(())
    }
}

/// Why the outbox did not take it.
pub(super) fn stopped(why: Stopped) -> Trouble {
    Trouble::Failed(match why {
        Stopped::Failed(error) => error,
        Stopped::Refused(reason) => AppError::new(
            code(&reason),
            "the clinic's rules refuse this photo; check the client, the visit and the tags",
        ),
    })
}

/// Seals under the photo's key and measures it.
pub(super) fn seal(console: &Console, key: &PhotoKey, plain: &[u8]) -> SealedBlob {
    let begun = Instant::now();
    let sealed = stream::seal(key, plain, &*console.config.entropy);
    console
        .recorder
        .record(Area::Photo, "seal", begun.elapsed(), true);
    sealed
}

/// A made picture as the photo's row lists it.
pub(super) fn rendition(encoded: &Encoded, blob: BlobRef) -> Rendition {
    Rendition {
        width: encoded.width,
        height: encoded.height,
        format: encoded.format.into(),
        bytes: encoded.bytes.len() as u64,
        blob,
    }
}

fn put_down(
    console: &Console,
    key: &PhotoKey,
    thumbnail: &Encoded,
    original: &[u8],
) -> Result<Pieces, AppError> {
    let mut put = PutDown::new(&console.blobs);
    let blob = put.put(&seal(console, key, &thumbnail.bytes))?;
    let original = put.put(&seal(console, key, original))?;
    Ok(Pieces {
        thumbnail: rendition(thumbnail, blob),
        original,
        put,
    })
}

fn describe(
    console: &Console,
    file: &FreshFile,
    seen: Seen,
    pieces: &Pieces,
    fingerprint: [u8; 32],
    original_bytes: u64,
) -> Photo {
    let now = console.now();
    let zone = match console.clinic() {
        Ok(Some(clinic)) => clinic.zone.clone(),
        _ => ClinicZone::sao_paulo(),
    };
    let id: PhotoId = file.photo;
    Photo {
        id,
        client: file.order.client,
        encounter: None,
        appointment: file.order.appointment,
        region: file.order.region.clone(),
        view: file.order.view.clone(),
        phase: file.order.phase,
        taken_at: details::taken_at(&seen.camera, &zone, now),
        imported_at: now,
        imported_by: file.order.signer.staff,
        width: seen.width,
        height: seen.height,
        thumbhash: seen.thumbhash,
        fingerprint: fingerprint.to_vec(),
        original_bytes,
        original: pieces.original.clone(),
        client_key: file.order.client_key,
        wrapped_key: file.wrapped.clone(),
        sealed_details: details::seal(
            &file.key,
            id,
            &file.name,
            &seen.camera,
            &*console.config.entropy,
        ),
        renditions: vec![pieces.thumbnail.clone()],
        withdrawn_at: None,
    }
}
