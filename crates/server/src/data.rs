//! The data folder: which file is where, and how secrets are written into it.
//!
//! ```text
//! server.db      the clinic, encrypted
//! server.key     its key (0600), unless systemd hands one over in $CREDENTIALS_DIRECTORY
//! server.toml    optional settings
//! blobs/         sealed photos, named by their own hash
//! tls/           certificate and key of this server
//! serving.json   where it is reachable; there while it runs
//! ```

use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file of the data folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Reading failed.
    #[error("{} could not be read: {cause}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Writing failed.
    #[error("{} could not be written: {cause}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// There is a clinic here already.
    #[error("{} already holds a clinic; choose an empty folder", path.display())]
    AlreadyInitialised {
        /// The folder.
        path: PathBuf,
    },
    /// There is no clinic here.
    #[error("{} holds no clinic; create one with `clinic-server init`", path.display())]
    NotInitialised {
        /// The folder.
        path: PathBuf,
    },
    /// No server is running on it.
    #[error("no server is running on {}; start it with `clinic-server serve`", path.display())]
    NotServing {
        /// The folder.
        path: PathBuf,
    },
}

/// Where a running server is reachable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Serving {
    /// Host and port.
    pub address: String,
    /// SHA-256 of its certificate, hexadecimal.
    pub certificate_pin: String,
    /// Its process.
    pub process: u32,
}

/// The data folder.
#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// The folder at `root`; nothing is touched yet.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }
    /// The database.
    pub fn database(&self) -> PathBuf {
        self.root.join("server.db")
    }
    /// The database's key.
    pub fn key(&self) -> PathBuf {
        self.root.join("server.key")
    }
    /// Sealed photos.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }
    /// The certificate, DER.
    pub fn tls_certificate(&self) -> PathBuf {
        self.root.join("tls").join("certificate.der")
    }
    /// The certificate's key, PKCS#8 DER.
    pub fn tls_key(&self) -> PathBuf {
        self.root.join("tls").join("key.der")
    }

    /// Makes the folder for a new clinic, readable by its owner alone.
    pub fn create(&self) -> Result<(), DataError> {
        if self.database().exists() {
            return Err(DataError::AlreadyInitialised {
                path: self.root.clone(),
            });
        }
        for folder in [self.root.clone(), self.root.join("tls"), self.blobs()] {
            std::fs::create_dir_all(&folder).map_err(|cause| DataError::Write {
                path: folder.clone(),
                cause,
            })?;
            restrict(&folder, 0o700).map_err(|cause| DataError::Write {
                path: folder,
                cause,
            })?;
        }
        Ok(())
    }

    /// Refuses a folder in which no clinic was created.
    pub fn check(&self) -> Result<(), DataError> {
        if self.database().exists() {
            Ok(())
        } else {
            Err(DataError::NotInitialised {
                path: self.root.clone(),
            })
        }
    }

    /// The text of `server.toml`, where there is one.
    pub fn settings(&self) -> Result<Option<String>, DataError> {
        let path = self.root.join("server.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(DataError::Read { path, cause }),
        }
    }

    /// Reads a whole file.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, DataError> {
        std::fs::read(path).map_err(|cause| DataError::Read {
            path: path.to_owned(),
            cause,
        })
    }

    /// Writes a whole file that only its owner may read. It appears under its name complete or not at all.
    pub fn write_secret(&self, path: &Path, bytes: &[u8]) -> Result<(), DataError> {
        write_private(path, bytes).map_err(|cause| DataError::Write {
            path: path.to_owned(),
            cause,
        })
    }

    fn serving_path(&self) -> PathBuf {
        self.root.join("serving.json")
    }

    /// Says where the server is reachable, for the commands that run beside it.
    pub fn write_serving(&self, serving: &Serving) -> Result<(), DataError> {
        let text = serde_json::to_vec(serving).unwrap_or_default();
        self.write_secret(&self.serving_path(), &text)
    }

    /// Where the running server is reachable.
    pub fn read_serving(&self) -> Result<Serving, DataError> {
        std::fs::read(self.serving_path())
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(|| DataError::NotServing {
                path: self.root.clone(),
            })
    }

    /// Takes the note away when the server stops, unless another process has written its own meanwhile.
    pub fn remove_serving(&self) {
        let own = self
            .read_serving()
            .is_ok_and(|serving| serving.process == std::process::id());
        if own && let Err(error) = std::fs::remove_file(self.serving_path()) {
            tracing::warn!(%error, "serving.json could not be removed");
        }
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    // `tempfile` creates with mode 0600, so the secret is never readable by others, not even for a moment.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_path: &Path, _mode: u32) -> std::io::Result<()> {
    // A folder inside a user's profile is already that user's own on Windows.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_readable_by_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path().join("clinic"));
        data.create().unwrap();
        data.write_secret(&data.key(), b"secret").unwrap();
        assert_eq!(data.read(&data.key()).unwrap(), b"secret");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&data.key()), 0o600);
            assert_eq!(mode(data.root()), 0o700);
        }
    }

    #[test]
    fn a_folder_with_a_clinic_is_not_initialised_again() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        assert!(matches!(
            data.check(),
            Err(DataError::NotInitialised { .. })
        ));
        std::fs::write(data.database(), b"x").unwrap();
        assert!(data.check().is_ok());
        assert!(matches!(
            data.create(),
            Err(DataError::AlreadyInitialised { .. })
        ));
    }

    #[test]
    fn the_note_of_where_it_serves_comes_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        assert!(matches!(
            data.read_serving(),
            Err(DataError::NotServing { .. })
        ));
        let mut serving = Serving {
            address: "127.0.0.1:4000".to_owned(),
            certificate_pin: "ab".to_owned(),
            process: std::process::id(),
        };
        data.write_serving(&serving).unwrap();
        assert_eq!(data.read_serving().unwrap(), serving);
        data.remove_serving();
        assert!(data.read_serving().is_err());
        serving.process += 1;
        data.write_serving(&serving).unwrap();
        data.remove_serving();
        assert!(data.read_serving().is_ok(), "another process's note stays");
    }
}
