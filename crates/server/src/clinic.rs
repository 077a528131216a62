//! Creating a clinic: its own row, its clinical key pair, its people and their logins.

use domain::id::{ClinicId, StaffId};
use domain::port::{Clock, Entropy};
use domain::role::Role;
use domain::row::{ClinicProfile, Council, RowChange, Staff};
use domain::store_port::RowStore;
use domain::time::ClinicZone;
use store::{Store, StoreError};
use vault::VaultError;
use vault::clinical::{ClinicalPrivate, ClinicalPublic, make_clinical_pair};
use vault::derive::Strength;
use vault::signature::SigningKey;
use vault::staff::{StaffCredential, StaffKeys};

/// A clinic could not be created.
#[derive(Debug, thiserror::Error)]
pub enum ClinicError {
    /// A name or the zone cannot be used.
    #[error("{what} is not valid; {hint}")]
    Invalid {
        /// Which value.
        what: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// A key could not be made.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A person who will be able to sign in.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// Full name.
    pub name: String,
    /// What they work as.
    pub roles: Vec<Role>,
    /// Registration with a professional council.
    pub council: Option<Council>,
    /// Index into the interface's palette of people.
    pub color: u8,
    /// Whether the agenda has a column for them.
    pub takes_appointments: bool,
    /// Their first password.
    pub password: String,
}

/// A clinic to be created.
#[derive(Clone, Debug)]
pub struct NewClinic {
    /// Name as printed on documents.
    pub name: String,
    /// IANA time zone.
    pub zone: String,
    /// First bookable minute of a day, from midnight.
    pub opens_minute: i32,
    /// Minute at which the last appointment must have ended.
    pub closes_minute: i32,
    /// Whether this is a demonstration, whose passwords may be shown and need not be strong.
    pub demo: bool,
    /// Its people.
    pub staff: Vec<NewStaff>,
}

impl Default for NewClinic {
    /// A nameless clinic in São Paulo, open from 8 to 20 h, with nobody in it.
    fn default() -> Self {
        Self {
            name: String::new(),
            zone: "America/Sao_Paulo".to_owned(),
            opens_minute: 8 * 60,
            closes_minute: 20 * 60,
            demo: false,
            staff: Vec::new(),
        }
    }
}

/// What was created, with the open keys: whoever made the clinic may go on acting for its people.
#[derive(Debug)]
pub struct Created {
    /// The clinic.
    pub clinic: ClinicId,
    /// What client keys are sealed to.
    pub clinical_public: ClinicalPublic,
    /// Its people, in the order they were given, with their keys.
    pub staff: Vec<(StaffId, StaffKeys)>,
}

/// Whether a person gets the private half of the clinical key pair: those who treat, to open records, and those who
/// manage, to hand it to the next person who treats. What a manager is *shown* is decided by roles.
fn holds_clinical_key(roles: &[Role]) -> bool {
    roles
        .iter()
        .any(|role| matches!(role, Role::Practitioner | Role::Manager))
}

/// Creates the clinic in an empty database.
///
/// # Errors
/// When a name is blank or too long, the zone or the hours make no sense, or the database fails; then nothing is created.
pub fn create(
    store: &Store,
    new: &NewClinic,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Created, ClinicError> {
    check(new)?;
    let (clinical_public, clinical_private) = make_clinical_pair(entropy);
    let strength = if new.demo {
        Strength::DEMONSTRATION
    } else {
        Strength::PRODUCTION
    };
    let clinic = ClinicId::make(clock, entropy);
    let mut rows = vec![RowChange::put(ClinicProfile {
        id: clinic,
        name: new.name.trim().to_owned(),
        zone: new.zone.clone(),
        opens_minute: new.opens_minute,
        closes_minute: new.closes_minute,
        clinical_public: clinical_public.to_bytes(),
        demo: new.demo,
    })];
    let mut staff = Vec::with_capacity(new.staff.len());
    for person in &new.staff {
        let id = StaffId::make(clock, entropy);
        let keys = keys_of(person, &clinical_private, entropy)?;
        let credential = StaffCredential::make(id, &person.password, &keys, strength, entropy)?;
        rows.push(RowChange::put(Staff {
            id,
            name: person.name.trim().to_owned(),
            roles: person.roles.clone(),
            council: person.council.clone(),
            color: person.color,
            active: true,
            takes_appointments: person.takes_appointments,
            signing_public: keys.signing.public().to_vec(),
            credential: credential.to_bytes(),
        }));
        staff.push((id, keys));
    }
    store.write(|tx| rows.iter().try_for_each(|row| tx.write(row)))?;
    Ok(Created {
        clinic,
        clinical_public,
        staff,
    })
}

fn keys_of(
    person: &NewStaff,
    clinical: &ClinicalPrivate,
    entropy: &dyn Entropy,
) -> Result<StaffKeys, VaultError> {
    let clinical = if holds_clinical_key(&person.roles) {
        Some(ClinicalPrivate::from_bytes(&clinical.to_bytes())?)
    } else {
        None
    };
    Ok(StaffKeys {
        signing: SigningKey::make(entropy),
        clinical,
    })
}

/// Refuses values that make no clinic, before anything is created.
pub(crate) fn check(new: &NewClinic) -> Result<(), ClinicError> {
    let invalid = |what, hint| Err(ClinicError::Invalid { what, hint });
    let named = |name: &str| {
        let name = name.trim();
        !name.is_empty() && name.chars().count() <= 160 && !name.chars().any(char::is_control)
    };
    if !named(&new.name) {
        return invalid("the clinic's name", "use 1 to 160 characters");
    }
    if !new.staff.iter().all(|person| named(&person.name)) {
        return invalid("a person's name", "use 1 to 160 characters");
    }
    if ClinicZone::named(&new.zone).is_none() {
        return invalid(
            "the time zone",
            "use an IANA name, for example America/Sao_Paulo",
        );
    }
    if !(0 <= new.opens_minute
        && new.opens_minute < new.closes_minute
        && new.closes_minute <= 24 * 60)
    {
        return invalid("the opening time", "open before closing, within one day");
    }
    if !new
        .staff
        .iter()
        .any(|person| person.roles.contains(&Role::Manager))
    {
        return invalid(
            "the list of people",
            "somebody must be a manager, or nobody could enrol others",
        );
    }
    Ok(())
}

/// A password for a first sign-in: four groups of four symbols that are not mistaken for each other, 80 random bits.
pub fn make_password(entropy: &dyn Entropy) -> String {
    const SYMBOLS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes);
    let mut password = String::with_capacity(19);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            password.push('-');
        }
        password.push(char::from(SYMBOLS[usize::from(byte % 32)]));
    }
    password
}
