//! Making up people.

use super::PastVisit;
use super::catalogue::ALERTS;
use super::history::Making;
use super::names::{AREAS, CALLED, FAMILIES, MAIL, MEN, PARTICLES, WOMEN};
use crate::dice::Dice;
use domain::contact::{Email, Phone};
use domain::cpf::Cpf;
use domain::id::{AlertId, ClientId, ConsentId};
use domain::row::{Alert, Client, Consent, ConsentPurpose};
use domain::time::{Day, Timestamp};
use std::collections::HashSet;
use vault::key::ClientKey;

/// What is remembered of a client while the history goes on.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: ClientId,
    /// Visits still to come.
    pub(super) remaining: u32,
    /// First day on which they may come again.
    pub(super) next: Day,
    /// Appointments after today.
    pub(super) ahead: u32,
    /// What they came for, and when last.
    pub(super) had: Vec<(usize, Day)>,
    /// Who usually treats them.
    pub(super) practitioner: usize,
    /// What they usually come for.
    pub(super) offer: usize,
    pub(super) first: Option<PastVisit>,
    pub(super) last: Option<PastVisit>,
    pub(super) key: Option<(domain::id::ClientKeyId, ClientKey)>,
}

/// How often a client comes in all: most a few times, some for years.
pub(super) fn visits(dice: &mut Dice) -> u32 {
    let (least, most) = dice.weighted(&[
        ((1, 1), 300),
        ((2, 2), 160),
        ((3, 3), 120),
        ((4, 4), 90),
        ((5, 8), 180),
        ((9, 15), 100),
        ((16, 40), 45),
        ((41, 60), 5),
    ]);
    dice.between(least, most).unsigned_abs()
}

fn name(dice: &mut Dice) -> String {
    // Nine of ten clients of aesthetic clinics are women.
    let first_names = if dice.chance(880) { WOMEN } else { MEN };
    let mut name = (*dice.ranked(first_names)).to_owned();
    if dice.chance(220) {
        let second = *dice.ranked(first_names);
        if second != name {
            name = format!("{name} {second}");
        }
    }
    let last = loop {
        let last = *dice.ranked(FAMILIES);
        // Some family names are first names too.
        if !name.ends_with(last) {
            break last;
        }
    };
    if dice.chance(600) {
        let middle = *dice.ranked(FAMILIES);
        if middle != last {
            name = format!("{name} {}", joined(dice, middle));
        }
    }
    format!("{name} {}", joined(dice, last))
}

/// A family name with the particle that belongs to it, as half of those write it who could: `da Silva`.
fn joined(dice: &mut Dice, family: &str) -> String {
    let particle = PARTICLES.iter().find(|(with, _)| *with == family);
    match particle {
        Some((_, particle)) if dice.chance(500) => format!("{particle} {family}"),
        _ => family.to_owned(),
    }
}

/// A CPF that nobody in this clinic has yet.
fn cpf(dice: &mut Dice, taken: &mut HashSet<u32>) -> Option<Cpf> {
    loop {
        let number = dice.below(1_000_000_000);
        if !taken.insert(number) {
            continue;
        }
        let mut base = [0; 9];
        for (digit, from) in base.iter_mut().zip(format!("{number:09}").bytes()) {
            *digit = from - b'0';
        }
        if let Some(cpf) = Cpf::from_base(base) {
            return Some(cpf);
        }
    }
}

fn phone(dice: &mut Dice) -> Option<Phone> {
    let area = dice.weighted(AREAS);
    let (first, last) = (dice.between(1000, 9999), dice.between(0, 9999));
    Phone::parse(&format!("{area}9{first}{last:04}")).ok()
}

/// `maria.silva83@correio.example`: ASCII, as people choose their addresses.
fn email(dice: &mut Dice, name: &str) -> Option<Email> {
    let plain = |word: &str| -> String {
        let letters = store::fold(word);
        letters
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect()
    };
    let mut words = name.split_whitespace();
    let (first, last) = (words.next().map(plain)?, words.next_back().map(plain)?);
    let number = dice.between(1, 99);
    Email::parse(&format!("{first}.{last}{number}@{}", dice.pick(MAIL))).ok()
}

