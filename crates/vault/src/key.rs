//! Symmetric keys, one type per use, so that one can never be taken for another.

use crate::error::VaultError;
use crate::sensitive::Sensitive;
use domain::port::Entropy;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A key that [`crate::envelope`] and [`crate::stream`] can seal with.
pub trait SealingKey {
    /// The 32 bytes.
    fn bytes(&self) -> &[u8; 32];
}

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// A random key.
            pub fn make(entropy: &dyn Entropy) -> Self {
                let mut bytes = [0; 32];
                entropy.fill(&mut bytes);
                Self(bytes)
            }

            /// The key of 32 stored bytes.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
                bytes.try_into().map(Self).map_err(|_| VaultError::MalformedKey { what: stringify!($name) })
            }

            /// A second handle on the same key, for another thread; wiped on its own.
            #[must_use]
            pub fn duplicate(&self) -> Self {
                Self(self.0)
            }
        }

        impl SealingKey for $name {
            fn bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([sensitive])"))
            }
        }
    )*};
}

keys! {
    /// Opens the database.
    DatabaseKey;
    /// Seals what is sensitive of one client.
    ClientKey;
    /// Seals one photo and its renditions.
    PhotoKey;
    /// Seals cache entries in memory; lives as long as one unlock.
    CacheKey;
    /// Wraps another key; derived from a password, passphrase, PIN or recovery words.
    WrappingKey;
}

impl DatabaseKey {
    /// SQLCipher's raw form `x'…'`, which skips its own key derivation: the key is random already.
    pub fn to_sqlcipher_raw(&self) -> Sensitive<String> {
        let mut text = String::with_capacity(67);
        text.push_str("x'");
        for byte in self.0 {
            text.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
            text.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        }
        text.push('\'');
        Sensitive::new(text)
    }

    /// A key of its own for another purpose, for example the measurements' database.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        Self(blake3::derive_key(
            &format!("espelho 2026 database key: {purpose}"),
            &self.0,
        ))
    }

    /// A keyed BLAKE3 of `bytes`: tells equal files apart from different ones without telling what they are.
    pub fn fingerprint(&self, bytes: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&self.0, bytes).as_bytes()
    }
}
