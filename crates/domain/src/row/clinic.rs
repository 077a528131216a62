//! The clinic, its people, rooms, catalogue and stock.

use crate::id::{ClinicId, LotId, ProductId, RoomId, StaffId, TreatmentId};
use crate::money::Cents;
use crate::role::Role;
use crate::time::Day;
use serde::{Deserialize, Serialize};

/// The clinic itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ClinicProfile {
    /// Identity; also the clinic of every action.
    pub id: ClinicId,
    /// Name as printed on documents.
    pub name: String,
    /// IANA time zone, for example `America/Sao_Paulo`.
    pub zone: String,
    /// First bookable minute of a day, from midnight.
    pub opens_minute: i32,
    /// Minute at which the last appointment must have ended.
    pub closes_minute: i32,
    /// Public half of the clinical key pair that client keys are sealed to (X25519, 32 bytes).
    #[serde(with = "serde_bytes")]
    pub clinical_public: Vec<u8>,
    /// Whether this is the demonstration clinic, whose logins may be shown on the sign-in screen.
    pub demo: bool,
}

/// Someone who works at the clinic.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Staff {
    /// Identity.
    pub id: StaffId,
    /// Full name.
    pub name: String,
    /// What they work as.
    pub roles: Vec<Role>,
    /// Registration with a professional council, where the work needs one.
    pub council: Option<Council>,
    /// Index into the interface's palette of people.
    pub color: u8,
    /// Whether they may sign in and be booked.
    pub active: bool,
    /// Whether the agenda has a column for them.
    pub takes_appointments: bool,
    /// Ed25519 public key that their actions are verified with (32 bytes).
    #[serde(with = "serde_bytes")]
    pub signing_public: Vec<u8>,
    /// Their wrapped private keys; opaque here, opened by the vault with their password.
    #[serde(with = "serde_bytes")]
    pub credential: Vec<u8>,
}

/// A registration with a professional council.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Council {
    /// Which council.
    pub kind: CouncilKind,
    /// Number without the state.
    pub number: String,
    /// Federal unit, two letters.
    pub uf: String,
}

/// Councils whose members work at aesthetic clinics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouncilKind {
    /// Medicine.
    Crm,
    /// Dentistry.
    Cro,
    /// Nursing.
    Coren,
    /// Biomedicine.
    Crbm,
    /// Pharmacy.
    Crf,
    /// Physiotherapy.
    Crefito,
}

impl CouncilKind {
    /// The council's abbreviation as printed.
    pub fn abbreviation(self) -> &'static str {
        match self {
            Self::Crm => "CRM",
            Self::Cro => "CRO",
            Self::Coren => "COREN",
            Self::Crbm => "CRBM",
            Self::Crf => "CRF",
            Self::Crefito => "CREFITO",
        }
    }
}

/// A treatment room.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Room {
    /// Identity.
    pub id: RoomId,
    /// Name on its door.
    pub name: String,
    /// Whether it can be booked.
    pub active: bool,
}

/// A procedure in the catalogue.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Treatment {
    /// Identity.
    pub id: TreatmentId,
    /// Name.
    pub name: String,
    /// Group it is listed under.
    pub category: String,
    /// Usual length in minutes.
    pub duration_minutes: i32,
    /// List price.
    pub price: Cents,
    /// Body areas offered when it is recorded.
    pub areas: Vec<String>,
    /// Whether a procedure consent must be there before it.
    pub needs_consent: bool,
    /// Whether it uses products whose lot must be recorded.
    pub needs_lot: bool,
    /// Whether it can be booked.
    pub active: bool,
}

/// A product in the catalogue.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Product {
    /// Identity.
    pub id: ProductId,
    /// Name and presentation.
    pub name: String,
    /// Group it is listed under.
    pub category: String,
    /// ANVISA registration, where the clinic has recorded it.
    pub anvisa: Option<String>,
    /// What one unit of quantity is, for example `U` or `mL`.
    pub unit: String,
}

/// One received lot.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Lot {
    /// Identity.
    pub id: LotId,
    /// Of which product.
    pub product: ProductId,
    /// Code printed on the pack.
    pub code: String,
    /// Last day it may be used.
    pub expires: Day,
    /// Units received.
    pub received: i64,
    /// Units left; never negative.
    pub remaining: i64,
}
