//! How far each file of each batch is, and telling the window of it without flooding it.

use super::journal::{Journal, Left};
use crate::view::photos::{ImportFile, ImportState, ImportView};
use domain::id::{ClientId, ImportId, PhotoId};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A batch is told of at most this often; its end at once.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// Finished batches that are remembered until the app ends.
const MOST_FINISHED: usize = 20;

/// One file of one batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) batch: ImportId,
    pub(super) at: usize,
}

/// A batch and how far its files are.
pub(super) struct Batch {
    id: ImportId,
    client: ClientId,
    files: Vec<ImportFile>,
    untold: bool,
    told: Option<Instant>,
}

impl Batch {
    /// A batch whose files all wait.
    pub(super) fn waiting(
        id: ImportId,
        client: ClientId,
        names: impl IntoIterator<Item = String>,
    ) -> Self {
        let file = |name| ImportFile {
            name,
            photo_id: None,
            state: ImportState::Waiting,
        };
        Self {
            id,
            client,
            files: names.into_iter().map(file).collect(),
            untold: true,
            told: None,
        }
    }

    fn view(&self) -> ImportView {
        ImportView {
            id: self.id.to_string(),
            client_id: self.client.to_string(),
            files: self.files.clone(),
            finished: self.finished(),
        }
    }

    fn finished(&self) -> bool {
        self.files.iter().all(|file| {
            matches!(
                file.state,
                ImportState::Done { .. } | ImportState::Skipped { .. } | ImportState::Failed { .. }
            )
        })
    }
}

/// Every batch of this run, and what earlier runs left.
#[derive(Default)]
pub(super) struct Batches(Mutex<Vec<Batch>>);

impl Batches {
    /// What an interrupted run left, as its journal tells it.
    pub(super) fn left_by(journal: &Journal) -> Self {
        let widths = u8::try_from(photos::WIDTHS.len()).unwrap_or(u8::MAX);
        let batches = journal.batches.iter().map(|batch| {
            let files = batch.files.iter().map(|file| {
                let (photo_id, state) = match &file.left {
                    Left::Everything => (None, ImportState::Waiting),
                    Left::Renditions { .. } => (
                        Some(file.photo.to_string()),
                        ImportState::Optimizing {
                            done: 0,
                            of: widths,
                        },
                    ),
                    Left::Failure { code, message } => (
                        None,
                        ImportState::Failed {
                            code: code.clone(),
                            message: message.clone(),
                        },
                    ),
                };
                ImportFile {
                    name: file.name.clone(),
                    photo_id,
                    state,
                }
            });
            Batch {
                id: batch.id,
                client: batch.client,
                files: files.collect(),
                untold: false,
                told: None,
            }
        });
        Self(Mutex::new(batches.collect()))
    }

    fn all(&self) -> MutexGuard<'_, Vec<Batch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a batch; the oldest finished ones beyond the limit are forgotten.
    pub(super) fn add(&self, batch: Batch) -> ImportView {
        let view = batch.view();
        let mut all = self.all();
        let mut surplus = all
            .iter()
            .filter(|batch| batch.finished())
            .count()
            .saturating_sub(MOST_FINISHED);
        all.retain(|batch| {
            let forget = surplus > 0 && batch.finished();
            surplus -= usize::from(forget);
            !forget
        });
        all.push(batch);
        view
    }

    /// Sets how far a file is, and the photo it became.
    pub(super) fn set(&self, place: Place, photo: Option<PhotoId>, state: ImportState) {
        let mut all = self.all();
        let Some(batch) = all.iter_mut().find(|batch| batch.id == place.batch) else {
            return;
        };
        let Some(file) = batch.files.get_mut(place.at) else {
            return;
        };
        if let Some(photo) = photo {
            file.photo_id = Some(photo.to_string());
        }
        file.state = state;
        batch.untold = true;
    }

    /// The place of a photo that an earlier run took.
    pub(super) fn place_of(&self, photo: PhotoId) -> Option<Place> {
        let photo = photo.to_string();
        self.all().iter().find_map(|batch| {
            let at = batch
                .files
                .iter()
                .position(|file| file.photo_id.as_deref() == Some(&photo))?;
            Some(Place {
                batch: batch.id,
                at,
            })
        })
    }

    /// One batch.
    pub(super) fn view(&self, id: ImportId) -> Option<ImportView> {
        self.all()
            .iter()
            .find(|batch| batch.id == id)
            .map(Batch::view)
    }

    /// All of them, oldest first.
    pub(super) fn views(&self) -> Vec<ImportView> {
        self.all().iter().map(Batch::view).collect()
    }

    /// The batches to tell of now.
    pub(super) fn due(&self, now: Instant) -> Vec<ImportId> {
        let mut due = Vec::new();
        for batch in self.all().iter_mut().filter(|batch| batch.untold) {
            let long_ago = batch
                .told
                .is_none_or(|told| now.saturating_duration_since(told) >= TELL_EVERY);
            if long_ago || batch.finished() {
                batch.untold = false;
                batch.told = Some(now);
                due.push(batch.id);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn quick_steps_are_told_as_one_and_the_end_at_once() {
        let (id, client) = (ImportId(Uuid::from_u128(1)), ClientId(Uuid::from_u128(2)));
        let batches = Batches::default();
        batches.add(Batch::waiting(
            id,
            client,
            ["a.jpg".to_owned(), "b.jpg".to_owned()],
        ));
        let now = Instant::now();
        assert_eq!(batches.due(now), [id]);
        let failed = || ImportState::Failed {
            code: "empty".to_owned(),
            message: String::new(),
        };
        batches.set(Place { batch: id, at: 0 }, None, failed());
        assert!(batches.due(now).is_empty(), "too soon");
        assert_eq!(batches.due(now + TELL_EVERY), [id]);
        batches.set(Place { batch: id, at: 1 }, None, failed());
        assert_eq!(batches.due(now + TELL_EVERY), [id], "the end");
        assert!(batches.view(id).unwrap().finished);
    }

    #[test]
    fn finished_batches_are_not_kept_for_ever() {
        let batches = Batches::default();
        for number in 0..100 {
            batches.add(Batch::waiting(
                ImportId(Uuid::from_u128(number)),
                ClientId(Uuid::nil()),
                [],
            ));
        }
        assert_eq!(batches.views().len(), MOST_FINISHED + 1);
    }
}
