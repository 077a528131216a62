//! Chunked AES-256-GCM for pictures.
//!
//! Form: 8-byte magic, 8-byte total plain length, 12-byte base nonce, then chunks of 64 KiB plain text, each with its
//! 16-byte tag. A chunk's nonce is the base nonce with the chunk's number added into its last four bytes; its
//! authenticated data are the whole header and the number. An empty file has one empty chunk, so that its header is bound
//! too. So a chunk that was swapped, repeated, cut off or appended does not open, and neither does a changed length.

use crate::error::VaultError;
use crate::key::SealingKey;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use domain::blob::BlobId;
use domain::port::Entropy;

const MAGIC: &[u8; 8] = b"espblob1";
const HEADER: usize = 8 + 8 + 12;
const TAG: usize = 16;

/// Plain bytes of one chunk.
pub const CHUNK: usize = 64 * 1024;
const WHAT: &str = "picture";

/// A sealed file, ready to be stored and sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedBlob {
    /// BLAKE3 of the ciphertext: its name everywhere.
    pub id: BlobId,
    /// The ciphertext.
    pub bytes: Vec<u8>,
}

/// The name of a ciphertext.
pub fn blob_id(ciphertext: &[u8]) -> BlobId {
    BlobId(*blake3::hash(ciphertext).as_bytes())
}

/// Seals a whole file under a key of its own.
pub fn seal(key: &impl SealingKey, plain: &[u8], entropy: &dyn Entropy) -> SealedBlob {
    let mut header = [0_u8; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..16].copy_from_slice(&(plain.len() as u64).to_le_bytes());
    entropy.fill(&mut header[16..]);
    let cipher = Aes256Gcm::new(key.bytes().into());
    let chunks = chunks_of(plain.len());
    let mut bytes = Vec::with_capacity(HEADER + plain.len() + chunks * TAG);
    bytes.extend_from_slice(&header);
    for number in 0..chunks {
        let begin = number * CHUNK;
        let chunk = &plain[begin..plain.len().min(begin + CHUNK)];
        let context = context(&header, number);
        #[expect(
            clippy::expect_used,
            reason = "AES-GCM refuses only texts beyond 64 GiB; a chunk is 64 KiB"
        )]
        let sealed = cipher
            .encrypt(
                &nonce(&header, number),
                Payload {
                    msg: chunk,
                    aad: &context,
                },
            )
            .expect("a chunk is short");
        bytes.extend_from_slice(&sealed);
    }
    SealedBlob {
        id: blob_id(&bytes),
        bytes,
    }
}

/// Opens a whole sealed file.
pub fn open(key: &impl SealingKey, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let unsealable = || VaultError::Unsealable { what: WHAT };
    let (header, body) = sealed
        .split_first_chunk::<HEADER>()
        .ok_or_else(unsealable)?;
    if header[..8] != *MAGIC {
        return Err(VaultError::UnknownForm { what: WHAT });
    }
    let mut length = [0; 8];
    length.copy_from_slice(&header[8..16]);
    let length = usize::try_from(u64::from_le_bytes(length)).map_err(|_| unsealable())?;
    let expected = chunks_of(length)
        .checked_mul(TAG)
        .and_then(|tags| tags.checked_add(length));
    if expected != Some(body.len()) {
        return Err(unsealable());
    }
    let cipher = Aes256Gcm::new(key.bytes().into());
    let mut plain = Vec::with_capacity(length);
    for (number, chunk) in body.chunks(CHUNK + TAG).enumerate() {
        let context = context(header, number);
        let opened = cipher
            .decrypt(
                &nonce(header, number),
                Payload {
                    msg: chunk,
                    aad: &context,
                },
            )
            .map_err(|_| unsealable())?;
        plain.extend_from_slice(&opened);
    }
    Ok(plain)
}

/// How many chunks a file of this length has: one at least, because only a chunk's tag binds the header.
fn chunks_of(length: usize) -> usize {
    length.div_ceil(CHUNK).max(1)
}

fn context(header: &[u8; HEADER], number: usize) -> [u8; HEADER + 8] {
    let mut context = [0; HEADER + 8];
    context[..HEADER].copy_from_slice(header);
    context[HEADER..].copy_from_slice(&(number as u64).to_le_bytes());
    context
}

fn nonce(header: &[u8; HEADER], number: usize) -> Nonce<aes_gcm::aead::consts::U12> {
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&header[16..]);
    let mut counter = [0; 4];
    counter.copy_from_slice(&nonce[8..]);
    let counter =
        u32::from_le_bytes(counter).wrapping_add(u32::try_from(number).unwrap_or(u32::MAX));
    nonce[8..].copy_from_slice(&counter.to_le_bytes());
    Nonce::from(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::PhotoKey;
    use crate::testing::Counting;
    use proptest::prelude::*;

    fn key() -> PhotoKey {
        PhotoKey::make(&Counting::default())
    }

    #[test]
    fn lengths_around_a_chunk_open_again() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5] {
            let plain: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let sealed = seal(&key(), &plain, &Counting::default());
            assert_eq!(blob_id(&sealed.bytes), sealed.id);
            assert_eq!(open(&key(), &sealed.bytes).unwrap(), plain, "{length}");
        }
    }

    #[test]
    fn swapped_cut_and_appended_chunks_do_not_open() {
        let plain = vec![5; 3 * CHUNK];
        let sealed = seal(&key(), &plain, &Counting::default()).bytes;
        let size = CHUNK + TAG;
        let mut swapped = sealed.clone();
        let (first, second) = swapped[HEADER..].split_at_mut(size);
        first.swap_with_slice(&mut second[..size]);
        assert!(open(&key(), &swapped).is_err());
        assert!(open(&key(), &sealed[..sealed.len() - size]).is_err());
        let mut shorter = sealed[..sealed.len() - size].to_vec();
        shorter[8..16].copy_from_slice(&(2 * CHUNK as u64).to_le_bytes());
        assert!(
            open(&key(), &shorter).is_err(),
            "a length changed to fit the cut does not open either"
        );
        let mut longer = sealed.clone();
        longer.extend_from_slice(&sealed[HEADER..HEADER + size]);
        assert!(open(&key(), &longer).is_err());
    }

    proptest! {
        /// One changed bit anywhere is noticed.
        #[test]
        fn a_flipped_bit_is_noticed(length in 0_usize..200, at in any::<usize>(), bit in 0_u8..8) {
            let mut sealed = seal(&key(), &vec![1; length], &Counting::default()).bytes;
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert!(open(&key(), &sealed).is_err());
        }
    }
}
