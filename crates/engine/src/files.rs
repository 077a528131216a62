//! Where a console keeps what it writes. Everything is under one folder; nothing in it can be read without the database key
//! but the preferences, which say nothing about anybody, and the logs, which are masked.

use crate::AppError;
use domain::port::Entropy;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The folder of one console, held for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Files {
    root: PathBuf,
    // Closing the file gives the folder free, also when the process is killed.
    _claim: File,
}

impl Files {
    /// Makes the folder where it is missing and takes it: a second console on the same folder is refused.
    pub(crate) fn claim(root: &Path) -> Result<Self, AppError> {
        let failed = |error: std::io::Error| {
            AppError::new(
                "data_folder",
                format!("the data folder cannot be used: {error}; check its owner and free space"),
            )
        };
        make_private(root).map_err(failed)?;
        let claim = File::create(root.join("in-use")).map_err(failed)?;
        match claim.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(AppError::new(
                    "already_open",
                    "another console has this data folder open; use that window, or close it first",
                ));
            }
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(Self {
            root: root.to_owned(),
            _claim: claim,
        })
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
    /// The key slots.
    pub(crate) fn keys(&self) -> PathBuf {
        self.root.join("keys.json")
    }
    /// The encrypted replica.
    pub(crate) fn replica(&self) -> PathBuf {
        self.root.join("replica.db")
    }
    /// The encrypted measurements.
    pub(crate) fn metrics(&self) -> PathBuf {
        self.root.join("metrics.db")
    }
    /// Sealed pictures.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }
    /// Looks of this console.
    pub(crate) fn preferences(&self) -> PathBuf {
        self.root.join("preferences.json")
    }

    /// A value that stays with this folder on this machine: a random file beside the database, bound to the machine where
    /// the system names it. A database that knows another value was restored or copied from elsewhere.
    pub(crate) fn marker(&self, entropy: &dyn Entropy) -> Result<[u8; 32], AppError> {
        let path = self.root.join("marker");
        let failed = |error: std::io::Error| {
            AppError::new(
                "data_folder",
                format!("the console's marker cannot be read or made: {error}"),
            )
        };
        let random = match fs::read(&path) {
            Ok(bytes) if bytes.len() == 32 => bytes,
            Ok(_) | Err(_) => {
                let mut fresh = vec![0; 32];
                entropy.fill(&mut fresh);
                fs::write(&path, &fresh).map_err(failed)?;
                fresh
            }
        };
        let machine = fs::read("/etc/machine-id").unwrap_or_default();
        let mut hasher = blake3::Hasher::new_derive_key("espelho 2026 console marker");
        hasher.update(&random);
        hasher.update(&machine);
        Ok(*hasher.finalize().as_bytes())
    }
}

/// A folder that only its owner can enter (on Unix; on Windows the user's own data folder already is).
pub(crate) fn make_private(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::OsEntropy;

    #[test]
    fn a_folder_is_held_by_one_console_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Files::claim(folder.path()).unwrap();
        assert_eq!(
            Files::claim(folder.path()).unwrap_err().code,
            "already_open"
        );
        drop(first);
        Files::claim(folder.path()).unwrap();
    }

    #[test]
    fn the_marker_stays_with_the_folder() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = Files::claim(one.path()).unwrap();
        let marker = files.marker(&OsEntropy).unwrap();
        assert_eq!(files.marker(&OsEntropy).unwrap(), marker);
        let elsewhere = Files::claim(other.path()).unwrap();
        assert_ne!(elsewhere.marker(&OsEntropy).unwrap(), marker);
    }
}
