//! Ed25519 signatures (RFC 8032) of staff and devices, each in a context of its own.

use crate::error::VaultError;
use domain::port::Entropy;
use ed25519_dalek::{Signature, Signer as _, SigningKey as Ed25519, VerifyingKey};
use zeroize::Zeroizing;

/// What a signature is for; a signature made for one purpose does not verify for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A member of staff signs an action.
    Action,
    /// A device proves who it is.
    Device,
}

impl Purpose {
    fn message(self, bytes: &[u8]) -> Vec<u8> {
        let label: &[u8] = match self {
            Self::Action => b"espelho action v1\0",
            Self::Device => b"espelho device v1\0",
        };
        [label, bytes].concat()
    }
}

/// A private signing key; wiped when dropped.
pub struct SigningKey(Ed25519);

impl SigningKey {
    /// A random key.
    pub fn make(entropy: &dyn Entropy) -> Self {
        let mut seed = Zeroizing::new([0_u8; 32]);
        entropy.fill(seed.as_mut());
        Self(Ed25519::from_bytes(&seed))
    }

    /// The key of 32 stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        let seed: [u8; 32] = bytes.try_into().map_err(|_| VaultError::MalformedKey {
            what: "signing key",
        })?;
        Ok(Self(Ed25519::from_bytes(&seed)))
    }

    /// The 32 bytes, to be wrapped.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half, 32 bytes.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs; 64 bytes.
    pub fn sign(&self, purpose: Purpose, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(&purpose.message(bytes)).to_bytes().to_vec()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey([sensitive])")
    }
}

/// Whether `signature` over `bytes` for `purpose` is by the holder of `public`. Malformed keys and signatures are no.
pub fn verify(public: &[u8], purpose: Purpose, bytes: &[u8], signature: &[u8]) -> bool {
    let Ok(public) = <[u8; 32]>::try_from(public) else {
        return false;
    };
    let Ok(key) = VerifyingKey::from_bytes(&public) else {
        return false;
    };
    let Ok(signature) = Signature::from_slice(signature) else {
        return false;
    };
    key.verify_strict(&purpose.message(bytes), &signature)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;

    #[test]
    fn a_signature_holds_for_its_bytes_key_and_purpose_only() {
        let entropy = Counting::default();
        let (key, other) = (SigningKey::make(&entropy), SigningKey::make(&entropy));
        let signature = key.sign(Purpose::Action, b"book");
        assert!(verify(&key.public(), Purpose::Action, b"book", &signature));
        assert!(!verify(&key.public(), Purpose::Device, b"book", &signature));
        assert!(!verify(&key.public(), Purpose::Action, b"cook", &signature));
        assert!(!verify(
            &other.public(),
            Purpose::Action,
            b"book",
            &signature
        ));
        assert!(!verify(&[0; 31], Purpose::Action, b"book", &signature));
        assert!(!verify(
            &key.public(),
            Purpose::Action,
            b"book",
            &signature[..63]
        ));
    }
}
