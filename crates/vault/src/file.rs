//! Small private files, written whole or not at all.

use crate::error::VaultError;
use std::fs;
use std::io::Write as _;
use std::path::Path;

fn named(path: &Path, cause: impl std::fmt::Display) -> VaultError {
    let file = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    VaultError::KeyFile {
        file,
        cause: cause.to_string(),
    }
}

/// Replaces the file at `path`: temporary file beside it, flushed, renamed. Readable by its owner only (on Unix; on
/// Windows the user's own folder already is).
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let temporary = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            fs::File::open(folder)?.sync_all()?;
        }
        Ok(())
    };
    write().map_err(|error| named(path, error))
}

/// Reads the file, `None` when there is none. Refuses one that others can read.
pub(crate) fn read_private(path: &Path) -> Result<Option<Vec<u8>>, VaultError> {
    match fs::read(path) {
        Ok(bytes) => {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = fs::metadata(path)
                    .map_err(|error| named(path, error))?
                    .permissions()
                    .mode();
                if mode & 0o077 != 0 {
                    let file = path
                        .file_name()
                        .map(|name| name.to_string_lossy().into_owned())
                        .unwrap_or_default();
                    return Err(VaultError::KeyFileExposed { file });
                }
            }
            Ok(Some(bytes))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(named(path, error)),
    }
}

/// The error of a file whose contents make no sense.
pub(crate) fn malformed(path: &Path, cause: impl std::fmt::Display) -> VaultError {
    named(path, cause)
}
