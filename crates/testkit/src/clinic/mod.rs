//! A synthetic clinic: its people and catalogue, and three years of clients who come, come back, stay away, pay and sign.
//!
//! Everything follows from a [`Plan`]. Rows are handed out one after the other, so that a clinic of any size is made in little
//! memory: what is kept per client is a few words.
//!
//! ```
//! use domain::time::{ClinicZone, Day};
//! use testkit::clinic::{self, Plan};
//! let zone = ClinicZone::sao_paulo();
//! let plan = Plan { clients: 40, seed: 1, now: zone.at(Day(20_782), 14 * 60), zone };
//! let founded = clinic::found(&plan, "senha de teste")?;
//! let mut rows = founded.rows;
//! clinic::fill(&plan, &founded.team, &mut |row| {
//!     rows.push(row);
//!     Ok::<_, std::convert::Infallible>(())
//! })?;
//! assert!(rows.len() > 400);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod agenda;
mod catalogue;
mod client;
mod coming;
mod history;
mod load;
mod names;
mod season;
mod staff;
mod stock;
mod visit;

pub use history::fill;
pub use load::{LOAD_ROWS, Loader};
pub use staff::{Employee, Founded, Team, employees, found};

use domain::id::{AppointmentId, ClientId, ClientKeyId, EncounterId, StaffId};
use domain::row::Appointment;
use domain::time::{ClinicZone, Day, Timestamp};
use vault::key::ClientKey;

/// First bookable minute of a day.
pub const OPENS_MINUTE: i32 = 8 * 60;
/// Minute at which the last appointment has ended.
pub const CLOSES_MINUTE: i32 = 20 * 60;
/// The clinic's name.
pub const NAME: &str = "Clínica Espelho d'Água";

/// What decides every row of a synthetic clinic.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many clients it has; each comes about five times in all.
    pub clients: u32,
    /// What all choices are drawn from.
    pub seed: u64,
    /// The moment at which the clinic is seen: before it is history, after it is booked.
    pub now: Timestamp,
    /// Where it is.
    pub zone: ClinicZone,
}

impl Plan {
    /// The day that is under way.
    pub fn today(&self) -> Day {
        self.zone.day(self.now)
    }

    /// The day on which it opened.
    pub fn first_day(&self) -> Day {
        season::first_day(self.today())
    }

    /// About how many appointments there will be.
    pub fn appointments(&self) -> u32 {
        self.clients.saturating_mul(season::VISITS_PER_CLIENT)
    }

    /// How many people treat: five, and as many more as it takes on the busiest days.
    pub fn practitioners(&self) -> usize {
        (self.clients as usize / 1000).max(5)
    }
}

/// A visit that took place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PastVisit {
    /// Which.
    pub appointment: AppointmentId,
    /// Its record, where there is one.
    pub encounter: Option<EncounterId>,
    /// When treatment began.
    pub at: Timestamp,
    /// Who treated.
    pub practitioner: StaffId,
}

/// A client whose pictures would be worth taking: somebody who came before, first those who come today.
#[derive(Debug)]
pub struct Subject {
    /// Who.
    pub client: ClientId,
    /// Their content key, where one was granted.
    pub key: Option<(ClientKeyId, ClientKey)>,
    /// Their first visit.
    pub first: PastVisit,
    /// Their last one, the same where they came once.
    pub last: PastVisit,
}

/// What was made, for whoever goes on from there.
#[derive(Debug)]
pub struct Filled {
    /// Today's agenda in the order of its hours.
    pub today: Vec<Appointment>,
    /// At most 500 clients to be pictured, those of today first.
    pub subjects: Vec<Subject>,
}
