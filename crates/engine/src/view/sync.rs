//! Sincronização: what is safe on the server, what waits, what needs a person.

use super::agenda::Refused;
use serde::Serialize;
use specta::Type;

/// The state in words and numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct SyncView {
    /// How the connection stands.
    pub connection: Connection,
    /// Every action has its receipt and every row the server had at its last word is here.
    pub synced: bool,
    /// When the last receipt came (ms).
    pub last_receipt_at: Option<f64>,
    /// When the server was last heard (ms).
    pub last_heard_at: Option<f64>,
    /// Server address.
    pub server: Option<String>,
    /// Actions waiting for a receipt, oldest first, 500 at most.
    pub waiting: Vec<WaitingItem>,
    /// How many there are in all.
    #[specta(type = specta_typescript::Number)]
    pub waiting_total: f64,
    /// Refused actions that wait for a person, 500 at most.
    pub parked: Vec<ParkedItem>,
    /// How many there are in all.
    #[specta(type = specta_typescript::Number)]
    pub parked_total: f64,
    /// Photos whose original the server does not have yet.
    pub uploads: Vec<UploadItem>,
    /// The server's place up to which this console has everything.
    #[specta(type = specta_typescript::Number)]
    pub cursor: f64,
}

/// How the connection stands.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Connection {
    /// Connected.
    Online,
    /// Being made.
    Connecting,
    /// No connection.
    Offline {
        /// Stable code of the reason: `unreachable`, `certificate_changed`, `device_revoked`, `token_refused`, …
        reason: String,
        /// Next try (ms).
        retry_at: Option<f64>,
    },
}

/// An action on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct WaitingItem {
    /// Its number in the outbox.
    #[specta(type = specta_typescript::Number)]
    pub sequence: f64,
    /// Stable code for what it is: `book_appointment`, `check_in`, …
    pub what: String,
    /// Whom it is about, where somebody may see that now.
    pub about: Option<String>,
    /// Who did it.
    pub by: String,
    /// When (ms).
    #[specta(type = specta_typescript::Number)]
    pub at: f64,
    /// Why it still waits: `offline`, `sending`, `unfitting`.
    pub reason: String,
    /// Some rule can only be checked by the server.
    pub provisional: bool,
}

/// A refused action.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct ParkedItem {
    /// Its number in the outbox.
    #[specta(type = specta_typescript::Number)]
    pub sequence: f64,
    /// Stable code for what it is.
    pub what: String,
    /// Whom it is about.
    pub about: Option<String>,
    /// Who did it.
    pub by: String,
    /// When (ms).
    #[specta(type = specta_typescript::Number)]
    pub at: f64,
    /// For a booking or a move: the wanted day.
    pub day: Option<String>,
    /// For a booking or a move: the wanted minute.
    pub start_minute: Option<i32>,
    /// Why it was refused, with free places.
    pub refusal: Refused,
    /// Whether the signed-in person may decide on it.
    pub mine: bool,
}

/// A photo on its way to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct UploadItem {
    /// Which photo.
    pub photo_id: String,
    /// Of whom, where this person may see that.
    pub client: Option<String>,
    /// Bytes the server has.
    #[specta(type = specta_typescript::Number)]
    pub sent: f64,
    /// Bytes in all.
    #[specta(type = specta_typescript::Number)]
    pub total: f64,
}
