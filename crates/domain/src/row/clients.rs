//! Clients, their safety alerts and consents.

use crate::contact::{Email, Phone};
use crate::cpf::Cpf;
use crate::id::{AlertId, ClientId, ConsentId, StaffId};
use crate::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};

/// A client (patient) of the clinic.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Client {
    /// Identity.
    pub id: ClientId,
    /// Civil name.
    pub name: String,
    /// Name they want to be called by, where it differs.
    pub social_name: Option<String>,
    /// CPF; unique in the clinic. Foreigners and children may have none.
    pub cpf: Option<Cpf>,
    /// Telephone.
    pub phone: Option<Phone>,
    /// E-mail.
    pub email: Option<Email>,
    /// Day of birth.
    pub birth_date: Option<Day>,
    /// When they were registered.
    pub registered_at: Timestamp,
    /// By whom.
    pub registered_by: StaffId,
}

impl Client {
    /// The name to call them by.
    pub fn display_name(&self) -> &str {
        self.social_name.as_deref().unwrap_or(&self.name)
    }
}

/// How loudly an alert speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum AlertSeverity {
    /// Worth knowing.
    Notice,
    /// Check before treating.
    Warning,
    /// Do not treat before a professional has decided.
    Critical,
}

/// A safety alert.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// Identity.
    pub id: AlertId,
    /// On whom.
    pub client: ClientId,
    /// How loudly.
    pub severity: AlertSeverity,
    /// What to say, in a few words: `Alergia a lidocaína`.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
    /// Who raised it.
    pub by: StaffId,
    /// When it stopped applying.
    pub ended_at: Option<Timestamp>,
}

/// What a consent is for. One consent covers one purpose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ConsentPurpose {
    /// The procedure itself.
    Care,
    /// Photos in the clinical record.
    ClinicalRecord,
    /// Publication of photos.
    Publicity,
    /// Messages about offers.
    Marketing,
}

/// A consent signed for one purpose. Append-only but for its revocation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Consent {
    /// Identity.
    pub id: ConsentId,
    /// Whose.
    pub client: ClientId,
    /// What for.
    pub purpose: ConsentPurpose,
    /// Version of the text that was signed.
    pub text_version: String,
    /// BLAKE3 of that text, so that a later edit of it shows.
    #[serde(with = "serde_bytes")]
    pub text_hash: Vec<u8>,
    /// Who signed: the client or a guardian.
    pub signer: String,
    /// When.
    pub signed_at: Timestamp,
    /// Who took it down.
    pub recorded_by: StaffId,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Consent {
    /// Whether it holds now.
    pub fn holds(&self) -> bool {
        self.revoked_at.is_none()
    }
}
