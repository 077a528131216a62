//! What can go wrong with keys.

/// Why a key could not be made, found or used. Never tells anything about the secret itself.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Sealed data were changed, cut short, moved to another place, or belong to another key.
    #[error("the sealed {what} does not open: it was changed or belongs to another key")]
    Unsealable {
        /// What was to be opened.
        what: &'static str,
    },
    /// Sealed data of a version this build does not know.
    #[error("the sealed {what} has a form this version does not know; update the app")]
    UnknownForm {
        /// What was to be opened.
        what: &'static str,
    },
    /// The password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// The passphrase is wrong.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The recovery words are wrong: a word misspelt, missing or out of place, or of another console.
    #[error("the recovery words do not open this console; compare each with the printed page")]
    WrongRecoveryWords,
    /// No keyring answers.
    #[error("the operating system's keyring does not answer: {cause}")]
    KeyringUnavailable {
        /// What the keyring library said.
        cause: String,
    },
    /// The keyring answers, but has no entry of this installation.
    #[error(
        "the operating system's keyring has no key of this console any more; use the recovery words"
    )]
    KeyringEntryMissing,
    /// A slot of that kind was never made.
    #[error("this console has no {kind} slot")]
    NoSuchSlot {
        /// Which kind.
        kind: &'static str,
    },
    /// The file of the slots cannot be read or written.
    #[error("the key file {file} cannot be used: {cause}")]
    KeyFile {
        /// File name without its folder.
        file: String,
        /// What the operating system or the decoder said.
        cause: String,
    },
    /// The key file can be read by others.
    #[error(
        "the key file {file} can be read by other users; make it readable by its owner only (mode 600)"
    )]
    KeyFileExposed {
        /// File name without its folder.
        file: String,
    },
    /// The chosen PIN is too easy.
    #[error("choose 4 to 8 digits that are neither all equal nor a plain sequence")]
    WeakPin,
    /// The key derivation parameters are out of bounds.
    #[error("the key derivation parameters are out of bounds")]
    Derivation,
    /// Not a key of the right form.
    #[error("the {what} is not a key of the right form")]
    MalformedKey {
        /// Which.
        what: &'static str,
    },
}
