//! A person's keys: what their password opens.

use crate::clinical::ClinicalPrivate;
use crate::derive::{Derivation, Strength};
use crate::envelope;
use crate::error::VaultError;
use crate::signature::SigningKey;
use domain::codec;
use domain::id::StaffId;
use domain::port::Entropy;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Everybody's password in a demonstration clinic, and in no other: its people, clients and pictures are made up.
pub const DEMONSTRATION_PASSWORD: &str = "espelho-demo";

/// The keys of a person at work.
#[derive(Debug)]
pub struct StaffKeys {
    /// Signs their actions.
    pub signing: SigningKey,
    /// Opens client keys, for those entitled to clinical content.
    pub clinical: Option<ClinicalPrivate>,
}

impl StaffKeys {
    /// Signing key and clinical key as one value to be wrapped.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(self.signing.to_bytes().to_vec());
        if let Some(clinical) = &self.clinical {
            bytes.extend_from_slice(&clinical.to_bytes());
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        let (signing, clinical) = bytes.split_at_checked(32).ok_or(VaultError::MalformedKey {
            what: "person's keys",
        })?;
        let clinical = if clinical.is_empty() {
            None
        } else {
            Some(ClinicalPrivate::from_bytes(clinical)?)
        };
        Ok(Self {
            signing: SigningKey::from_bytes(signing)?,
            clinical,
        })
    }
}

/// A person's keys wrapped by their password; travels with the staff rows and opens offline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StaffCredential {
    derivation: Derivation,
    #[serde(with = "serde_bytes")]
    wrapped: Vec<u8>,
}

impl StaffCredential {
    /// Wraps `keys` by `password`.
    pub fn make(
        staff: StaffId,
        password: &str,
        keys: &StaffKeys,
        strength: Strength,
        entropy: &dyn Entropy,
    ) -> Result<Self, VaultError> {
        let derivation = Derivation::make(strength, entropy);
        let key = derivation.derive(password.as_bytes())?;
        let wrapped = envelope::seal(&key, staff.as_bytes(), &keys.to_bytes(), entropy);
        Ok(Self {
            derivation,
            wrapped,
        })
    }

    /// Reads a stored credential.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        codec::decode(bytes).map_err(|_| VaultError::MalformedKey { what: "credential" })
    }

    /// The form stored in the staff row.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Opens the keys. Takes as long as the derivation's cost says, right password or wrong.
    pub fn unlock(&self, staff: StaffId, password: &str) -> Result<StaffKeys, VaultError> {
        let key = self.derivation.derive(password.as_bytes())?;
        let bytes = envelope::open(&key, staff.as_bytes(), &self.wrapped, "credential")
            .map_err(|_| VaultError::WrongPassword)?;
        StaffKeys::from_bytes(&Zeroizing::new(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clinical::make_clinical_pair;
    use crate::testing::Counting;
    use uuid::Uuid;

    #[test]
    fn the_password_opens_the_keys_and_a_wrong_one_does_not() {
        let entropy = Counting::default();
        let staff = StaffId(Uuid::from_u128(7));
        let (_, clinical) = make_clinical_pair(&entropy);
        let keys = StaffKeys {
            signing: SigningKey::make(&entropy),
            clinical: Some(clinical),
        };
        let made =
            StaffCredential::make(staff, "açaí 42", &keys, Strength::DEMONSTRATION, &entropy)
                .unwrap();
        let stored = StaffCredential::from_bytes(&made.to_bytes()).unwrap();
        let opened = stored.unlock(staff, "açaí 42").unwrap();
        assert_eq!(opened.signing.public(), keys.signing.public());
        assert!(opened.clinical.is_some());
        assert!(matches!(
            stored.unlock(staff, "acai 42"),
            Err(VaultError::WrongPassword)
        ));
        assert!(matches!(
            stored.unlock(StaffId(Uuid::from_u128(8)), "açaí 42"),
            Err(VaultError::WrongPassword)
        ));
    }
}
