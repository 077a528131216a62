//! Appointments and what is complete about them.

use crate::id::{AppointmentId, ClientId, RoomId, StaffId, TreatmentId};
use crate::row::{RowKey, Table};
use crate::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};

/// Where an appointment stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum AppointmentStatus {
    /// Booked.
    Scheduled = 0,
    /// The client said they will come.
    Confirmed = 1,
    /// In the waiting room.
    Arrived = 2,
    /// Being treated.
    InProgress = 3,
    /// Over.
    Done = 4,
    /// Did not come.
    NoShow = 5,
    /// Called off.
    Cancelled = 6,
}

impl AppointmentStatus {
    /// Every status, in the order of a visit.
    pub const ALL: [Self; 7] = [
        Self::Scheduled,
        Self::Confirmed,
        Self::Arrived,
        Self::InProgress,
        Self::Done,
        Self::NoShow,
        Self::Cancelled,
    ];

    /// The status of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| *status as u8 == number)
    }

    /// Whether the appointment keeps its professional and room from others.
    pub fn occupies(self) -> bool {
        !matches!(self, Self::NoShow | Self::Cancelled)
    }

    /// Whether reception may go from this status to `next`. One step back is allowed everywhere, so that a wrong click
    /// is undone rather than explained.
    pub fn may_become(self, next: Self) -> bool {
        use AppointmentStatus as S;
        matches!(
            (self, next),
            (
                S::Scheduled,
                S::Confirmed | S::Arrived | S::NoShow | S::Cancelled
            ) | (
                S::Confirmed,
                S::Scheduled | S::Arrived | S::NoShow | S::Cancelled
            ) | (
                S::Arrived,
                S::Scheduled | S::Confirmed | S::InProgress | S::NoShow | S::Cancelled
            ) | (S::InProgress, S::Arrived | S::Done)
                | (S::Done, S::InProgress)
                | (S::NoShow | S::Cancelled, S::Scheduled | S::Confirmed)
                | (S::NoShow, S::Arrived)
        )
    }
}

/// A place in the agenda. Civil day and minute of the clinic's zone: a booking does not move when a zone's rules do.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Appointment {
    /// Identity.
    pub id: AppointmentId,
    /// Who comes.
    pub client: ClientId,
    /// Who treats.
    pub staff: StaffId,
    /// Where.
    pub room: RoomId,
    /// What.
    pub treatment: TreatmentId,
    /// Which day.
    pub day: Day,
    /// First minute, from midnight.
    pub start_minute: i32,
    /// Length in minutes.
    pub duration_minutes: i32,
    /// Where it stands.
    pub status: AppointmentStatus,
    /// When the client came in.
    pub arrived_at: Option<Timestamp>,
    /// When treatment began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// A note for reception; no clinical content.
    pub note: Option<String>,
    /// Who booked it.
    pub booked_by: StaffId,
    /// When.
    pub booked_at: Timestamp,
}

impl Appointment {
    /// The minute after its last.
    pub fn end_minute(&self) -> i32 {
        self.start_minute + self.duration_minutes
    }

    /// Whether it occupies any minute of `[start, end)` on its own day.
    pub fn overlaps(&self, start: i32, end: i32) -> bool {
        self.status.occupies() && self.start_minute < end && start < self.end_minute()
    }
}

/// The id of a [`VisitTicks`] row: the appointment's own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicksId(pub uuid::Uuid);

impl From<AppointmentId> for TicksId {
    fn from(id: AppointmentId) -> Self {
        Self(id.0)
    }
}

/// What is complete about a visit, for reception, which may not hold the clinical rows themselves.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct VisitTicks {
    /// The appointment's id.
    pub id: TicksId,
    /// A signed record exists.
    pub notes: bool,
    /// Photos taken.
    pub photos: bool,
    /// Lots recorded.
    pub lots: bool,
    /// Something was paid.
    pub payment: bool,
}

impl VisitTicks {
    /// Nothing complete yet.
    pub fn none(appointment: AppointmentId) -> Self {
        Self {
            id: appointment.into(),
            notes: false,
            photos: false,
            lots: false,
            payment: false,
        }
    }

    /// The row key of an appointment's ticks.
    pub fn key(appointment: AppointmentId) -> RowKey {
        RowKey {
            table: Table::VisitTicks,
            id: appointment.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_can_be_left_again() {
        for status in AppointmentStatus::ALL {
            assert!(
                AppointmentStatus::ALL
                    .into_iter()
                    .any(|next| status.may_become(next)),
                "{status:?} is a dead end"
            );
            assert!(!status.may_become(status));
        }
    }
}
