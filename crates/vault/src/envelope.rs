//! AES-256-GCM of small values.
//!
//! Form: version byte, 12-byte random nonce, ciphertext with its 16-byte tag. The caller's `context` is authenticated with
//! it, so that a sealed value moved to another row or client does not open. Random nonces bound a key to 2^32 values, far
//! beyond what one client or console ever seals.

use crate::error::VaultError;
use crate::key::SealingKey;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use domain::port::Entropy;

const VERSION: u8 = 1;
const NONCE: usize = 12;

/// Bytes that sealing adds.
pub const OVERHEAD: usize = 1 + NONCE + 16;

fn cipher(key: &impl SealingKey) -> Aes256Gcm {
    Aes256Gcm::new(key.bytes().into())
}

/// Seals a value under `key`, bound to `context`.
pub fn seal(key: &impl SealingKey, context: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
    let mut nonce = [0_u8; NONCE];
    entropy.fill(&mut nonce);
    let payload = Payload {
        msg: plain,
        aad: context,
    };
    #[expect(
        clippy::expect_used,
        reason = "AES-GCM refuses only texts beyond 64 GiB"
    )]
    let sealed = cipher(key)
        .encrypt(&Nonce::from(nonce), payload)
        .expect("the value is short");
    let mut out = Vec::with_capacity(plain.len() + OVERHEAD);
    out.push(VERSION);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    out
}

/// Opens a sealed value. `what` names it in errors.
pub fn open(
    key: &impl SealingKey,
    context: &[u8],
    sealed: &[u8],
    what: &'static str,
) -> Result<Vec<u8>, VaultError> {
    let (version, rest) = sealed
        .split_first()
        .ok_or(VaultError::Unsealable { what })?;
    if *version != VERSION {
        return Err(VaultError::UnknownForm { what });
    }
    let (nonce, body) = rest
        .split_at_checked(NONCE)
        .ok_or(VaultError::Unsealable { what })?;
    let nonce: [u8; NONCE] = nonce
        .try_into()
        .map_err(|_| VaultError::Unsealable { what })?;
    cipher(key)
        .decrypt(
            &Nonce::from(nonce),
            Payload {
                msg: body,
                aad: context,
            },
        )
        .map_err(|_| VaultError::Unsealable { what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{ClientKey, PhotoKey};
    use crate::testing::Counting;
    use proptest::prelude::*;

    proptest! {
        /// What was sealed opens again, and only with the same key and context and unchanged to the last bit.
        #[test]
        fn only_the_unchanged_value_opens(plain in proptest::collection::vec(any::<u8>(), 0..300), flip in any::<(u16, u8)>()) {
            let key = ClientKey::make(&Counting::default());
            let mut sealed = seal(&key, b"row", &plain, &Counting::default());
            prop_assert_eq!(&open(&key, b"row", &sealed, "test").unwrap(), &plain);
            prop_assert!(open(&key, b"other row", &sealed, "test").is_err());
            prop_assert!(open(&PhotoKey::from_bytes(&[7; 32]).unwrap(), b"row", &sealed, "test").is_err());
            let at = usize::from(flip.0) % sealed.len();
            sealed[at] ^= 1 << (flip.1 % 8);
            prop_assert!(open(&key, b"row", &sealed, "test").is_err());
        }

        /// Foreign bytes are an error, never a panic.
        #[test]
        fn foreign_bytes_do_not_open(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(open(&ClientKey::make(&Counting::default()), b"", &bytes, "test").is_err());
        }
    }
}
