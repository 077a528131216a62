//! Sealed photos on the server's disk: taken in by parts, checked against their own name, handed out by ranges.
//!
//! The server never opens them: it holds ciphertext named by its BLAKE3. An upload is a file `incoming/<id>.part` whose
//! length is the upload's durable state, so a cut connection goes on at the last whole part, even after a restart of
//! either side. Only a file whose hash is its name ever appears under that name.

use domain::blob::BlobId;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Uploads that may write at the same time; ids are spread over them by their first byte.
const STRIPES: usize = 32;

/// Why a part was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// Longer than the server accepts.
    #[error("the file has {len} bytes; this server accepts at most {most}")]
    TooLarge {
        /// Its length.
        len: u64,
        /// The limit.
        most: u64,
    },
    /// The content is not what the name says. The upload starts again from nothing.
    #[error("the file's content does not fit its name; it was discarded")]
    WrongContent,
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The disk failed.
    #[error("the file could not be stored: {0}")]
    Disk(#[from] std::io::Error),
}

/// Where an upload stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// The next part begins here.
    Next(u64),
    /// Everything is here and checked.
    Stored,
}

/// The folder of sealed photos.
pub struct BlobFolder {
    root: PathBuf,
    most: u64,
    stripes: [Mutex<()>; STRIPES],
}

impl BlobFolder {
    /// Opens the folder and makes what is missing in it. `most` is the largest file accepted, in bytes.
    pub fn open(root: PathBuf, most: u64) -> std::io::Result<Self> {
        std::fs::create_dir_all(root.join("incoming"))?;
        Ok(Self {
            root,
            most,
            stripes: std::array::from_fn(|_| Mutex::new(())),
        })
    }

    fn path(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        let shelf = name.get(..2).unwrap_or_default().to_owned();
        self.root.join(shelf).join(name)
    }

    fn part_path(&self, id: BlobId) -> PathBuf {
        self.root.join("incoming").join(format!("{id}.part"))
    }

