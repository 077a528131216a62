//! Reading a dropped file, and putting sealed ones down so that a failure leaves nothing behind.

use crate::error::AppError;
use domain::row::BlobRef;
use photos::Limits;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use store::Blobs;
use vault::stream::SealedBlob;

/// Reads a picture file of an allowed length.
pub(super) fn read_file(path: &Path, limits: &Limits) -> Result<Vec<u8>, AppError> {
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let about = file.metadata().map_err(|error| unreadable(&error))?;
    if !about.is_file() {
        return Err(AppError::new(
            "not_a_file",
            "this is a folder or device; choose the picture files themselves",
        ));
    }
    if about.len() > limits.bytes {
        let error = photos::PictureError::TooLarge {
            bytes: about.len(),
            limit: limits.bytes,
        };
        return Err(AppError::new(error.code(), error.to_string()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    // One more than allowed, so that a file that grew meanwhile is refused by the check of its length.
    file.take(limits.bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    Ok(bytes)
}

fn unreadable(error: &std::io::Error) -> AppError {
    match error.kind() {
        ErrorKind::NotFound => AppError::retryable(
            "file_missing",
            "the file is not there any more; it was moved, or its card or drive was taken out",
        ),
        ErrorKind::PermissionDenied => AppError::retryable(
            "file_denied",
            "this user may not read the file; copy it to a folder of your own",
        ),
        kind => AppError::retryable(
            "file_unreadable",
            format!("the file cannot be read ({kind}); copy it from the camera again"),
        ),
    }
}

/// Sealed files put down for a transaction that has not been committed. Dropped before [`PutDown::keep`], they are removed.
pub(super) struct PutDown {
    blobs: Blobs,
    files: Vec<BlobRef>,
}

impl PutDown {
    pub(super) fn new(blobs: &Blobs) -> Self {
        Self {
            blobs: blobs.clone(),
            files: Vec::new(),
        }
    }

    /// Puts a sealed file down, whole or not at all.
    pub(super) fn put(&mut self, sealed: &SealedBlob) -> Result<BlobRef, AppError> {
        self.blobs.put(sealed.id, &sealed.bytes)?;
        let blob = BlobRef {
            id: sealed.id,
            len: sealed.bytes.len() as u64,
        };
        self.files.push(blob.clone());
        Ok(blob)
    }

    /// The transaction that speaks of them is committed.
    pub(super) fn keep(mut self) {
        self.files.clear();
    }
}

impl Drop for PutDown {
    fn drop(&mut self) {
        for file in &self.files {
            if let Err(error) = self.blobs.remove(file.id) {
                tracing::warn!(%error, "a sealed file that nothing refers to was not removed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits {
            bytes: 4,
            ..Limits::default()
        };
        let code = |path: &Path| read_file(path, &limits).unwrap_err().code;
        assert_eq!(code(&folder.path().join("gone.jpg")), "file_missing");
        assert_eq!(code(folder.path()), "not_a_file");
        let long = folder.path().join("long.jpg");
        std::fs::write(&long, b"12345").unwrap();
        assert_eq!(code(&long), "too_large");
    }

    #[test]
    fn files_of_a_transaction_that_failed_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let sealed = |bytes: &[u8]| SealedBlob {
            id: vault::stream::blob_id(bytes),
            bytes: bytes.to_vec(),
        };
        let mut kept = PutDown::new(&blobs);
        let first = kept.put(&sealed(b"one")).unwrap();
        kept.keep();
        let mut lost = PutDown::new(&blobs);
        let second = lost.put(&sealed(b"two")).unwrap();
        drop(lost);
        assert!(blobs.holds(first.id) && !blobs.holds(second.id));
    }
}
