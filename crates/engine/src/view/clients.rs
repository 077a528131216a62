//! Finding, registering and knowing a client.

use super::agenda::AppointmentCard;
use super::photos::PhotoCard;
use domain::row::{AlertSeverity, AppointmentStatus, ConsentPurpose};
use serde::{Deserialize, Serialize};
use specta::Type;

/// A client in a list. Numbers are masked.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct ClientHit {
    /// Who.
    pub id: String,
    /// The name to call them by.
    pub name: String,
    /// Civil name, where it differs.
    pub civil_name: Option<String>,
    /// Day of birth.
    pub birth_date: Option<String>,
    /// `***.456.789-**`.
    pub cpf_masked: Option<String>,
    /// `(11) *****-5678`.
    pub phone_masked: Option<String>,
    /// Active alerts.
    pub alerts: u32,
}

/// A page of clients by name.
#[derive(Clone, Debug, Serialize, Type)]
pub struct ClientPage {
    /// The page.
    pub clients: Vec<ClientHit>,
    /// Opaque key of the next page; `None` at the end.
    pub next: Option<String>,
    /// How many there are in all.
    pub total: u32,
}

/// Registering a client. Texts as typed; the engine reads and checks them.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct RegisterRequest {
    /// Civil name.
    pub name: String,
    /// Name to be called by.
    pub social_name: Option<String>,
    /// CPF, with or without punctuation.
    pub cpf: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// ISO day.
    pub birth_date: Option<String>,
}

/// A field of a form that could not be taken.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct FieldProblem {
    /// The field's name in the request.
    pub field: String,
    /// Stable code for the message.
    pub code: String,
}

/// What became of a registration or an edit.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RegisterOutcome {
    /// Done.
    Done {
        /// Who.
        id: String,
        /// Some rule can only be checked by the server.
        provisional: bool,
    },
    /// Another client has the CPF.
    Duplicate {
        /// Who.
        existing: ClientHit,
    },
    /// Some fields cannot be taken.
    Invalid {
        /// Which and why.
        problems: Vec<FieldProblem>,
    },
    /// Somebody changed the same field meanwhile.
    Changed {
        /// Which field.
        field: String,
    },
}

/// Correcting one field of a client.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct EditRequest {
    /// Whose.
    pub id: String,
    /// `name`, `social_name`, `cpf`, `phone`, `email` or `birth_date`.
    pub field: String,
    /// The new value as typed; empty or `None` removes it.
    pub value: Option<String>,
    /// The revision the person saw, from [`ClientProfile::revision`].
    pub revision: String,
}

/// A client at one glance.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct ClientProfile {
    /// Who, masked.
    pub client: ClientHit,
    /// `m***@d***.br`.
    pub email_masked: Option<String>,
    /// Age in years.
    pub age: Option<u32>,
    /// When they were registered (ms).
    #[specta(type = specta_typescript::Number)]
    pub registered_at: f64,
    /// Changes whenever the client's own data do.
    pub revision: String,
    /// Active alerts, loudest first.
    pub alerts: Vec<AlertView>,
    /// Consents, newest first.
    pub consents: Vec<ConsentView>,
    /// The next appointment.
    pub next_visit: Option<AppointmentCard>,
    /// The last finished visit's day.
    pub last_visit: Option<String>,
    /// Finished visits.
    pub visits: u32,
    /// No-shows.
    pub no_shows: u32,
    /// Payments less refunds, in cents; `None` where this person or console may not see it.
    pub paid_cents: Option<f64>,
    /// Photos, newest first; empty where this person may not see them.
    pub photos: Vec<PhotoCard>,
    /// Whether this person may see clinical content here.
    pub clinical: bool,
}

/// A safety alert.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct AlertView {
    /// Which.
    pub id: String,
    /// How loudly.
    pub severity: AlertSeverity,
    /// In words.
    pub text: String,
    /// Since when (ms).
    #[specta(type = specta_typescript::Number)]
    pub since: f64,
}

/// A consent.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct ConsentView {
    /// Which.
    pub id: String,
    /// What for.
    pub purpose: ConsentPurpose,
    /// Version of the text.
    pub text_version: String,
    /// Who signed.
    pub signer: String,
    /// When (ms).
    #[specta(type = specta_typescript::Number)]
    pub signed_at: f64,
    /// When it was revoked (ms).
    pub revoked_at: Option<f64>,
}

/// Contact data in full; every look is audited.
#[derive(Clone, Debug, Serialize, Type)]
pub struct ClientContact {
    /// `123.456.789-09`.
    pub cpf: Option<String>,
    /// `(11) 91234-5678`.
    pub phone: Option<String>,
    /// E-mail.
    pub email: Option<String>,
}

/// A page of the one timeline, newest first.
#[derive(Clone, Debug, Serialize, Type)]
pub struct TimelinePage {
    /// The page.
    pub entries: Vec<TimelineEntry>,
    /// Opaque key of the next, older page.
    pub next: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct TimelineEntry {
    /// Which.
    pub id: String,
    /// When (ms).
    #[specta(type = specta_typescript::Number)]
    pub at: f64,
    /// Civil day.
    pub day: String,
    /// What.
    pub what: TimelineKind,
}

/// The kinds of what happens.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimelineKind {
    /// An appointment.
    Visit {
        /// Procedure.
        treatment: String,
        /// Professional.
        staff: String,
        /// First minute.
        start_minute: i32,
        /// Where it stands.
        status: AppointmentStatus,
    },
    /// A signed record; its notes are read separately.
    Record {
        /// Procedure.
        treatment: String,
        /// Professional.
        staff: String,
        /// Body areas.
        areas: Vec<String>,
        /// Whether it adds to an earlier record.
        addendum: bool,
    },
    /// Photos imported together.
    Photos {
        /// They.
        photos: Vec<PhotoCard>,
    },
    /// A consent signed.
    Consent {
        /// What for.
        purpose: ConsentPurpose,
        /// Whether it has been revoked since.
        revoked: bool,
    },
    /// A payment or refund.
    Payment {
        /// Cents, negative for a refund.
        #[specta(type = specta_typescript::Number)]
        amount_cents: f64,
        /// `pix`, `credit`, `debit` or `cash`.
        method: String,
        /// Instalments.
        instalments: i32,
    },
}

/// Raising an alert.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct AlertRequest {
    /// On whom.
    pub client_id: String,
    /// How loudly.
    pub severity: AlertSeverity,
    /// In a few words.
    pub text: String,
}

/// Taking down a consent.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct ConsentRequest {
    /// Whose.
    pub client_id: String,
    /// What for.
    pub purpose: ConsentPurpose,
    /// Who signs.
    pub signer: String,
    /// Version of the text shown.
    pub text_version: String,
    /// The text shown, whose hash is kept.
    pub text: String,
}
