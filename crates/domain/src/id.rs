//! Identities. Every entity has its own newtype, so that a client can never be passed where an appointment is meant.
//!
//! An id is a version-7 UUID: sortable by creation time, made on the device that creates the entity, so a console
//! with no network can refer to what it has just created.

use crate::port::{Clock, Entropy};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Makes a version-7 UUID from the two ports, so that a simulation replays the same ids from the same seed.
pub fn make_uuid(clock: &dyn Clock, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0_u8; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(clock.now().0).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identity from the device's clock and entropy.
            pub fn make(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(make_uuid(clock, entropy))
            }
            /// The 16 bytes as stored in the database.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// One clinic; everything in a database belongs to exactly one.
    ClinicId;
    /// A console enrolled with the server.
    DeviceId;
    /// One life of a device's outbox. A restored backup or a cloned PC forks a new one.
    IncarnationId;
    /// Someone who works at the clinic.
    StaffId;
    /// A treatment room.
    RoomId;
    /// A procedure in the catalogue.
    TreatmentId;
    /// A product in the catalogue.
    ProductId;
    /// One received lot of a product.
    LotId;
    /// A client (patient) of the clinic.
    ClientId;
    /// A safety alert on a client (allergy, contraindication).
    AlertId;
    /// One version of a client's content key.
    ClientKeyId;
    /// A place in the agenda.
    AppointmentId;
    /// A signed clinical record of one visit.
    EncounterId;
    /// One use of a lot in an encounter.
    LotUseId;
    /// A consent signed for one purpose.
    ConsentId;
    /// A photograph with its renditions.
    PhotoId;
    /// A payment or a refund.
    PaymentId;
    /// Any row that stands in a client's timeline, whichever kind it is of.
    TimelineId;
    /// A batch of files on its way in.
    ImportId;
}
