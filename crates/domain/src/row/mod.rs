//! The clinic's data as rows: what actions read and change, what the store keeps and sync carries.

mod agenda;
mod clients;
mod clinic;
mod clinical;
mod photos;

pub use agenda::{Appointment, AppointmentStatus, VisitTicks};
pub use clients::{Alert, AlertSeverity, Client, Consent, ConsentPurpose};
pub use clinic::{ClinicProfile, Council, CouncilKind, Lot, Product, Room, Staff, Treatment};
pub use clinical::{ClientKeyGrant, Encounter, LotUse, Payment, PaymentMethod, SealedText};
pub use photos::{BlobRef, Photo, PhotoPhase, Rendition, RenditionFormat};

use crate::bucket::Bucket;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident($id:path) in $bucket:ident = $number:literal, $sql:literal;)*) => {
        /// The kind of a row.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum Table {
            $($(#[$doc])* $name = $number,)*
        }

        impl Table {
            /// Every kind of row, parents before the rows that refer to them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The bucket that rows of this kind travel in.
            pub fn bucket(self) -> Bucket {
                match self { $(Self::$name => Bucket::$bucket,)* }
            }

            /// The SQL table's name.
            pub fn sql_name(self) -> &'static str {
                match self { $(Self::$name => $sql,)* }
            }
        }

        /// A row of any kind.
        #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Row {
            $($(#[$doc])* $name($name),)*
        }

        impl Row {
            /// What identifies this row.
            pub fn key(&self) -> RowKey {
                match self { $(Self::$name(row) => RowKey { table: Table::$name, id: row.id.0 },)* }
            }
        }

        $(
            impl Entity for $name {
                const TABLE: Table = Table::$name;
                type Id = $id;
                fn from_row(row: Row) -> Option<Self> {
                    match row { Row::$name(row) => Some(row), _ => None }
                }
                fn as_entity(row: &Row) -> Option<&Self> {
                    match row { Row::$name(row) => Some(row), _ => None }
                }
            }
            impl From<$name> for Row {
                fn from(row: $name) -> Self { Self::$name(row) }
            }
            impl From<$id> for RowKey {
                fn from(id: $id) -> Self { Self { table: Table::$name, id: id.0 } }
            }
        )*
    };
}

rows! {
    /// The clinic's own data; one row.
    ClinicProfile(crate::id::ClinicId) in Staff = 1, "clinic";
    /// People who work here.
    Staff(crate::id::StaffId) in Staff = 2, "staff";
    /// Treatment rooms.
    Room(crate::id::RoomId) in Catalogue = 3, "room";
    /// Procedures.
    Treatment(crate::id::TreatmentId) in Catalogue = 4, "treatment";
    /// Products.
    Product(crate::id::ProductId) in Catalogue = 5, "product";
    /// Clients.
    Client(crate::id::ClientId) in Clients = 6, "client";
    /// Safety alerts, which reception sees too.
    Alert(crate::id::AlertId) in Clients = 7, "alert";
    /// Consents.
    Consent(crate::id::ConsentId) in Clients = 8, "consent";
    /// Appointments.
    Appointment(crate::id::AppointmentId) in Agenda = 9, "appointment";
    /// Completeness of a visit, without its clinical content. Shares the appointment's id.
    VisitTicks(crate::row::agenda::TicksId) in Agenda = 10, "visit_ticks";
    /// Clients' content keys, sealed to the clinic's clinical key pair.
    ClientKeyGrant(crate::id::ClientKeyId) in Clinical = 11, "client_key";
    /// Clinical records.
    Encounter(crate::id::EncounterId) in Clinical = 12, "encounter";
    /// Photo records.
    Photo(crate::id::PhotoId) in Photos = 13, "photo";
    /// Lots in stock.
    Lot(crate::id::LotId) in Stock = 14, "lot";
    /// Uses of lots.
    LotUse(crate::id::LotUseId) in Stock = 15, "lot_use";
    /// Payments and refunds.
    Payment(crate::id::PaymentId) in Finance = 16, "payment";
}

pub use agenda::TicksId;

/// What identifies a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RowKey {
    /// Its kind.
    pub table: Table,
    /// Its identity within the kind.
    pub id: Uuid,
}

impl Table {
    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|table| *table as u8 == number)
    }
}

/// A row type: what `WorkingSet` and the store read and write by type.
pub trait Entity: Sized + Into<Row> {
    /// Its kind.
    const TABLE: Table;
    /// Its id type.
    type Id: Copy + Into<RowKey>;
    /// The typed row, when `row` is of this kind.
    fn from_row(row: Row) -> Option<Self>;
    /// Borrows the typed row, when `row` is of this kind.
    fn as_entity(row: &Row) -> Option<&Self>;
}

/// One row as an action leaves it. The writer reads what was there before, in the same transaction.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RowChange {
    /// Which row.
    pub key: RowKey,
    /// Its new content; `None` deletes it.
    pub new: Option<Row>,
}

impl RowChange {
    /// Inserts the row or replaces it.
    pub fn put(row: impl Into<Row>) -> Self {
        let row = row.into();
        Self {
            key: row.key(),
            new: Some(row),
        }
    }
    /// Deletes the row.
    pub fn delete(key: impl Into<RowKey>) -> Self {
        Self {
            key: key.into(),
            new: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_numbers_are_stored_and_never_change() {
        let numbers: Vec<u8> = Table::ALL.iter().map(|table| *table as u8).collect();
        assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
        for table in Table::ALL {
            assert_eq!(Table::from_number(*table as u8), Some(*table));
        }
    }
}
