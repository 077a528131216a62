//! Buckets: what a device's disk may hold. The signed-in person's roles then decide what is shown of it.

use serde::{Deserialize, Serialize};

/// A part of the clinic's data that is synced, checked and purged as one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Bucket {
    /// The clinic itself, people and their credentials.
    Staff = 0,
    /// Rooms, treatments, products.
    Catalogue = 1,
    /// Appointments and their completeness ticks.
    Agenda = 2,
    /// Clients, contact data, safety alerts, consents.
    Clients = 3,
    /// Clinical records and the clients' sealed content keys.
    Clinical = 4,
    /// Photo records (the pixels are blobs).
    Photos = 5,
    /// Payments.
    Finance = 6,
    /// Lots and their use.
    Stock = 7,
}

impl Bucket {
    /// All of them, most useful first: the order of a first snapshot.
    pub const ALL: [Self; 8] = [
        Self::Staff,
        Self::Catalogue,
        Self::Agenda,
        Self::Clients,
        Self::Clinical,
        Self::Photos,
        Self::Stock,
        Self::Finance,
    ];

    /// The number stored in the database.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The bucket of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|bucket| bucket.number() == number)
    }
}

/// A set of buckets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BucketSet(u16);

impl BucketSet {
    /// Every bucket: the server's own set.
    pub fn all() -> Self {
        Bucket::ALL.into_iter().collect()
    }
    /// Whether `bucket` is in the set.
    pub fn contains(self, bucket: Bucket) -> bool {
        self.0 & (1 << bucket.number()) != 0
    }
    /// The buckets, in snapshot order.
    pub fn iter(self) -> impl Iterator<Item = Bucket> {
        Bucket::ALL
            .into_iter()
            .filter(move |bucket| self.contains(*bucket))
    }
}

impl FromIterator<Bucket> for BucketSet {
    fn from_iter<I: IntoIterator<Item = Bucket>>(buckets: I) -> Self {
        Self(
            buckets
                .into_iter()
                .fold(0, |set, bucket| set | (1 << bucket.number())),
        )
    }
}

/// Where a console stands, which decides what its disk may hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DeviceProfile {
    /// The front desk: no clinical rows and no photos on disk.
    Reception,
    /// A treatment room: everything a practitioner needs.
    TreatmentRoom,
    /// An office of the management, or a single-PC clinic: everything.
    Management,
}

impl DeviceProfile {
    /// What a device of this profile may hold.
    pub fn buckets(self) -> BucketSet {
        use Bucket as B;
        match self {
            Self::Reception => [B::Staff, B::Catalogue, B::Agenda, B::Clients, B::Finance]
                .into_iter()
                .collect(),
            Self::TreatmentRoom => [
                B::Staff,
                B::Catalogue,
                B::Agenda,
                B::Clients,
                B::Clinical,
                B::Photos,
                B::Stock,
            ]
            .into_iter()
            .collect(),
            Self::Management => BucketSet::all(),
        }
    }
}
