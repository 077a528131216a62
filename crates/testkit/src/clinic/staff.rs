//! Founding the clinic: its own row, its people and their keys.

use super::catalogue::{PEOPLE, PRACTICES};
use super::names::{FAMILIES, MEN, WOMEN};
use super::{CLOSES_MINUTE, NAME, OPENS_MINUTE, Plan, season};
use crate::dice::Dice;
use crate::port::{FixedClock, SeededEntropy};
use domain::id::{ClinicId, StaffId};
use domain::role::Role;
use domain::row::{ClinicProfile, Council, Row, Staff};
use vault::VaultError;
use vault::clinical::{ClinicalPrivate, ClinicalPublic, make_clinical_pair};
use vault::derive::Strength;
use vault::signature::SigningKey;
use vault::staff::{StaffCredential, StaffKeys};

/// A person to be employed.
#[derive(Clone, PartialEq, Debug)]
pub struct Employee {
    /// Full name.
    pub name: String,
    /// What they work as.
    pub roles: Vec<Role>,
    /// Registration, for those who treat.
    pub council: Option<Council>,
    /// Index into the palette of people.
    pub color: u8,
    /// Whether the agenda has a column for them.
    pub takes_appointments: bool,
}

/// The people of a clinic of the plan's size: two at the desk, those who treat, one who runs it.
pub fn employees(plan: &Plan) -> Vec<Employee> {
    let mut dice = Dice::new(plan.seed, 1);
    let mut people: Vec<(String, Role)> = PEOPLE
        .iter()
        .map(|(name, role)| ((*name).to_owned(), *role))
        .collect();
    let named = people
        .iter()
        .filter(|(_, role)| *role == Role::Practitioner)
        .count();
    for _ in named..plan.practitioners() {
        let first = if dice.chance(800) {
            dice.pick(WOMEN)
        } else {
            dice.pick(MEN)
        };
        people.push((
            format!("{first} {}", dice.pick(FAMILIES)),
            Role::Practitioner,
        ));
    }
    let mut practices = PRACTICES.iter().cycle();
    let people = people.into_iter().enumerate();
    people
        .map(|(at, (name, role))| {
            let treats = role == Role::Practitioner;
            let practice = if treats { practices.next() } else { None };
            Employee {
                name,
                roles: vec![role],
                council: practice.map(|practice| Council {
                    kind: practice.council,
                    number: dice.between(20_000, 199_999).to_string(),
                    uf: "SP".to_owned(),
                }),
                color: u8::try_from(at % 8).unwrap_or(0),
                takes_appointments: treats,
            }
        })
        .collect()
}

/// Who does what, by id.
#[derive(Clone, Debug)]
pub struct Team {
    /// At the desk.
    pub desk: Vec<StaffId>,
    /// Those who treat.
    pub practitioners: Vec<StaffId>,
    /// Who runs it.
    pub manager: StaffId,
    /// What client keys are sealed to.
    pub clinical: ClinicalPublic,
}

impl Team {
    /// The team of employed people: `ids` in the order of [`employees`].
    pub fn new(employees: &[Employee], ids: &[StaffId], clinical: ClinicalPublic) -> Self {
        let with = |role| -> Vec<StaffId> {
            let people = employees.iter().zip(ids);
            people
                .filter(|(person, _)| person.roles.contains(&role))
                .map(|(_, id)| *id)
                .collect()
        };
        let manager = with(Role::Manager).first().copied();
        Self {
            desk: with(Role::Reception),
            practitioners: with(Role::Practitioner),
            manager: manager.unwrap_or(StaffId(uuid::Uuid::nil())),
            clinical,
        }
    }
}

/// A clinic with its people and nothing else.
#[derive(Debug)]
pub struct Founded {
    /// The clinic.
    pub clinic: ClinicId,
    /// Its own row and those of its people.
    pub rows: Vec<Row>,
    /// Who does what.
    pub team: Team,
    /// Everybody's open keys, in the order of [`employees`].
    pub keys: Vec<(StaffId, StaffKeys)>,
}

/// Founds a clinic whose people all sign in with `password`, as the server would: for tests that need no server.
///
/// # Errors
/// When a key cannot be derived.
pub fn found(plan: &Plan, password: &str) -> Result<Founded, VaultError> {
    let clock = FixedClock::at(plan.zone.at(season::first_day(plan.today()), 0));
    let entropy = SeededEntropy::new(plan.seed ^ 0x0666_6f75_6e64);
    let (public, private) = make_clinical_pair(&entropy);
    let clinic = ClinicId::make(&clock, &entropy);
    let mut rows: Vec<Row> = vec![
        ClinicProfile {
            id: clinic,
            name: NAME.to_owned(),
            zone: "America/Sao_Paulo".to_owned(),
            opens_minute: OPENS_MINUTE,
            closes_minute: CLOSES_MINUTE,
            clinical_public: public.to_bytes(),
            demo: true,
        }
        .into(),
    ];
    let people = employees(plan);
    let mut keys = Vec::with_capacity(people.len());
    for person in &people {
        let id = StaffId::make(&clock, &entropy);
        let own = StaffKeys {
            signing: SigningKey::make(&entropy),
            clinical: match person.roles.contains(&Role::Reception) {
                true => None,
                false => Some(ClinicalPrivate::from_bytes(&private.to_bytes())?),
            },
        };
        let strength = Strength::DEMONSTRATION;
        let credential = StaffCredential::make(id, password, &own, strength, &entropy)?;
        let row = Staff {
            id,
            name: person.name.clone(),
            roles: person.roles.clone(),
            council: person.council.clone(),
            color: person.color,
            active: true,
            takes_appointments: person.takes_appointments,
            signing_public: own.signing.public().to_vec(),
            credential: credential.to_bytes(),
        };
        rows.push(row.into());
        keys.push((id, own));
    }
    let ids: Vec<StaffId> = keys.iter().map(|(id, _)| *id).collect();
    Ok(Founded {
        clinic,
        rows,
        team: Team::new(&people, &ids, public),
        keys,
    })
}
