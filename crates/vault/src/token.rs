//! Enrolment codes and the short tokens that a console shows the server.

use crate::error::VaultError;
use crate::signature::SigningKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::bucket::DeviceProfile;
use domain::id::{ClinicId, DeviceId};
use domain::port::Entropy;
use domain::time::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// How long a token holds, in seconds.
pub const TOKEN_SECONDS: i64 = 15 * 60;

/// What a token says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TokenClaims {
    /// The device it was made for.
    pub device: DeviceId,
    /// The clinic.
    pub clinic: ClinicId,
    /// What kind of place the device stands in.
    pub profile: DeviceProfile,
    /// End of validity by the server's clock, in seconds since the Unix epoch.
    pub exp: i64,
}

/// Why a token was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// Its time is over.
    #[error("the token has expired; ask for a new one")]
    Expired,
    /// It was not made by this server, or was changed.
    #[error("the token was not made by this server")]
    Forged,
}

/// Makes and checks tokens (JWT, HS256 under a random key of the server: nobody else has to check them).
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of 32 stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| VaultError::MalformedKey { what: "token key" })
    }

    /// A random key.
    pub fn make(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The 32 bytes, to be stored in the encrypted database.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// A token that holds for [`TOKEN_SECONDS`].
    pub fn make_token(
        &self,
        device: DeviceId,
        clinic: ClinicId,
        profile: DeviceProfile,
        now: Timestamp,
    ) -> String {
        let claims = TokenClaims {
            device,
            clinic,
            profile,
            exp: now.0 / 1000 + TOKEN_SECONDS,
        };
        #[expect(clippy::expect_used, reason = "four plain fields always encode")]
        jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &claims,
            &EncodingKey::from_secret(&self.0),
        )
        .expect("claims encode")
    }

    /// Checks a token at `now`, the server's own clock.
    pub fn verify_token(&self, token: &str, now: Timestamp) -> Result<TokenClaims, TokenError> {
        let mut validation = Validation::new(Algorithm::HS256);
        // The library would read the operating system's clock; expiry is checked below against the port's.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<TokenClaims>(
            token,
            &DecodingKey::from_secret(&self.0),
            &validation,
        )
        .map_err(|_| TokenError::Forged)?
        .claims;
        if claims.exp <= now.0 / 1000 {
            Err(TokenError::Expired)
        } else {
            Ok(claims)
        }
    }
}

impl Drop for TokenKey {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// A one-time enrolment code: 12 symbols of Crockford's base 32 in three groups, 60 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode(String);

const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl EnrolmentCode {
    /// A random code.
    pub fn make(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 12];
        entropy.fill(&mut bytes);
        Self(
            bytes
                .iter()
                .map(|byte| char::from(SYMBOLS[usize::from(byte & 31)]))
                .collect(),
        )
    }

    /// Reads a code as typed: any case, with or without dashes, O for 0 and I or L for 1.
    pub fn parse(typed: &str) -> Option<Self> {
        let code: String = typed
            .chars()
            .filter(|symbol| !matches!(symbol, '-' | ' '))
            .map(|symbol| match symbol.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                symbol => symbol,
            })
            .collect();
        let known = code.len() == 12 && code.bytes().all(|symbol| SYMBOLS.contains(&symbol));
        known.then_some(Self(code))
    }

    /// `ABCD-EFGH-JKMN`.
    pub fn formatted(&self) -> String {
        format!("{}-{}-{}", &self.0[..4], &self.0[4..8], &self.0[8..])
    }

    /// What the server stores instead of the code.
    pub fn hash(&self) -> [u8; 32] {
        blake3::derive_key("espelho 2026 enrolment code", self.0.as_bytes())
    }
}

/// A device's own key pair proves who it is when it asks for a token.
pub fn device_proof(key: &SigningKey, device: DeviceId, challenge: &[u8]) -> String {
    STANDARD.encode(key.sign(
        crate::signature::Purpose::Device,
        &proof_bytes(device, challenge),
    ))
}

/// Whether the proof is by the holder of the device's key.
pub fn verify_device_proof(public: &[u8], device: DeviceId, challenge: &[u8], proof: &str) -> bool {
    STANDARD.decode(proof).is_ok_and(|signature| {
        crate::signature::verify(
            public,
            crate::signature::Purpose::Device,
            &proof_bytes(device, challenge),
            &signature,
        )
    })
}

fn proof_bytes(device: DeviceId, challenge: &[u8]) -> Vec<u8> {
    [device.as_bytes().as_slice(), challenge].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;
    use uuid::Uuid;

    #[test]
    fn expired_and_forged_tokens_are_told_apart() {
        let entropy = Counting::default();
        let (key, other) = (TokenKey::make(&entropy), TokenKey::make(&entropy));
        let (device, clinic) = (DeviceId(Uuid::from_u128(1)), ClinicId(Uuid::from_u128(2)));
        let token = key.make_token(
            device,
            clinic,
            DeviceProfile::Reception,
            Timestamp(1_000_000),
        );
        let end = Timestamp(1_000_000 + TOKEN_SECONDS * 1000);
        assert_eq!(
            key.verify_token(&token, Timestamp(1_000_000))
                .unwrap()
                .device,
            device
        );
        assert_eq!(key.verify_token(&token, end), Err(TokenError::Expired));
        assert_eq!(
            other.verify_token(&token, Timestamp(0)),
            Err(TokenError::Forged)
        );
        assert_eq!(
            key.verify_token("rubbish", Timestamp(0)),
            Err(TokenError::Forged)
        );
        let none = "eyJhbGciOiJub25lIn0.e30.";
        assert_eq!(
            key.verify_token(none, Timestamp(0)),
            Err(TokenError::Forged)
        );
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = EnrolmentCode::make(&Counting::default());
        let typed = code
            .formatted()
            .to_lowercase()
            .replace('0', "o")
            .replace('1', "l")
            .replace('-', " ");
        assert_eq!(EnrolmentCode::parse(&typed).unwrap().hash(), code.hash());
        assert!(EnrolmentCode::parse("ABCD-EFGH-JKM").is_none());
        assert!(EnrolmentCode::parse("ABCD-EFGH-JKMU").is_none());
    }

    #[test]
    fn a_device_proof_holds_for_its_challenge_only() {
        let key = SigningKey::make(&Counting::default());
        let device = DeviceId(Uuid::from_u128(1));
        let proof = device_proof(&key, device, b"nonce");
        assert!(verify_device_proof(&key.public(), device, b"nonce", &proof));
        assert!(!verify_device_proof(
            &key.public(),
            device,
            b"other",
            &proof
        ));
        assert!(!verify_device_proof(
            &key.public(),
            DeviceId(Uuid::from_u128(2)),
            b"nonce",
            &proof
        ));
    }
}
