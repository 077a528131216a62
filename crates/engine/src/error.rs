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
