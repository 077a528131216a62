//! Keys from what people remember: Argon2id (RFC 9106).

use crate::error::VaultError;
use crate::key::WrappingKey;
use argon2::{Algorithm, Argon2, Params, Version};
use domain::port::Entropy;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// How much work one guess costs. Stored beside what it protects, so that it can be raised later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Strength {
    /// Memory in KiB; 8 at least (the floor of the algorithm), 64 MiB in production.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
}

impl Strength {
    /// What people's passwords and passphrases are stored with: about a fifth of a second.
    pub const PRODUCTION: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
    };
    /// For a demonstration clinic, whose passwords are shown on screen, and for tests.
    pub const DEMONSTRATION: Self = Self {
        memory_kib: 1024,
        passes: 1,
    };
    /// For a PIN, which is also bound to random bytes that exist only in memory.
    pub const PIN: Self = Self {
        memory_kib: 16 * 1024,
        passes: 2,
    };
}

/// Salt and cost of one derivation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Derivation {
    #[serde(with = "serde_bytes")]
    salt: Vec<u8>,
    strength: Strength,
}

impl Derivation {
    /// A fresh salt.
    pub fn make(strength: Strength, entropy: &dyn Entropy) -> Self {
        let mut salt = vec![0; 16];
        entropy.fill(&mut salt);
        Self { salt, strength }
    }

    /// The key of a remembered text.
    pub fn derive(&self, remembered: &[u8]) -> Result<WrappingKey, VaultError> {
        // A hostile file must not make this machine reserve all its memory.
        if self.strength.memory_kib > 1024 * 1024 || self.strength.passes > 20 {
            return Err(VaultError::Derivation);
        }
        let params = Params::new(self.strength.memory_kib, self.strength.passes, 1, Some(32));
        let params = params.map_err(|_| VaultError::Derivation)?;
        let mut bytes = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(remembered, &self.salt, &mut bytes)
            .map_err(|_| VaultError::Derivation)?;
        let key = WrappingKey::from_bytes(&bytes);
        bytes.zeroize();
        key
    }
}
