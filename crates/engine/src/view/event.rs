//! What the engine tells the window without being asked. Leaves after commit, never inside a transaction.

use super::photos::ImportView;
use super::sync::SyncView;
use serde::Serialize;
use specta::Type;

/// Something the window may want to show.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EngineEvent {
    /// Rows changed; what shows them reads again.
    Changed {
        /// Which kinds.
        topics: Vec<Topic>,
        /// Clients the change is about, at most 100; empty when more.
        clients: Vec<String>,
    },
    /// The phase changed: enrolled, filled, signed in, locked.
    Phase,
    /// The state of sync changed.
    Sync {
        /// The new state, without personal data while locked.
        sync: SyncView,
    },
    /// An import went on.
    Import {
        /// Where it stands.
        import: ImportView,
    },
}

/// Kinds of rows, as screens need them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Appointments and their ticks.
    Agenda,
    /// Clients, alerts, consents.
    Clients,
    /// Records.
    Clinical,
    /// Photos.
    Photos,
    /// People, rooms, treatments, lots.
    Catalogue,
    /// Payments.
    Finance,
}
