//! What is left of the imports, kept in the encrypted database: after a crash it says which files were not taken and which
//! photos still lack renditions. Changes with the transaction that makes them true.

use domain::codec::{self, DecodeError};
use domain::id::{ClientId, ImportId, PhotoId};
use serde::{Deserialize, Serialize};

/// State under which it is kept.
pub(super) const JOURNAL: &str = "imports";
/// Times that renditions are tried: a picture on which the decoder dies is not tried for ever.
const MOST_TRIES: u8 = 3;

/// Every batch of which something is left.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Journal {
    pub(super) batches: Vec<JournalBatch>,
}

/// What is left of a batch.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct JournalBatch {
    pub(super) id: ImportId,
    pub(super) client: ClientId,
    pub(super) files: Vec<JournalFile>,
}

/// A file that did not come to a good end yet.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct JournalFile {
    /// Name without its folder.
    pub(super) name: String,
    /// The photo it is to become.
    pub(super) photo: PhotoId,
    pub(super) left: Left,
}

/// What is left to be done of a file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Left {
    /// Everything.
    Everything,
    /// The renditions; how often they were tried.
    Renditions { tries: u8 },
    /// To tell somebody that it failed.
    Failure { code: String, message: String },
}

impl Journal {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::decode(bytes)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    fn file(&mut self, photo: PhotoId) -> Option<&mut JournalFile> {
        self.batches
            .iter_mut()
            .flat_map(|batch| &mut batch.files)
            .find(|file| file.photo == photo)
    }

    /// The photo is in the outbox with its thumbnail.
    pub(super) fn taken(&mut self, photo: PhotoId) {
        if let Some(file) = self.file(photo) {
            file.left = Left::Renditions { tries: 0 };
        }
    }

    /// Nothing is left to be done or told of the file.
    pub(super) fn ended(&mut self, photo: PhotoId) {
        for batch in &mut self.batches {
            batch.files.retain(|file| file.photo != photo);
        }
        self.batches.retain(|batch| !batch.files.is_empty());
    }

    /// The file failed; of one that is a photo already, the renditions are tried again another time.
    pub(super) fn failed(&mut self, photo: PhotoId, code: &str, message: &str) {
        let Some(file) = self.file(photo) else { return };
        file.left = match file.left {
            Left::Renditions { tries } if tries + 1 < MOST_TRIES => {
                Left::Renditions { tries: tries + 1 }
            }
            _ => Left::Failure {
                code: code.to_owned(),
                message: message.to_owned(),
            },
        };
    }

    /// Somebody was told of the failures.
    pub(super) fn told(&mut self) {
        for batch in &mut self.batches {
            batch
                .files
                .retain(|file| !matches!(file.left, Left::Failure { .. }));
        }
        self.batches.retain(|batch| !batch.files.is_empty());
    }

    /// After a start: what had not been taken is not going to be.
    pub(super) fn interrupt(&mut self) {
        for file in self.batches.iter_mut().flat_map(|batch| &mut batch.files) {
            if file.left == Left::Everything {
                file.left = Left::Failure {
                    code: "interrupted".to_owned(),
                    message: "the app was closed before this file was taken; import it again"
                        .to_owned(),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn file(photo: u128) -> JournalFile {
        JournalFile {
            name: "a.jpg".to_owned(),
            photo: PhotoId(Uuid::from_u128(photo)),
            left: Left::Everything,
        }
    }

    #[test]
    fn after_a_start_untaken_files_are_failures_and_taken_ones_lack_renditions() {
        let mut journal = Journal {
            batches: vec![JournalBatch {
                id: ImportId(Uuid::from_u128(9)),
                client: ClientId(Uuid::from_u128(8)),
                files: vec![file(1), file(2), file(3)],
            }],
        };
        journal.taken(file(2).photo);
        journal.ended(file(3).photo);
        let mut journal = Journal::decode(&journal.encode()).unwrap();
        journal.interrupt();
        let files = &journal.batches[0].files;
        assert!(matches!(&files[0].left, Left::Failure { code, .. } if code == "interrupted"));
        assert_eq!(files[1].left, Left::Renditions { tries: 0 });
        journal.told();
        assert_eq!(journal.batches[0].files.len(), 1);
        for _ in 0..MOST_TRIES {
            journal.failed(file(2).photo, "worker_died", "it died");
        }
        assert!(
            matches!(journal.batches[0].files[0].left, Left::Failure { .. }),
            "not tried for ever"
        );
        journal.told();
        assert!(journal.batches.is_empty());
    }
}
