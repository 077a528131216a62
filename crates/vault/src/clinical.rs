//! The clinic's clinical key pair (HPKE, RFC 9180: X25519, HKDF-SHA256, AES-256-GCM) and what it protects.
//!
//! Anyone may seal a client key to the public half, so imports go on while a console is locked. Only entitled staff hold
//! the private half, wrapped by their own password.

use crate::envelope;
use crate::error::VaultError;
use crate::key::{ClientKey, PhotoKey, SealingKey as _};
use domain::id::{ClientId, ClientKeyId, PhotoId};
use domain::port::Entropy;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

type Kem = X25519HkdfSha256;
const INFO: &[u8] = b"espelho client key v1";
const ENCAPSULATED: usize = 32;
const WHAT: &str = "client key";

/// The public half: seals.
#[derive(Clone, Debug)]
pub struct ClinicalPublic(<Kem as hpke::Kem>::PublicKey);

/// The private half: opens. Wiped when dropped.
pub struct ClinicalPrivate(<Kem as hpke::Kem>::PrivateKey);

/// A new key pair of a clinic.
pub fn make_clinical_pair(entropy: &dyn Entropy) -> (ClinicalPublic, ClinicalPrivate) {
    let mut material = Zeroizing::new([0_u8; 32]);
    entropy.fill(material.as_mut());
    let (private, public) = Kem::derive_keypair(material.as_ref());
    (ClinicalPublic(public), ClinicalPrivate(private))
}

impl ClinicalPublic {
    /// The key of 32 stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        <Kem as hpke::Kem>::PublicKey::from_bytes(bytes)
            .map(Self)
            .map_err(|_| VaultError::MalformedKey {
                what: "clinical public key",
            })
    }
    /// The 32 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes().to_vec()
    }
}

impl ClinicalPrivate {
    /// The key of 32 stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        <Kem as hpke::Kem>::PrivateKey::from_bytes(bytes)
            .map(Self)
            .map_err(|_| VaultError::MalformedKey {
                what: "clinical private key",
            })
    }
    /// The 32 bytes, to be wrapped.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_bytes().to_vec())
    }
}

impl std::fmt::Debug for ClinicalPrivate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClinicalPrivate([sensitive])")
    }
}

fn context(client: ClientId, key: ClientKeyId) -> Vec<u8> {
    [client.as_bytes().as_slice(), key.as_bytes().as_slice()].concat()
}

/// Seals a client's content key to the clinic.
pub fn seal_client_key(
    clinic: &ClinicalPublic,
    client: ClientId,
    id: ClientKeyId,
    key: &ClientKey,
    entropy: &dyn Entropy,
) -> Vec<u8> {
    let mut random = FromPort(entropy);
    #[expect(
        clippy::expect_used,
        reason = "encapsulating to a checked public key and sealing 32 bytes cannot fail"
    )]
    let (encapsulated, sealed) = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, Kem>(
        &OpModeS::Base,
        &clinic.0,
        INFO,
        key.bytes(),
        &context(client, id),
        &mut random,
    )
    .expect("a checked public key takes 32 bytes");
    [encapsulated.to_bytes().as_slice(), &sealed].concat()
}

/// Opens a client's content key.
pub fn open_client_key(
    private: &ClinicalPrivate,
    client: ClientId,
    id: ClientKeyId,
    sealed: &[u8],
) -> Result<ClientKey, VaultError> {
    let unsealable = || VaultError::Unsealable { what: WHAT };
    let (encapsulated, body) = sealed
        .split_at_checked(ENCAPSULATED)
        .ok_or_else(unsealable)?;
    let encapsulated =
        <Kem as hpke::Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| unsealable())?;
    let bytes = hpke::single_shot_open::<AesGcm256, HkdfSha256, Kem>(
        &OpModeR::Base,
        &private.0,
        &encapsulated,
        INFO,
        body,
        &context(client, id),
    )
    .map_err(|_| unsealable())?;
    ClientKey::from_bytes(&Zeroizing::new(bytes))
}

/// Wraps a photo's key under its client's key.
pub fn wrap_photo_key(
    client_key: &ClientKey,
    photo: PhotoId,
    key: &PhotoKey,
    entropy: &dyn Entropy,
) -> Vec<u8> {
    envelope::seal(client_key, photo.as_bytes(), key.bytes(), entropy)
}

/// Unwraps a photo's key.
pub fn unwrap_photo_key(
    client_key: &ClientKey,
    photo: PhotoId,
    wrapped: &[u8],
) -> Result<PhotoKey, VaultError> {
    let bytes = Zeroizing::new(envelope::open(
        client_key,
        photo.as_bytes(),
        wrapped,
        "photo key",
    )?);
    PhotoKey::from_bytes(&bytes)
}

/// Lends the port to libraries that ask for a generator of theirs.
struct FromPort<'a>(&'a dyn Entropy);

impl rand_core::TryRng for FromPort<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for FromPort<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;
    use uuid::Uuid;

    #[test]
    fn a_client_key_opens_for_its_client_and_its_clinic_only() {
        let entropy = Counting::default();
        let (public, private) = make_clinical_pair(&entropy);
        let (_, foreign) = make_clinical_pair(&entropy);
        let (client, id) = (
            ClientId(Uuid::from_u128(1)),
            ClientKeyId(Uuid::from_u128(2)),
        );
        let key = ClientKey::make(&entropy);
        let public = ClinicalPublic::from_bytes(&public.to_bytes()).unwrap();
        let private = ClinicalPrivate::from_bytes(&private.to_bytes()).unwrap();
        let sealed = seal_client_key(&public, client, id, &key, &entropy);
        assert_eq!(
            open_client_key(&private, client, id, &sealed)
                .unwrap()
                .bytes(),
            key.bytes()
        );
        assert!(open_client_key(&private, ClientId(Uuid::from_u128(3)), id, &sealed).is_err());
        assert!(open_client_key(&foreign, client, id, &sealed).is_err());
        assert!(open_client_key(&private, client, id, &sealed[..40]).is_err());
        let photo = PhotoId(Uuid::from_u128(9));
        let photo_key = PhotoKey::make(&entropy);
        let wrapped = wrap_photo_key(&key, photo, &photo_key, &entropy);
        assert_eq!(
            unwrap_photo_key(&key, photo, &wrapped).unwrap().bytes(),
            photo_key.bytes()
        );
        assert!(unwrap_photo_key(&key, PhotoId(Uuid::from_u128(8)), &wrapped).is_err());
    }
}
