//! What an action reads: declared before it runs, loaded at once, and nothing else.

use crate::bucket::Bucket;
use crate::cpf::Cpf;
use crate::id::{AppointmentId, ClientId, RoomId, StaffId};
use crate::row::{Appointment, Entity, Row, RowKey};
use crate::time::Day;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One thing an action reads.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// One row by its key.
    Row(RowKey),
    /// The client who has this CPF, if any.
    ClientByCpf(Cpf),
    /// A professional's appointments of one day, cancelled ones included.
    StaffDay(StaffId, Day),
    /// A room's appointments of one day, cancelled ones included.
    RoomDay(RoomId, Day),
    /// Every content key of a client.
    ClientKeys(ClientId),
    /// Every payment for an appointment.
    PaymentsOf(AppointmentId),
    /// The clinic's own row, whose id a console need not know beforehand.
    Clinic,
}

impl Read {
    /// The bucket that must be held to answer.
    pub fn bucket(&self) -> Bucket {
        match self {
            Self::Row(key) => key.table.bucket(),
            Self::ClientByCpf(_) => Bucket::Clients,
            Self::StaffDay(..) | Self::RoomDay(..) => Bucket::Agenda,
            Self::ClientKeys(_) => Bucket::Clinical,
            Self::PaymentsOf(_) => Bucket::Finance,
            Self::Clinic => Bucket::Staff,
        }
    }

    /// Whether a row, as it was or as it becomes, takes part in the answer. This is what decides which pending actions
    /// run again when rows change under them.
    pub fn concerns(&self, row: &Row) -> bool {
        match (self, row) {
            (Self::Row(key), row) => row.key() == *key,
            (Self::ClientByCpf(cpf), Row::Client(client)) => client.cpf.as_ref() == Some(cpf),
            (Self::StaffDay(staff, day), Row::Appointment(at)) => {
                at.staff == *staff && at.day == *day
            }
            (Self::RoomDay(room, day), Row::Appointment(at)) => at.room == *room && at.day == *day,
            (Self::ClientKeys(client), Row::ClientKeyGrant(key)) => key.client == *client,
            (Self::PaymentsOf(visit), Row::Payment(payment)) => payment.appointment == Some(*visit),
            (Self::Clinic, Row::ClinicProfile(_)) => true,
            _ => false,
        }
    }
}

/// Everything an action declares to read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReadSet(BTreeSet<Read>);

impl ReadSet {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds one row.
    #[must_use]
    pub fn row(self, key: impl Into<RowKey>) -> Self {
        self.with(Read::Row(key.into()))
    }
    /// Adds any read.
    #[must_use]
    pub fn with(mut self, read: Read) -> Self {
        self.0.insert(read);
        self
    }
    /// The reads, in a stable order.
    pub fn iter(&self) -> impl Iterator<Item = &Read> {
        self.0.iter()
    }
    /// Whether `read` was declared.
    pub fn contains(&self, read: &Read) -> bool {
        self.0.contains(read)
    }
}

/// What a store answers to one read.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// The rows; a range may hold none.
    Known(Vec<Row>),
    /// There is no such row.
    Absent,
    /// This device may not hold such rows, so it cannot tell.
    NotHeld,
}

/// A typed row as an action finds it.
#[derive(Clone, PartialEq, Debug)]
pub enum Found<T> {
    /// Here it is.
    Known(T),
    /// There is none.
    Absent,
    /// This device cannot tell; the server will.
    NotHeld,
}

/// An action read something its footprint does not declare: a fault in the action's code, never in the data.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the action read {0:?} without declaring it in its footprint")]
pub struct UndeclaredRead(pub Read);

/// The answers to a [`ReadSet`], loaded at once.
#[derive(Clone, Debug, Default)]
pub struct WorkingSet(BTreeMap<Read, Answer>);

impl WorkingSet {
    /// Puts an answer in.
    pub fn insert(&mut self, read: Read, answer: Answer) {
        self.0.insert(read, answer);
    }

    fn answer(&self, read: &Read) -> Result<&Answer, UndeclaredRead> {
        self.0.get(read).ok_or_else(|| UndeclaredRead(read.clone()))
    }

    /// One row by its typed id.
    pub fn get<T: Entity>(&self, id: T::Id) -> Result<Found<T>, UndeclaredRead> {
        let read = Read::Row(id.into());
        Ok(match self.answer(&read)? {
            Answer::Known(rows) => match rows.first().cloned().and_then(T::from_row) {
                Some(row) => Found::Known(row),
                None => Found::Absent,
            },
            Answer::Absent => Found::Absent,
            Answer::NotHeld => Found::NotHeld,
        })
    }

    /// The rows of a range read, `None` when this device may not hold them.
    pub fn range<T: Entity>(&self, read: &Read) -> Result<Option<Vec<T>>, UndeclaredRead> {
        Ok(match self.answer(read)? {
            Answer::Known(rows) => Some(rows.iter().cloned().filter_map(T::from_row).collect()),
            Answer::Absent => Some(Vec::new()),
            Answer::NotHeld => None,
        })
    }

    /// A professional's or room's appointments of one day.
    pub fn day(&self, read: &Read) -> Result<Option<Vec<Appointment>>, UndeclaredRead> {
        self.range::<Appointment>(read)
    }
}
