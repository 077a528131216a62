//! The second step of a file: its renditions, from the sealed original, so that the card or phone it came from may be gone.

use super::files::PutDown;
use super::journal::JOURNAL;
use super::progress::Place;
use super::queue::{Bench, Desk, TakenFile, Trouble};
use super::take::{rendition, seal, stopped};
use crate::console::Console;
use crate::error::AppError;
use crate::view::photos::ImportState;
use domain::action::{Action, AddRenditions};
use domain::row::{Photo, Rendition};
use domain::store_port::ReplicaStore as _;
use monitor::Area;
use photos::{Encoded, Plan, Stage, Wanted};
use std::sync::Arc;
use std::time::Instant;
use vault::stream;

/// What is made of one photo, as it is made.
struct Making<'a> {
    desk: &'a Desk,
    file: &'a TakenFile,
    photo: &'a Photo,
    put: PutDown,
    renditions: Vec<Rendition>,
    /// When the last piece was done.
    since: Instant,
    failed: Option<Trouble>,
}

impl Bench {
    /// Makes the renditions of a photo.
    pub(super) fn optimize(&mut self, file: &TakenFile) {
        match self.try_optimize(file) {
            Ok(done) => self.desk.set(file.place, Some(file.photo), done),
            Err(trouble) => self.desk.give_up(file.place, file.photo, trouble),
        }
    }

    fn try_optimize(&mut self, file: &TakenFile) -> Result<ImportState, Trouble> {
        let (photo, original, blobs) = {
            let console = self.desk.console()?;
            let photo = console.read("photo", |tx| tx.get::<Photo>(file.photo))?;
            // The server refused it, or the console lost the right to hold photos.
            let photo = photo.ok_or_else(|| AppError::not_found("photo"))?;
            let original = open_original(&console, file, &photo)?;
            (photo, original, console.blobs.clone())
        };
        let mut making = Making {
            desk: &self.desk,
            file,
            photo: &photo,
            put: PutDown::new(&blobs),
            renditions: Vec::new(),
            since: Instant::now(),
            failed: None,
        };
        let plan = Plan {
            wanted: Wanted::Renditions,
            ..Plan::default()
        };
        let outcome = self.decoder.import(&original, &plan, |stage| match stage {
            Stage::Decoded { .. } => making.since = Instant::now(),
            Stage::Rendition(encoded) => making.add(&encoded),
            Stage::Opened { .. } | Stage::Thumbnail(_) => {}
        });
        let (put, renditions, failed) = (making.put, making.renditions, making.failed);
        if let Some(trouble) = failed {
            return Err(trouble);
        }
        outcome?;
        self.desk.finish(file, &photo, put, renditions)
    }
}

impl Desk {
    /// Puts all renditions into the outbox with their uploads.
    fn finish(
        &self,
        file: &TakenFile,
        photo: &Photo,
        put: PutDown,
        renditions: Vec<Rendition>,
    ) -> Result<ImportState, Trouble> {
        let console = self.console()?;
        let widest = renditions.last().map_or(0, |widest| widest.bytes);
        let blobs: Vec<_> = renditions
            .iter()
            .map(|rendition| rendition.blob.clone())
            .collect();
        let action = Action::from(AddRenditions {
            id: photo.id,
            renditions,
        });
        let sign = |bytes: &[u8]| file.signer.sign(bytes);
        let taken = self.shared.with_journal(
            |journal| journal.ended(photo.id),
            |journal| {
                console.take_in_with(file.signer.staff, &sign, &[action], |tx| {
                    for blob in &blobs {
                        tx.add_blob(blob, photo.id, false)?;
                    }
                    tx.state_put(JOURNAL, journal)
                })
            },
        );
        taken.map_err(stopped)?;
        put.keep();
        if let Some(link) = console.link() {
            link.blobs_changed();
        }
        Ok(ImportState::Done {
            original_bytes: photo.original_bytes as f64,
            rendition_bytes: widest as f64,
        })
    }
}

impl Making<'_> {
    fn add(&mut self, encoded: &Encoded) {
        if self.failed.is_some() {
            return;
        }
        if let Err(trouble) = self.try_add(encoded) {
            self.failed = Some(trouble);
        }
    }

    fn try_add(&mut self, encoded: &Encoded) -> Result<(), Trouble> {
        let console = self.desk.console()?;
        console.recorder.record(
            Area::Photo,
            name_of(encoded.width),
            self.since.elapsed(),
            true,
        );
        let blob = self
            .put
            .put(&seal(&console, &self.file.key, &encoded.bytes))?;
        drop(console);
        self.renditions.push(rendition(encoded, blob));
        let count = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
        let state = ImportState::Optimizing {
            done: count(self.renditions.len()),
            of: count(photos::rendition_widths(self.photo.width).len()),
        };
        let place: Place = self.file.place;
        self.desk.set(place, Some(self.file.photo), state);
        self.since = Instant::now();
        Ok(())
    }
}

fn open_original(
    console: &Arc<Console>,
    file: &TakenFile,
    photo: &Photo,
) -> Result<Vec<u8>, AppError> {
    let begun = Instant::now();
    let sealed = console.blobs.get(photo.original.id)?;
    let opened = stream::open(&file.key, &sealed);
    console
        .recorder
        .record(Area::Photo, "open", begun.elapsed(), opened.is_ok());
    Ok(opened?)
}

/// The name that a width is measured under: its own, or that of a picture narrower than the widest.
fn name_of(width: u32) -> &'static str {
    match width {
        320 => "rendition_320",
        640 => "rendition_640",
        1280 => "rendition_1280",
        2048 => "rendition_2048",
        _ => "rendition_own",
    }
}