    fn stripe(&self, id: BlobId) -> std::sync::MutexGuard<'_, ()> {
        let index = usize::from(id.0[0]) % STRIPES;
        self.stripes[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the whole file is here.
    pub fn holds(&self, id: BlobId) -> bool {
        self.path(id).is_file()
    }

    /// Length of a stored file.
    pub fn size(&self, id: BlobId) -> Result<u64, BlobError> {
        match std::fs::metadata(self.path(id)) {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(BlobError::Missing),
            Err(error) => Err(error.into()),
        }
    }

    /// Where an upload of `len` bytes goes on.
    pub fn offset(&self, id: BlobId, len: u64) -> Result<Progress, BlobError> {
        self.check_len(len)?;
        let _turn = self.stripe(id);
        self.progress(id, len)
    }

    fn check_len(&self, len: u64) -> Result<(), BlobError> {
        if len > self.most {
            return Err(BlobError::TooLarge {
                len,
                most: self.most,
            });
        }
        Ok(())
    }

    fn progress(&self, id: BlobId, len: u64) -> Result<Progress, BlobError> {
        if self.holds(id) {
            return Ok(Progress::Stored);
        }
        let held = match std::fs::metadata(self.part_path(id)) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error.into()),
        };
        // A part longer than the file is a leftover of another, wrong announcement of its length.
        Ok(Progress::Next(if held > len { 0 } else { held }))
    }

    /// Takes one part. A part that does not begin where the upload stands is not written: the answer says where it does.
    pub fn append(
        &self,
        id: BlobId,
        len: u64,
        offset: u64,
        bytes: &[u8],
    ) -> Result<Progress, BlobError> {
        self.check_len(len)?;
        let _turn = self.stripe(id);
        let held = match self.progress(id, len)? {
            Progress::Next(held) if held == offset => held,
            other => return Ok(other),
        };
        let end = held.saturating_add(bytes.len() as u64);
        if end > len {
            return Err(BlobError::TooLarge {
                len: end,
                most: len,
            });
        }
        let path = self.part_path(id);
        let mut part = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)?;
        part.set_len(held)?;
        part.seek(SeekFrom::Start(held))?;
        part.write_all(bytes)?;
        if end < len {
            return Ok(Progress::Next(end));
        }
        part.sync_all()?;
        drop(part);
        self.finish(id, &path)
    }

    fn finish(&self, id: BlobId, part: &Path) -> Result<Progress, BlobError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(part)?)?;
        if *hasher.finalize().as_bytes() != id.0 {
            std::fs::remove_file(part)?;
            return Err(BlobError::WrongContent);
        }
        let path = self.path(id);
        let shelf = path.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(shelf)?;
        std::fs::rename(part, &path)?;
        sync_folder(shelf)?;
        Ok(Progress::Stored)
    }

    /// Up to `most` bytes from `offset`; empty past the end.
    pub fn read(&self, id: BlobId, offset: u64, most: usize) -> Result<Vec<u8>, BlobError> {
        let mut file = match File::open(self.path(id)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BlobError::Missing);
            }
            Err(error) => return Err(error.into()),
        };
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(most);
        file.take(most as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Makes a rename durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> std::io::Result<()> {
    // Windows journals renames itself and refuses to open folders as files.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, BlobFolder) {
        let place = tempfile::tempdir().unwrap();
        let blobs = BlobFolder::open(place.path().to_owned(), 1 << 20).unwrap();
        (place, blobs)
    }

    fn id_of(bytes: &[u8]) -> BlobId {
        BlobId(*blake3::hash(bytes).as_bytes())
    }

    #[test]
    fn an_upload_goes_on_where_it_stood_even_after_a_restart() {
        let (place, blobs) = folder();
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let id = id_of(&bytes);
        let len = bytes.len() as u64;
        assert_eq!(blobs.offset(id, len).unwrap(), Progress::Next(0));
        blobs.append(id, len, 0, &bytes[..60_000]).unwrap();
        let blobs = BlobFolder::open(place.path().to_owned(), 1 << 20).unwrap();
        assert_eq!(blobs.offset(id, len).unwrap(), Progress::Next(60_000));
        let twice = blobs.append(id, len, 0, &bytes[..60_000]).unwrap();
        assert_eq!(
            twice,
            Progress::Next(60_000),
            "a repeated part changes nothing"
        );
        assert!(!blobs.holds(id));
        let done = blobs.append(id, len, 60_000, &bytes[60_000..]).unwrap();
        assert_eq!(done, Progress::Stored);
        assert_eq!(blobs.read(id, 99_990, 64).unwrap(), bytes[99_990..]);
        assert_eq!(blobs.read(id, len, 64).unwrap(), Vec::<u8>::new());
        assert_eq!(blobs.offset(id, len).unwrap(), Progress::Stored);
    }

    #[test]
    fn content_that_does_not_fit_its_name_is_discarded() {
        let (_place, blobs) = folder();
        let id = id_of(b"what it should be");
        let error = blobs.append(id, 5, 0, b"other").unwrap_err();
        assert!(matches!(error, BlobError::WrongContent));
        assert!(!blobs.holds(id));
        assert_eq!(blobs.offset(id, 5).unwrap(), Progress::Next(0));
        assert!(matches!(blobs.read(id, 0, 10), Err(BlobError::Missing)));
    }

    #[test]
    fn files_beyond_the_limit_or_their_announced_length_are_refused() {
        let (_place, blobs) = folder();
        let id = id_of(b"x");
        assert!(matches!(
            blobs.offset(id, (1 << 20) + 1),
            Err(BlobError::TooLarge { .. })
        ));
        assert!(matches!(
            blobs.append(id, 1, 0, b"xy"),
            Err(BlobError::TooLarge { .. })
        ));
    }
}
