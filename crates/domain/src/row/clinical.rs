//! Clinical records, content keys, lot use and payments. Records, uses and payments are append-only.

use crate::id::{
    AppointmentId, ClientId, ClientKeyId, EncounterId, LotId, LotUseId, PaymentId, StaffId,
    TreatmentId,
};
use crate::money::Cents;
use crate::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};

/// A text only entitled staff can open: sealed under one of the client's keys.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SealedText {
    /// Under which key.
    pub key: ClientKeyId,
    /// The envelope; opaque here.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

/// One content key of a client, sealed to the clinic's clinical key pair. Two offline consoles may both mint one, so a
/// client can have several; destroying them all erases what they seal everywhere.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ClientKeyGrant {
    /// Identity of the key.
    pub id: ClientKeyId,
    /// Whose.
    pub client: ClientId,
    /// The key, sealed; opaque here.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    /// When it was minted.
    pub made_at: Timestamp,
}

/// A signed and locked record of one visit, or an addendum to one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Encounter {
    /// Identity.
    pub id: EncounterId,
    /// Whose.
    pub client: ClientId,
    /// At which appointment, when there was one.
    pub appointment: Option<AppointmentId>,
    /// Who treated and signed.
    pub practitioner: StaffId,
    /// What was done.
    pub treatment: TreatmentId,
    /// Where on the body.
    pub areas: Vec<String>,
    /// What was seen and done, in words.
    pub notes: SealedText,
    /// When it took place.
    pub at: Timestamp,
    /// On which civil day of the clinic.
    pub day: Day,
    /// When it was signed, which locks it.
    pub locked_at: Timestamp,
    /// The record this one adds to; a locked record is never edited.
    pub addendum_to: Option<EncounterId>,
}

/// One use of a lot on a client.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LotUse {
    /// Identity.
    pub id: LotUseId,
    /// In which record.
    pub encounter: EncounterId,
    /// Which lot.
    pub lot: LotId,
    /// On whom.
    pub client: ClientId,
    /// Units.
    pub quantity: i64,
    /// Civil day of use.
    pub day: Day,
}

/// How something was paid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum PaymentMethod {
    /// Instant transfer.
    Pix = 0,
    /// Credit card, possibly in instalments.
    Credit = 1,
    /// Debit card.
    Debit = 2,
    /// Notes and coins.
    Cash = 3,
}

impl PaymentMethod {
    /// The method of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Pix, Self::Credit, Self::Debit, Self::Cash]
            .into_iter()
            .find(|method| *method as u8 == number)
    }
}

/// A payment, or a refund of one (negative). Never edited.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Payment {
    /// Identity.
    pub id: PaymentId,
    /// By whom.
    pub client: ClientId,
    /// For which visit.
    pub appointment: Option<AppointmentId>,
    /// How much.
    pub amount: Cents,
    /// How.
    pub method: PaymentMethod,
    /// Number of instalments, 1 when paid at once.
    pub instalments: i32,
    /// When.
    pub at: Timestamp,
    /// Civil day of the clinic.
    pub day: Day,
    /// Who took it.
    pub taken_by: StaffId,
    /// The payment this one gives back.
    pub refund_of: Option<PaymentId>,
}
