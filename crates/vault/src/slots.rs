//! Key slots of a console: its random database key, wrapped in as many ways as there are to open it.
//!
//! - the operating system's keyring, under an entry named by the installation;
//! - a passphrase, through Argon2id;
//! - the recovery kit: 24 printed words that carry 256 random bits and a checksum.
//!
//! The file itself is no secret. A lost keyring entry loses nothing as long as the words are kept, which is why set-up
//! asks for some of them again.

use crate::derive::{Derivation, Strength};
use crate::envelope;
use crate::error::VaultError;
use crate::file::{malformed, read_private, write_private};
use crate::key::{DatabaseKey, SealingKey as _, WrappingKey};
use bip39::{Language, Mnemonic};
use domain::port::Entropy;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const SERVICE: &str = "br.com.espelho.console";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Slots {
    version: u32,
    /// Names the keyring entry. Not secret.
    installation: String,
    keyring: Option<String>,
    passphrase: Option<PassphraseSlot>,
    recovery: Option<String>,
    recovery_tested: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct PassphraseSlot {
    derivation: Derivation,
    wrapped: String,
}

/// The slots of one installation.
#[derive(Debug)]
pub struct KeySlots {
    path: PathBuf,
    slots: Slots,
}

/// The printed words; wiped when dropped.
pub struct RecoveryWords(Zeroizing<String>);

impl RecoveryWords {
    fn make(entropy: &dyn Entropy) -> (Self, WrappingKey) {
        let mut bits = Zeroizing::new([0_u8; 32]);
        entropy.fill(bits.as_mut());
        #[expect(
            clippy::expect_used,
            reason = "256 bits are a length the standard allows"
        )]
        let words = Mnemonic::from_entropy_in(Language::Portuguese, bits.as_ref())
            .expect("256 bits make 24 words");
        (
            Self(Zeroizing::new(words.to_string())),
            recovery_key(bits.as_ref()),
        )
    }

    /// The words in order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }
}

fn recovery_key(bits: &[u8]) -> WrappingKey {
    // Domain separation only: the bits are uniformly random, nothing needs to be made slow.
    #[expect(clippy::expect_used, reason = "a BLAKE3 output is 32 bytes")]
    WrappingKey::from_bytes(&blake3::derive_key("espelho 2026 recovery kit", bits))
        .expect("32 bytes")
}

/// Reads words as a person types them: any case, any spaces, with or without accents.
fn read_words(typed: &str) -> Option<WrappingKey> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let mnemonic = Mnemonic::parse_in(Language::Portuguese, words.join(" ")).ok()?;
    let bits = Zeroizing::new(mnemonic.to_entropy());
    (bits.len() == 32).then(|| recovery_key(&bits))
}

impl KeySlots {
    /// The slots stored at `path`; `None` when this console has none yet.
    pub fn open(path: &Path) -> Result<Option<Self>, VaultError> {
        let Some(bytes) = read_private(path)? else {
            return Ok(None);
        };
        let slots: Slots =
            serde_json::from_slice(&bytes).map_err(|error| malformed(path, error))?;
        if slots.version != 1 {
            return Err(VaultError::UnknownForm { what: "key file" });
        }
        Ok(Some(Self {
            path: path.to_owned(),
            slots,
        }))
    }

    /// Makes a database key with its recovery words and, where given, a passphrase slot. The keyring slot is added by
    /// [`KeySlots::add_keyring`], which may fail on its own.
    pub fn make(
        path: &Path,
        passphrase: Option<&str>,
        entropy: &dyn Entropy,
    ) -> Result<(Self, DatabaseKey, RecoveryWords), VaultError> {
        let key = DatabaseKey::make(entropy);
        let mut installation = [0_u8; 16];
        entropy.fill(&mut installation);
        let (words, recovery) = RecoveryWords::make(entropy);
        let mut slots = Slots {
            version: 1,
            installation: installation
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            keyring: None,
            passphrase: None,
            recovery: None,
            recovery_tested: false,
        };
        slots.recovery = Some(wrap(&slots, "recovery", &recovery, &key, entropy));
        if let Some(passphrase) = passphrase {
            let derivation = Derivation::make(Strength::PRODUCTION, entropy);
            let wrapped = wrap(
                &slots,
                "passphrase",
                &derivation.derive(passphrase.as_bytes())?,
                &key,
                entropy,
            );
            slots.passphrase = Some(PassphraseSlot {
                derivation,
                wrapped,
            });
        }
        let made = Self {
            path: path.to_owned(),
            slots,
        };
        made.save()?;
        Ok((made, key, words))
    }

