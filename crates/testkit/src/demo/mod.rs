//! A whole demonstration clinic in a folder that the clinic's server serves: rows, keys, logins and photos.
//!
//! Everything but the keys that protect the folder itself follows from the order: asked again with the same seed at the same
//! moment, it is the same clinic.

mod photos;

use crate::clinic::{
    self, CLOSES_MINUTE, Employee, Filled, Loader, NAME, OPENS_MINUTE, Plan, Team,
};
use crate::port::{FixedClock, SeededEntropy};
use domain::id::StaffId;
use domain::row::Row;
use domain::time::{ClinicZone, Timestamp};
use server::clinic::{ClinicError, NewClinic, NewStaff};
use server::data::DataDir;
use server::system::OsEntropy;
use std::path::PathBuf;
use store::{Store, StoreError};
use vault::staff::DEMONSTRATION_PASSWORD;

/// What to make.
#[derive(Clone, Debug)]
pub struct Order {
    /// An empty folder, or one that is not there yet.
    pub data: PathBuf,
    /// How many clients.
    pub clients: u32,
    /// How many photos; they come in pairs, before and after.
    pub photos: u32,
    /// What all choices are drawn from.
    pub seed: u64,
    /// The moment at which the clinic is to be seen.
    pub now: Timestamp,
}

/// The clinic could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The server's folder.
    #[error(transparent)]
    Folder(#[from] server::admin::AdminError),
    /// The clinic's own rows.
    #[error(transparent)]
    Clinic(#[from] ClinicError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sealed photo could not be put away.
    #[error("a photo could not be put away: {0}")]
    Blob(#[from] server::blobs::BlobError),
    /// The folder of sealed photos could not be made.
    #[error("the folder of sealed photos could not be made: {0}")]
    BlobFolder(#[from] std::io::Error),
    /// A picture could not be encoded.
    #[error("a picture could not be encoded: {0}")]
    Picture(#[from] image::ImageError),
    /// A picture was not taken by the room that makes renditions.
    #[error("a picture was not taken: {0}")]
    Rendition(#[from] ::photos::PictureError),
}

/// Hears how far the making is: what is being made, how many of them, of how many.
pub type Hearing<'a> = &'a mut dyn FnMut(&'static str, u64, u64);

/// Rows between two reports.
const REPORTED_ROWS: u64 = 500;

/// Makes the clinic.
///
/// # Errors
/// When the folder holds a clinic already, or something cannot be written.
pub fn make(order: &Order, hearing: Hearing<'_>) -> Result<(), DemoError> {
    let plan = Plan {
        clients: order.clients,
        seed: order.seed,
        now: order.now,
        zone: ClinicZone::sao_paulo(),
    };
    let data = DataDir::at(&order.data);
    let store = server::admin::make_folder(&data, &OsEntropy)?;
    let team = found(&store, &plan)?;
    let filled = fill(&store, &plan, &team, hearing)?;
    photos::take(order, &plan, &team, filled, &store, &data, hearing)?;
    store.checkpoint()?;
    Ok(())
}

/// The clinic itself and its people, made as the server makes them.
fn found(store: &Store, plan: &Plan) -> Result<Team, DemoError> {
    let employees = clinic::employees(plan);
    let new = NewClinic {
        name: NAME.to_owned(),
        opens_minute: OPENS_MINUTE,
        closes_minute: CLOSES_MINUTE,
        demo: true,
        staff: employees.iter().map(hire).collect(),
        ..NewClinic::default()
    };
    let clock = FixedClock::at(plan.zone.at(plan.first_day(), 0));
    let created = server::clinic::create(store, &new, &clock, &SeededEntropy::new(plan.seed))?;
    let ids: Vec<StaffId> = created.staff.iter().map(|(id, _)| *id).collect();
    Ok(Team::new(&employees, &ids, created.clinical_public))
}

fn hire(person: &Employee) -> NewStaff {
    NewStaff {
        name: person.name.clone(),
        roles: person.roles.clone(),
        council: person.council.clone(),
        color: person.color,
        takes_appointments: person.takes_appointments,
        password: DEMONSTRATION_PASSWORD.to_owned(),
    }
}

fn fill(
    store: &Store,
    plan: &Plan,
    team: &Team,
    hearing: Hearing<'_>,
) -> Result<Filled, DemoError> {
    const STEP: &str = "clients and visits";
    let of = u64::from(plan.clients) + u64::from(plan.appointments());
    let mut loader = Loader::new(store);
    let mut done = 0;
    let filled = clinic::fill(plan, team, &mut |row| {
        if matches!(row, Row::Client(_) | Row::Appointment(_)) {
            done += 1;
            if done % REPORTED_ROWS == 0 {
                hearing(STEP, done.min(of), of);
            }
        }
        loader.push(row)
    })?;
    loader.finish()?;
    hearing(STEP, of, of);
    Ok(filled)
}
