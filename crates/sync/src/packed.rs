//! Rows in bulk: CBOR, compressed with zstd. Packed once for everybody who gets the same rows.

use domain::codec;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read as _;

/// Most bytes that a packed list may unfold to. A list is at most a frame long; rows compress about five-fold, so
/// eight-fold is room enough, and a bomb is refused at this length instead of filling the memory.
pub const LARGEST_UNPACKED: u64 = 8 * 1024 * 1024;

/// Fast enough to keep up with a disk on one core and close to the best ratio for small records.
const LEVEL: i32 = 3;

/// Packed rows cannot be packed or unpacked.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The compressed bytes are damaged.
    #[error("packed rows are damaged: {0}")]
    Damaged(String),
    /// They unfold to more than [`LARGEST_UNPACKED`].
    #[error("packed rows unfold to more than {LARGEST_UNPACKED} bytes")]
    TooLarge,
    /// They unfold to something else.
    #[error(transparent)]
    Content(#[from] codec::DecodeError),
}

/// Packs a list of rows or row changes. The host reads fewer rows when the result does not fit a frame.
pub fn pack<T: Serialize>(rows: &[T]) -> Result<Vec<u8>, PackError> {
    let plain = codec::encode(&rows);
    if plain.len() as u64 > LARGEST_UNPACKED {
        return Err(PackError::TooLarge);
    }
    zstd::bulk::compress(&plain, LEVEL).map_err(|error| PackError::Damaged(error.to_string()))
}

/// Unpacks a list.
pub fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<Vec<T>, PackError> {
    let damaged = |error: std::io::Error| PackError::Damaged(error.to_string());
    let decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(damaged)?;
    let mut plain = Vec::with_capacity(packed.len().saturating_mul(2));
    decoder
        .take(LARGEST_UNPACKED + 1)
        .read_to_end(&mut plain)
        .map_err(damaged)?;
    if plain.len() as u64 > LARGEST_UNPACKED {
        return Err(PackError::TooLarge);
    }
    Ok(codec::decode(&plain)?)
}