    fn save(&self) -> Result<(), VaultError> {
        let bytes =
            serde_json::to_vec_pretty(&self.slots).map_err(|error| malformed(&self.path, error))?;
        write_private(&self.path, &bytes)
    }

    /// Names this installation; not secret.
    pub fn installation(&self) -> &str {
        &self.slots.installation
    }

    /// Whether a passphrase reopens this console.
    pub fn has_passphrase(&self) -> bool {
        self.slots.passphrase.is_some()
    }

    /// Whether the keyring once took the key.
    pub fn has_keyring(&self) -> bool {
        self.slots.keyring.is_some()
    }

    /// Whether somebody has proved that the recovery words were kept.
    pub fn recovery_tested(&self) -> bool {
        self.slots.recovery_tested
    }

    /// Notes that the words were typed back.
    pub fn set_recovery_tested(&mut self) -> Result<(), VaultError> {
        self.slots.recovery_tested = true;
        self.save()
    }

    /// Makes new recovery words; those before them open nothing any more, and the new ones have to be proved.
    pub fn renew_recovery(
        &mut self,
        key: &DatabaseKey,
        entropy: &dyn Entropy,
    ) -> Result<RecoveryWords, VaultError> {
        let (words, recovery) = RecoveryWords::make(entropy);
        self.slots.recovery = Some(wrap(&self.slots, "recovery", &recovery, key, entropy));
        self.slots.recovery_tested = false;
        self.save()?;
        Ok(words)
    }

    /// Puts the key into the operating system's keyring. Writes and reads back: a keyring that was never unlocked answers
    /// "no entry" to a read, which must not be taken for an empty one.
    pub fn add_keyring(
        &mut self,
        key: &DatabaseKey,
        entropy: &dyn Entropy,
    ) -> Result<(), VaultError> {
        let wrapping = WrappingKey::make(entropy);
        let entry = self.entry()?;
        entry.set_secret(wrapping.bytes()).map_err(unavailable)?;
        let held = Zeroizing::new(entry.get_secret().map_err(unavailable)?);
        if held.as_slice() != wrapping.bytes() {
            return Err(VaultError::KeyringUnavailable {
                cause: "it did not keep what was stored".to_owned(),
            });
        }
        self.slots.keyring = Some(wrap(&self.slots, "keyring", &wrapping, key, entropy));
        self.save()
    }

    /// Opens with the operating system's keyring.
    pub fn open_with_keyring(&self) -> Result<DatabaseKey, VaultError> {
        let wrapped = self
            .slots
            .keyring
            .as_deref()
            .ok_or(VaultError::NoSuchSlot { kind: "keyring" })?;
        let entry = self.entry()?;
        let secret = match entry.get_secret() {
            Ok(secret) => Zeroizing::new(secret),
            Err(keyring::Error::NoEntry) => return Err(self.why_no_entry()),
            Err(error) => return Err(unavailable(error)),
        };
        let wrapping = WrappingKey::from_bytes(&secret)?;
        unwrap(&self.slots, "keyring", &wrapping, wrapped).ok_or(VaultError::KeyringEntryMissing)
    }

    /// "No entry" of a keyring that takes a probe means the entry is gone; of one that does not, that it is locked.
    fn why_no_entry(&self) -> VaultError {
        let probe = keyring::Entry::new(SERVICE, &format!("{}-probe", self.slots.installation));
        match probe.and_then(|probe| {
            probe
                .set_secret(b"probe")
                .and_then(|()| probe.delete_credential())
        }) {
            Ok(()) => VaultError::KeyringEntryMissing,
            Err(error) => unavailable(error),
        }
    }

    fn entry(&self) -> Result<keyring::Entry, VaultError> {
        keyring::Entry::new(SERVICE, &self.slots.installation).map_err(unavailable)
    }

    /// Opens with the passphrase.
    pub fn open_with_passphrase(&self, passphrase: &str) -> Result<DatabaseKey, VaultError> {
        let slot = self
            .slots
            .passphrase
            .as_ref()
            .ok_or(VaultError::NoSuchSlot { kind: "passphrase" })?;
        let wrapping = slot.derivation.derive(passphrase.as_bytes())?;
        unwrap(&self.slots, "passphrase", &wrapping, &slot.wrapped)
            .ok_or(VaultError::WrongPassphrase)
    }

