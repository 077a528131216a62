//! The day, the week, the waiting room, booking.

use super::app::StaffTile;
use super::catalogue::RoomView;
use domain::row::AppointmentStatus;
use serde::{Deserialize, Serialize};
use specta::Type;

/// One or several days of the agenda.
#[derive(Clone, Debug, Serialize, Type)]
pub struct AgendaView {
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// First bookable minute.
    pub opens_minute: i32,
    /// Last bookable minute.
    pub closes_minute: i32,
    /// The clinic's minute of day now.
    pub now_minute: i32,
    /// Today in the clinic's zone.
    pub today: String,
    /// Professionals with a column.
    pub staff: Vec<StaffTile>,
    /// Rooms.
    pub rooms: Vec<RoomView>,
    /// Appointments by day and start.
    pub appointments: Vec<AppointmentCard>,
}

/// An appointment as a card of the agenda.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct AppointmentCard {
    /// Which.
    pub id: String,
    /// Who comes.
    pub client_id: String,
    /// The name to call them by.
    pub client_name: String,
    /// Who treats.
    pub staff_id: String,
    /// Where.
    pub room_id: String,
    /// What.
    pub treatment_id: String,
    /// Its name.
    pub treatment: String,
    /// Day.
    pub day: String,
    /// First minute.
    pub start_minute: i32,
    /// Length in minutes.
    pub duration_minutes: i32,
    /// Where it stands.
    pub status: AppointmentStatus,
    /// Statuses one may change it to now.
    pub next: Vec<AppointmentStatus>,
    /// When the client came in (ms).
    pub arrived_at: Option<f64>,
    /// A note for reception.
    pub note: Option<String>,
    /// Active safety alerts on the client.
    pub alerts: u32,
    /// What is complete about the visit.
    pub ticks: Ticks,
    /// Something about it has no receipt from the server yet.
    pub pending: bool,
}

/// Completeness of a visit. `None`: not needed for this treatment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
pub struct Ticks {
    /// A procedure consent holds.
    pub consent: Option<bool>,
    /// Photos taken.
    pub photos: bool,
    /// Lots recorded.
    pub lots: Option<bool>,
    /// A signed record exists.
    pub notes: bool,
    /// Something was paid.
    pub payment: bool,
}

/// Looking for a free place.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct SlotQuery {
    /// What; decides the length where `duration_minutes` is not given.
    pub treatment_id: String,
    /// With whom; anybody when not given.
    pub staff_id: Option<String>,
    /// From which day on.
    pub day: String,
    /// Wanted minute; from opening on when not given.
    pub around_minute: Option<i32>,
    /// Length in minutes.
    pub duration_minutes: Option<i32>,
    /// The appointment that is being moved, which does not block itself.
    pub moving: Option<String>,
    /// How many at most.
    pub most: u32,
}

/// A free place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct SlotView {
    /// Day.
    pub day: String,
    /// First minute.
    pub start_minute: i32,
    /// Length in minutes.
    pub duration_minutes: i32,
    /// Who is free.
    pub staff_id: String,
    /// Which room is free.
    pub room_id: String,
}

/// Booking.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct BookRequest {
    /// Who comes.
    pub client_id: String,
    /// What.
    pub treatment_id: String,
    /// When, with whom, where.
    pub slot: SlotView,
    /// A note for reception.
    pub note: Option<String>,
}

/// Moving.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct MoveRequest {
    /// Which.
    pub id: String,
    /// The day it was on, as the person saw it.
    pub from_day: String,
    /// The minute it began, as the person saw it.
    pub from_minute: i32,
    /// Where to. An empty `room_id` keeps the room, or takes a free one when it is in use.
    pub slot: SlotView,
}

/// Changing where a visit stands.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct StatusRequest {
    /// Which.
    pub id: String,
    /// Where it stood, as the person saw it.
    pub from: AppointmentStatus,
    /// Where it stands now.
    pub to: AppointmentStatus,
}

/// What became of something a person did.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// Done here and on its way to the server.
    Done {
        /// The id of what was created or changed.
        id: String,
        /// Some rule can only be checked by the server.
        provisional: bool,
    },
    /// Refused by a rule.
    Refused {
        /// Why.
        refusal: Refused,
    },
}

/// Why a rule refused, with what helps the person go on.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct Refused {
    /// Stable code for the message: `slot_taken`, `duplicate_cpf`, `changed_meanwhile`, `wrong_status`, …
    pub code: String,
    /// The field, the resource or the status it is about.
    pub about: Option<String>,
    /// Free places near the wanted one.
    pub free: Vec<SlotView>,
    /// The client who has the CPF already.
    pub existing_client: Option<String>,
}