impl Making<'_> {
    /// Registers a client at `at` and says where they are remembered.
    pub(super) fn register(
        &mut self,
        at: Timestamp,
        day: Day,
        practitioner: usize,
        offer: usize,
    ) -> usize {
        let id = ClientId(self.id(at));
        let desk = *self.dice.pick(&self.team.desk);
        let dice = &mut self.dice;
        let name = name(dice);
        let born = 365
            * dice.weighted(&[
                (18, 8),
                (25, 22),
                (32, 25),
                (40, 20),
                (50, 15),
                (60, 8),
                (72, 2),
            ]);
        let client = Client {
            id,
            social_name: dice.chance(25).then(|| (*dice.pick(CALLED)).to_owned()),
            // Foreigners and the underage have none.
            cpf: if dice.chance(970) {
                cpf(dice, &mut self.cpfs)
            } else {
                None
            },
            phone: if dice.chance(980) { phone(dice) } else { None },
            email: if dice.chance(720) {
                email(dice, &name)
            } else {
                None
            },
            birth_date: dice
                .chance(960)
                .then(|| day.plus(-born - dice.between(0, 365 * 7))),
            name,
            registered_at: at,
            registered_by: desk,
        };
        let remaining = visits(dice);
        self.out.push(client.into());
        self.raise_alerts(id, at);
        self.people.push(Known {
            id,
            remaining,
            next: Day(i32::MIN),
            ahead: 0,
            had: Vec::new(),
            practitioner,
            offer,
            first: None,
            last: None,
            key: None,
        });
        self.people.len() - 1
    }

    fn raise_alerts(&mut self, client: ClientId, at: Timestamp) {
        let count = self.dice.weighted(&[(0, 870), (1, 105), (2, 25)]);
        let first = self.dice.index(ALERTS.len());
        for (text, severity, weight) in ALERTS.iter().cycle().skip(first).take(count) {
            // Rare things are skipped over as often as they are rare.
            if self.dice.below(6) >= *weight {
                continue;
            }
            let ends = at.plus_minutes(i64::from(self.dice.between(60, 300)) * 24 * 60);
            let ended = self.dice.chance(150) && ends < self.plan.now;
            let alert = Alert {
                id: AlertId(self.id(at)),
                client,
                severity: *severity,
                text: (*text).to_owned(),
                since: at,
                by: *self.dice.pick(&self.team.practitioners),
                ended_at: ended.then_some(ends),
            };
            self.out.push(alert.into());
        }
    }

    /// What is signed at a first visit. Some do not sign, some take it back later.
    pub(super) fn sign_consents(&mut self, client: ClientId, at: Timestamp) {
        let purposes = [
            (ConsentPurpose::Care, 930),
            (ConsentPurpose::ClinicalRecord, 850),
            (ConsentPurpose::Publicity, 240),
            (ConsentPurpose::Marketing, 550),
        ];
        for (purpose, per_mille) in purposes {
            if !self.dice.chance(per_mille) {
                continue;
            }
            let text_version = if at < self.second_text {
                "2024-1"
            } else {
                "2025-2"
            };
            let later = at.plus_minutes(i64::from(self.dice.between(10, 500)) * 24 * 60);
            let revoked = self.dice.chance(35) && later < self.plan.now;
            let text = format!("{purpose:?} {text_version}");
            let consent = Consent {
                id: ConsentId(self.id(at)),
                client,
                purpose,
                text_version: text_version.to_owned(),
                text_hash: blake3::hash(text.as_bytes()).as_bytes().to_vec(),
                signer: "cliente".to_owned(),
                signed_at: at,
                recorded_by: *self.dice.pick(&self.team.desk),
                revoked_at: revoked.then_some(later),
            };
            self.out.push(consent.into());
        }
    }
}
