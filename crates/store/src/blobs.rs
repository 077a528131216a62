//! Sealed files beside the database, each named by the hash of its ciphertext.

use crate::StoreError;
use domain::blob::BlobId;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A folder of sealed files: `ab/cdef…`, two levels so that no folder grows too large.
#[derive(Clone, Debug)]
pub struct Blobs {
    root: PathBuf,
}

impl Blobs {
    /// Opens or makes the folder and removes what an interrupted write left behind.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(root)?;
        let incoming = root.join("incoming");
        if incoming.exists() {
            fs::remove_dir_all(&incoming)?;
        }
        fs::create_dir_all(&incoming)?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    fn path(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        self.root.join(&name[..2]).join(&name[2..])
    }

    /// Whether the file is here.
    pub fn holds(&self, id: BlobId) -> bool {
        self.path(id).is_file()
    }

    /// Stores a sealed file whole or not at all: written beside, flushed, renamed. Storing it again changes nothing.
    pub fn put(&self, id: BlobId, ciphertext: &[u8]) -> Result<(), StoreError> {
        if *blake3::hash(ciphertext).as_bytes() != id.0 {
            return Err(StoreError::BlobDamaged(id));
        }
        let path = self.path(id);
        if path.is_file() {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let temporary = self.root.join("incoming").join(id.to_string());
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(ciphertext)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            #[cfg(unix)]
            fs::File::open(folder)?.sync_all()?;
            Ok(())
        };
        write().map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull => StoreError::DiskFull,
            _ => StoreError::File(error),
        })
    }

    /// Reads a sealed file and checks that it is what its name says.
    pub fn get(&self, id: BlobId) -> Result<Vec<u8>, StoreError> {
        let bytes = fs::read(self.path(id)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => StoreError::BlobMissing(id),
            _ => StoreError::File(error),
        })?;
        if *blake3::hash(&bytes).as_bytes() == id.0 {
            Ok(bytes)
        } else {
            Err(StoreError::BlobDamaged(id))
        }
    }

    /// Reads part of a sealed file, for sending; the receiver checks the whole.
    pub fn part(&self, id: BlobId, offset: u64, most: usize) -> Result<Vec<u8>, StoreError> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = fs::File::open(self.path(id)).map_err(|_| StoreError::BlobMissing(id))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(most);
        file.take(most as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn incoming(&self, id: BlobId) -> PathBuf {
        self.root.join("incoming").join(format!("{id}.part"))
    }

    /// Adds a piece to a file that is arriving and answers how many bytes of it are here. A piece at 0 begins it anew; one
    /// that does not continue what is here changes nothing, so the answer says where to go on.
    pub fn write_part(&self, id: BlobId, offset: u64, bytes: &[u8]) -> Result<u64, StoreError> {
        let path = self.incoming(id);
        let write = || -> std::io::Result<u64> {
            let mut file = fs::OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)?;
            if offset == 0 {
                file.set_len(0)?;
            }
            let here = file.metadata()?.len();
            if here != offset {
                return Ok(here);
            }
            std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))?;
            file.write_all(bytes)?;
            Ok(here + bytes.len() as u64)
        };
        write().map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull => StoreError::DiskFull,
            _ => StoreError::File(error),
        })
    }

    /// Takes an arrived file in when it is what its name says, and forgets it otherwise.
    pub fn accept(&self, id: BlobId) -> Result<(), StoreError> {
        let path = self.incoming(id);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => StoreError::BlobMissing(id),
            _ => StoreError::File(error),
        })?;
        let taken = self.put(id, &bytes);
        fs::remove_file(&path)?;
        taken
    }

    /// Every sealed file that is here, to find those that nothing refers to.
    pub fn list(&self) -> Result<Vec<BlobId>, StoreError> {
        let mut all = Vec::new();
        for folder in fs::read_dir(&self.root)? {
            let folder = folder?;
            let start = folder.file_name();
            let Some(start) = start.to_str().filter(|name| name.len() == 2) else {
                continue;
            };
            for file in fs::read_dir(folder.path())? {
                let rest = file?.file_name();
                // What is not named like a sealed file was not put here by the console and stays.
                all.extend(
                    rest.to_str()
                        .and_then(|rest| format!("{start}{rest}").parse::<BlobId>().ok()),
                );
            }
        }
        Ok(all)
    }

    /// Removes a sealed file; one that is not here is fine.
    pub fn remove(&self, id: BlobId) -> Result<(), StoreError> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arriving_file_is_taken_in_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let bytes: Vec<u8> = (0..=255).collect();
        let id = BlobId(*blake3::hash(&bytes).as_bytes());
        assert_eq!(blobs.write_part(id, 0, &bytes[..100]).unwrap(), 100);
        assert_eq!(
            blobs.write_part(id, 50, &bytes[50..]).unwrap(),
            100,
            "it does not continue"
        );
        assert_eq!(blobs.write_part(id, 100, &bytes[100..]).unwrap(), 256);
        blobs.accept(id).unwrap();
        assert_eq!(blobs.get(id).unwrap(), bytes);
        let other = BlobId([9; 32]);
        blobs.write_part(other, 0, b"not it").unwrap();
        assert!(matches!(
            blobs.accept(other),
            Err(StoreError::BlobDamaged(_))
        ));
        assert!(!blobs.holds(other));
    }

    #[test]
    fn a_file_is_kept_under_its_hash_and_a_damaged_one_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let bytes = vec![7; 1000];
        let id = BlobId(*blake3::hash(&bytes).as_bytes());
        assert!(matches!(blobs.get(id), Err(StoreError::BlobMissing(_))));
        assert!(matches!(
            blobs.put(id, b"other"),
            Err(StoreError::BlobDamaged(_))
        ));
        blobs.put(id, &bytes).unwrap();
        blobs.put(id, &bytes).unwrap();
        assert_eq!(blobs.get(id).unwrap(), bytes);
        assert_eq!(blobs.part(id, 990, 64).unwrap(), bytes[990..]);
        assert_eq!(blobs.list().unwrap(), [id]);
        fs::write(blobs.path(id), b"rotten").unwrap();
        assert!(matches!(blobs.get(id), Err(StoreError::BlobDamaged(_))));
        blobs.remove(id).unwrap();
        blobs.remove(id).unwrap();
        assert!(!blobs.holds(id));
    }
}
