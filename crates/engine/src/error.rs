//! The one error that leaves the engine.

use serde::Serialize;
use specta::Type;

/// What the interface gets: a stable code for its own words, an English message for logs and support, and whether trying
/// again may help. Never holds personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AppError {
    /// Stable code, for example `locked`, `not_allowed`, `disk_full`.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// Whether trying again may help.
    pub retryable: bool,
}

impl AppError {
    /// An error that trying again does not mend.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            retryable: false,
        }
    }

    /// An error that may pass.
    pub fn retryable(code: &str, message: impl Into<String>) -> Self {
        Self {
            retryable: true,
            ..Self::new(code, message)
        }
    }

    /// The console is locked or nobody has signed in.
    pub fn locked() -> Self {
        Self::new(
            "locked",
            "nobody is signed in, or the console is locked; unlock it first",
        )
    }

    /// The person's roles do not allow it.
    pub fn not_allowed(needed: domain::role::Permission) -> Self {
        Self::new(
            "not_allowed",
            format!("this person's roles do not allow {needed:?}"),
        )
    }

    /// Something is not there.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            "not_found",
            format!("the {what} does not exist, or this console may not hold it"),
        )
    }

    /// A request field cannot be read.
    pub fn invalid(field: &str) -> Self {
        Self::new("invalid", format!("{field} is not valid"))
    }
}

/// Storage errors get the code that says what a person can do about them.
impl From<store::StoreError> for AppError {
    fn from(error: store::StoreError) -> Self {
        use store::StoreError as S;
        let message = error.to_string();
        match error {
            S::WrongKey => Self::new("wrong_key", message),
            S::NewerSchema { .. } => Self::new("newer_schema", message),
            S::DiskFull => Self::retryable("disk_full", message),
            S::Busy | S::NoReader => Self::retryable("busy", message),
            S::Corrupt(_) => Self::new("database_damaged", message),
            S::BlobDamaged(_) => Self::retryable("photo_damaged", message),
            S::BlobMissing(_) => Self::retryable("photo_not_here", message),
            S::OldSqlite(_) => Self::new("old_sqlite", message),
            S::File(_) => Self::retryable("file", message),
            S::Decode(_) | S::Sqlite(_) => Self::new("storage", message),
        }
    }
}

impl From<vault::VaultError> for AppError {
    fn from(error: vault::VaultError) -> Self {
        use vault::VaultError as V;
        let code = match error {
            V::WrongPassword => "wrong_password",
            V::WrongPassphrase => "wrong_passphrase",
            V::WrongRecoveryWords => "wrong_recovery_words",
            V::KeyringUnavailable { .. } => "keyring_unavailable",
            V::KeyringEntryMissing => "keyring_entry_missing",
            V::WeakPin => "weak_pin",
            V::Unsealable { .. } => "unsealable",
            V::UnknownForm { .. } => "newer_form",
            V::NoSuchSlot { .. } => "no_such_slot",
            V::KeyFile { .. } | V::KeyFileExposed { .. } => "key_file",
            V::Derivation | V::MalformedKey { .. } => "damaged_key",
        };
        Self::new(code, error.to_string())
    }
}

impl From<vault::pin::PinError> for AppError {
    fn from(error: vault::pin::PinError) -> Self {
        use vault::pin::PinError as P;
        let code = match error {
            P::Wrong { .. } => "wrong_pin",
            P::Expired => "pin_expired",
            P::Exhausted => "pin_exhausted",
        };
        Self::new(code, error.to_string())
    }
}

impl From<replica::ReplicaError<store::StoreError>> for AppError {
    fn from(error: replica::ReplicaError<store::StoreError>) -> Self {
        match error {
            replica::ReplicaError::Store(error) => error.into(),
            replica::ReplicaError::NotParked { .. } => Self::not_found("refused action"),
            error => Self::new("replica", error.to_string()),
        }
    }
}

impl From<crate::net::HttpError> for AppError {
    fn from(error: crate::net::HttpError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
