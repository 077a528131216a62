//! The server's key file: 32 random bytes in hexadecimal, readable by its owner only.

use crate::error::VaultError;
use crate::file::{malformed, read_private, write_private};
use crate::key::{DatabaseKey, SealingKey as _};
use domain::port::Entropy;
use std::path::Path;
use zeroize::Zeroizing;

/// Reads the key, or makes one when the file is not there yet.
pub fn open_or_make(path: &Path, entropy: &dyn Entropy) -> Result<DatabaseKey, VaultError> {
    if let Some(key) = open(path)? {
        return Ok(key);
    }
    let key = DatabaseKey::make(entropy);
    let text: Zeroizing<String> = Zeroizing::new(
        key.bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    );
    write_private(path, text.as_bytes())?;
    Ok(key)
}

/// Reads the key; `None` when there is no file.
pub fn open(path: &Path) -> Result<Option<DatabaseKey>, VaultError> {
    let Some(text) = read_private(path)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&text)
        .map_err(|_| malformed(path, "not text"))?
        .trim();
    let blob: domain::blob::BlobId = text
        .parse()
        .map_err(|_| malformed(path, "not 64 hexadecimal digits"))?;
    DatabaseKey::from_bytes(&blob.0).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;

    #[test]
    fn the_key_is_kept_and_a_file_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.key");
        let entropy = Counting::default();
        let made = open_or_make(&path, &entropy).unwrap();
        assert_eq!(open_or_make(&path, &entropy).unwrap().bytes(), made.bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(
                open(&path),
                Err(VaultError::KeyFileExposed { .. })
            ));
        }
    }
}