    /// Opens with the recovery words.
    pub fn open_with_recovery(&self, typed: &str) -> Result<DatabaseKey, VaultError> {
        let wrapped = self
            .slots
            .recovery
            .as_deref()
            .ok_or(VaultError::NoSuchSlot { kind: "recovery" })?;
        let wrapping = read_words(typed).ok_or(VaultError::WrongRecoveryWords)?;
        unwrap(&self.slots, "recovery", &wrapping, wrapped).ok_or(VaultError::WrongRecoveryWords)
    }
}

fn context(slots: &Slots, kind: &str) -> Vec<u8> {
    format!("espelho slot {kind} of {}", slots.installation).into_bytes()
}

fn wrap(
    slots: &Slots,
    kind: &str,
    wrapping: &WrappingKey,
    key: &DatabaseKey,
    entropy: &dyn Entropy,
) -> String {
    let sealed = envelope::seal(wrapping, &context(slots, kind), key.bytes(), entropy);
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, sealed)
}

fn unwrap(slots: &Slots, kind: &str, wrapping: &WrappingKey, wrapped: &str) -> Option<DatabaseKey> {
    let sealed =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, wrapped).ok()?;
    let bytes =
        Zeroizing::new(envelope::open(wrapping, &context(slots, kind), &sealed, "key slot").ok()?);
    DatabaseKey::from_bytes(&bytes).ok()
}

fn unavailable(error: keyring::Error) -> VaultError {
    // The library's message may quote an attribute, never the secret.
    VaultError::KeyringUnavailable {
        cause: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;

    #[test]
    fn recovery_words_reopen_however_they_are_typed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let (_, key, words) = KeySlots::make(&path, None, &Counting::default()).unwrap();
        let slots = KeySlots::open(&path).unwrap().unwrap();
        let typed: Vec<&str> = words.words().collect();
        assert_eq!(typed.len(), 24);
        let shouted = typed.join("  ").to_uppercase();
        assert_eq!(
            slots.open_with_recovery(&shouted).unwrap().bytes(),
            key.bytes()
        );
        let mut swapped = typed.clone();
        swapped.swap(0, 1);
        assert!(matches!(
            slots.open_with_recovery(&swapped.join(" ")),
            Err(VaultError::WrongRecoveryWords)
        ));
        assert!(matches!(
            slots.open_with_recovery("abacate"),
            Err(VaultError::WrongRecoveryWords)
        ));
    }

    #[test]
    fn renewed_words_replace_the_old_ones() {
        let folder = tempfile::tempdir().unwrap();
        let entropy = Counting::default();
        let (mut slots, key, old) =
            KeySlots::make(&folder.path().join("keys.json"), None, &entropy).unwrap();
        slots.set_recovery_tested().unwrap();
        let new = slots.renew_recovery(&key, &entropy).unwrap();
        let typed = |words: &RecoveryWords| words.words().collect::<Vec<_>>().join(" ");
        assert!(slots.open_with_recovery(&typed(&old)).is_err());
        assert_eq!(
            slots.open_with_recovery(&typed(&new)).unwrap().bytes(),
            key.bytes()
        );
        assert!(!slots.recovery_tested());
    }

    #[test]
    fn the_passphrase_reopens_and_a_wrong_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let (slots, key, _) =
            KeySlots::make(&path, Some("frase longa"), &Counting::default()).unwrap();
        assert_eq!(
            slots.open_with_passphrase("frase longa").unwrap().bytes(),
            key.bytes()
        );
        assert!(matches!(
            slots.open_with_passphrase("outra"),
            Err(VaultError::WrongPassphrase)
        ));
        assert!(matches!(
            slots.open_with_keyring(),
            Err(VaultError::NoSuchSlot { .. })
        ));
    }

    #[test]
    fn a_slot_of_another_installation_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let entropy = Counting::default();
        let (first, _, words) =
            KeySlots::make(&folder.path().join("a.json"), None, &entropy).unwrap();
        let (mut second, ..) =
            KeySlots::make(&folder.path().join("b.json"), None, &entropy).unwrap();
        second.slots.recovery = first.slots.recovery;
        let typed = words.words().collect::<Vec<_>>().join(" ");
        assert!(matches!(
            second.open_with_recovery(&typed),
            Err(VaultError::WrongRecoveryWords)
        ));
    }
}
