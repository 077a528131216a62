//! The synthetic clinic as a whole.

#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use domain::bucket::BucketSet;
use domain::cpf::Cpf;
use domain::id::{ClientId, LotId};
use domain::row::*;
use domain::store_port::{ReplicaStore as _, RowStore as _};
use domain::time::{ClinicZone, Day};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;
use testkit::clinic::{self, Filled, Plan};
use vault::clinical::open_client_key;

/// A Wednesday.
const TODAY: Day = Day(20_782);
const NOW: i32 = 14 * 60 + 20;

fn plan(clients: u32, seed: u64) -> Plan {
    let zone = ClinicZone::sao_paulo();
    Plan {
        clients,
        seed,
        now: zone.at(TODAY, NOW),
        zone,
    }
}

struct Made {
    founded: clinic::Founded,
    rows: Vec<Row>,
    filled: Filled,
}

impl Made {
    fn new(plan: &Plan) -> Self {
        let founded = clinic::found(plan, "senha de teste").unwrap();
        let mut rows = founded.rows.clone();
        let filled = clinic::fill(plan, &founded.team, &mut |row| {
            rows.push(row);
            Ok::<_, std::convert::Infallible>(())
        })
        .unwrap();
        Self {
            founded,
            rows,
            filled,
        }
    }

    fn all<'a, T: Entity + 'a>(&'a self) -> impl Iterator<Item = &'a T> {
        self.rows.iter().filter_map(T::as_entity)
    }

    fn by_id<'a, T: Entity + 'a>(&'a self) -> HashMap<RowKey, &'a T> {
        let rows = self.rows.iter();
        rows.filter_map(|row| Some((row.key(), T::as_entity(row)?)))
            .collect()
    }
}

static CLINIC: LazyLock<Made> = LazyLock::new(|| Made::new(&plan(2000, 1)));

fn hash(rows: &[Row]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for row in rows {
        hasher.update(&domain::codec::encode(row));
    }
    hasher.finalize()
}

#[test]
fn a_seed_gives_the_same_rows_and_another_seed_others() {
    let one = hash(&Made::new(&plan(120, 3)).rows);
    assert_eq!(hash(&Made::new(&plan(120, 3)).rows), one);
    assert_ne!(hash(&Made::new(&plan(120, 4)).rows), one);
}

#[test]
fn it_has_the_size_that_was_asked_for() {
    assert_eq!(CLINIC.all::<Client>().count(), 2000);
    let appointments = CLINIC.all::<Appointment>().count();
    assert!((9_000..=10_500).contains(&appointments), "{appointments}");
    let keys: HashSet<RowKey> = CLINIC.rows.iter().map(Row::key).collect();
    assert_eq!(keys.len(), CLINIC.rows.len(), "a row was made twice");
}

#[test]
fn everything_a_row_refers_to_is_there() {
    let keys: HashSet<RowKey> = CLINIC.rows.iter().map(Row::key).collect();
    let mut asked = 0;
    let mut there = |key: RowKey| {
        asked += 1;
        assert!(keys.contains(&key), "{key:?} is missing");
    };
    for row in &CLINIC.rows {
        match row {
            Row::Appointment(at) => {
                there(at.client.into());
                there(at.staff.into());
                there(at.room.into());
                there(at.treatment.into());
                there(at.booked_by.into());
            }
            Row::Encounter(record) => {
                there(record.client.into());
                there(record.notes.key.into());
                there(record.appointment.unwrap().into());
            }
            Row::LotUse(used) => {
                there(used.lot.into());
                there(used.encounter.into());
            }
            Row::Payment(payment) => {
                there(payment.appointment.unwrap().into());
                if let Some(first) = payment.refund_of {
                    there(first.into());
                }
            }
            Row::Alert(alert) => there(alert.client.into()),
            Row::Consent(consent) => there(consent.client.into()),
            Row::Lot(lot) => there(lot.product.into()),
            _ => {}
        }
    }
    assert!(asked > 10_000);
}

#[test]
fn nobody_and_no_room_is_booked_twice_at_a_time() {
    for made in [&*CLINIC, &Made::new(&plan(60, 9))] {
        let mut columns: HashMap<(uuid::Uuid, Day), Vec<&Appointment>> = HashMap::new();
        for visit in made.all::<Appointment>() {
            assert!(visit.start_minute >= clinic::OPENS_MINUTE);
            assert!(visit.end_minute() <= clinic::CLOSES_MINUTE);
            for resource in [visit.staff.0, visit.room.0, visit.client.0] {
                columns
                    .entry((resource, visit.day))
                    .or_default()
                    .push(visit);
            }
        }
        for visits in columns.values() {
            for (at, one) in visits.iter().enumerate() {
                for other in &visits[at + 1..] {
                    let both = one.status.occupies() && other.status.occupies();
                    let clash = both && one.overlaps(other.start_minute, other.end_minute());
                    let shared = one.staff == other.staff || one.room == other.room;
                    assert!(!(clash && shared), "{one:?} {other:?}");
                }
            }
        }
    }
}

#[test]
fn every_cpf_is_valid_and_belongs_to_one_person() {
    let cpfs: Vec<&Cpf> = CLINIC
        .all::<Client>()
        .filter_map(|client| client.cpf.as_ref())
        .collect();
    assert!(cpfs.len() > 1900);
    assert!(cpfs.iter().all(|cpf| Cpf::parse(&cpf.formatted()).is_ok()));
    assert_eq!(cpfs.iter().collect::<HashSet<_>>().len(), cpfs.len());
}

#[test]
fn addresses_lead_nowhere_and_names_repeat_as_names_do() {
    let reserved = ["example", "example.com", "example.org", "example.net"];
    let mut names: BTreeMap<&str, u32> = BTreeMap::new();
    for client in CLINIC.all::<Client>() {
        if let Some(email) = &client.email {
            let host = email.as_str().rsplit_once('@').unwrap().1;
            assert!(
                reserved
                    .iter()
                    .any(|end| host == *end || host.ends_with(&format!(".{end}"))),
                "{host}"
            );
        }
        *names
            .entry(client.name.split(' ').next().unwrap())
            .or_default() += 1;
        assert!(
            client
                .birth_date
                .is_none_or(|day| day < TODAY.plus(-17 * 365))
        );
    }
    assert!(names["Maria"] > 100, "{}", names["Maria"]);
    assert!(names.len() > 120, "{}", names.len());
    assert!(CLINIC.all::<Client>().any(|client| !client.name.is_ascii()));
}

#[test]
fn no_shows_cancellations_and_regulars_are_as_many_as_in_a_clinic() {
    let past: Vec<&Appointment> = CLINIC
        .all::<Appointment>()
        .filter(|visit| visit.day < TODAY)
        .collect();
    let share =
        |status| past.iter().filter(|visit| visit.status == status).count() * 1000 / past.len();
    assert!((60..=100).contains(&share(AppointmentStatus::NoShow)));
    assert!((45..=90).contains(&share(AppointmentStatus::Cancelled)));
    assert!(share(AppointmentStatus::Done) > 800);
    let mut visits: HashMap<ClientId, u32> = HashMap::new();
    for visit in &past {
        *visits.entry(visit.client).or_default() += 1;
    }
    let mut counts: Vec<u32> = visits.values().copied().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let best: u32 = counts[..counts.len() / 10].iter().sum();
    let all: u32 = counts.iter().sum();
    assert!(
        best * 100 / all > 25,
        "the best tenth makes {} %",
        best * 100 / all
    );
    assert!(counts[0] >= 15 && counts[0] < 120, "{}", counts[0]);
    assert!(counts.iter().filter(|count| **count == 1).count() > 200);
}

/// Days that pass at least between two visits of one client for the same treatment, by the beginning of its name.
const INTERVALS: &[(&str, i32)] = &[
    ("Toxina", 100),
    ("Preenchimento", 200),
    ("Depilação a laser", 28),
    ("Laser", 28),
    ("Luz pulsada", 25),
    ("Limpeza de pele", 25),
    ("Peeling", 14),
    ("Microagulhamento", 25),
    ("", 6),
];

#[test]
fn clients_come_again_when_their_treatment_is_due_and_not_before() {
    for made in [
        &*CLINIC,
        &Made::new(&plan(60, 9)),
        &Made::new(&plan(300, 4)),
    ] {
        let treatments = made.by_id::<Treatment>();
        let mut visits: HashMap<ClientId, Vec<&Appointment>> = HashMap::new();
        for visit in made.all::<Appointment>() {
            visits.entry(visit.client).or_default().push(visit);
        }
        let mut repeated = 0;
        for visits in visits.values_mut() {
            visits.sort_by_key(|visit| visit.day);
            for pair in visits.windows(2) {
                assert!(pair[1].day.0 - pair[0].day.0 > 5, "{pair:?}");
            }
            let mut last: HashMap<domain::id::TreatmentId, Day> = HashMap::new();
            for visit in visits.iter() {
                let Some(before) = last.insert(visit.treatment, visit.day) else {
                    continue;
                };
                repeated += 1;
                let name = &treatments[&visit.treatment.into()].name;
                let known = INTERVALS.iter().find(|(kind, _)| name.starts_with(kind));
                let apart = visit.day.0 - before.0;
                assert!(apart >= known.unwrap().1, "{name} after {apart} days");
            }
            let ahead = visits.iter().filter(|visit| visit.day > TODAY).count();
            assert!(ahead <= 3, "{ahead} appointments ahead");
        }
        assert!(
            repeated > visits.len(),
            "{repeated} visits repeat a treatment"
        );
    }
}

#[test]
fn most_who_come_again_come_in_the_usual_time() {
    let treatments = CLINIC.by_id::<Treatment>();
    let mut last: HashMap<(ClientId, RowKey), Day> = HashMap::new();
    let mut visits: Vec<&Appointment> = CLINIC.all::<Appointment>().collect();
    visits.sort_by_key(|visit| visit.day);
    let mut apart = Vec::new();
    for visit in visits {
        let treatment = visit.treatment.into();
        let before = last.insert((visit.client, treatment), visit.day);
        if treatments[&treatment].name.starts_with("Depilação a laser") {
            apart.extend(before.map(|before| visit.day.0 - before.0));
        }
    }
    apart.sort_unstable();
    assert!(apart.len() > 200, "{}", apart.len());
    let median = apart[apart.len() / 2];
    assert!((28..=63).contains(&median), "laser after {median} days");
}

#[test]
fn particles_stand_only_before_family_names_that_have_them() {
    let with: HashSet<&str> = CLINIC
        .all::<Client>()
        .flat_map(|client| {
            let words: Vec<&str> = client.name.split(' ').collect();
            let pairs = words.windows(2).map(|pair| (pair[0], pair[1]));
            pairs.collect::<Vec<_>>()
        })
        .filter(|(word, _)| word.starts_with(char::is_lowercase))
        .map(|(particle, family)| match (particle, family) {
            ("da", "Silva" | "Costa" | "Rocha" | "Cunha" | "Fonseca" | "Paixão" | "Conceição")
            | ("dos", "Santos")
            | ("do", "Nascimento" | "Prado") => family,
            ("de", family) if !["Silva", "Queirós", "Santos", "Costa"].contains(&family) => family,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(with.contains("Silva") && with.contains("Nascimento") && with.contains("Oliveira"));
    assert!(
        !with.contains("Müller") && !with.contains("Ferreira"),
        "{with:?}"
    );
}

#[test]
fn todays_agenda_fits_the_hour() {
    use AppointmentStatus as S;
    let today = &CLINIC.filled.today;
    assert!((25..=40).contains(&today.len()), "{}", today.len());
    assert!(today.is_sorted_by_key(|visit| visit.start_minute));
    let zone = ClinicZone::sao_paulo();
    let now = zone.at(TODAY, NOW);
    for visit in today {
        let fits = match visit.status {
            S::Done => visit.end_minute() <= NOW + 5,
            S::NoShow => visit.start_minute < NOW,
            S::InProgress => visit.overlaps(NOW - 5, NOW + 5),
            S::Arrived => visit.start_minute <= NOW + 40 && visit.end_minute() > NOW,
            S::Scheduled | S::Confirmed => visit.start_minute + 30 > NOW,
            S::Cancelled => true,
        };
        assert!(fits, "{visit:?}");
        for at in [visit.arrived_at, visit.started_at, visit.finished_at]
            .into_iter()
            .flatten()
        {
            assert!(at <= now);
        }
        assert_eq!(visit.finished_at.is_some(), visit.status == S::Done);
    }
    let kinds: HashSet<S> = today.iter().map(|visit| visit.status).collect();
    assert!(
        kinds.contains(&S::Done) && kinds.contains(&S::InProgress) && kinds.contains(&S::Confirmed)
    );
    assert!(kinds.len() >= 5, "{kinds:?}");
}

#[test]
fn times_of_a_visit_follow_each_other() {
    for visit in CLINIC.all::<Appointment>() {
        let times = [
            Some(visit.booked_at),
            visit.arrived_at,
            visit.started_at,
            visit.finished_at,
        ];
        assert!(times.iter().flatten().is_sorted(), "{visit:?}");
    }
}

#[test]
fn records_open_with_the_clinics_key_and_only_recent_ones_were_written() {
    let keys = CLINIC.by_id::<ClientKeyGrant>();
    let private = CLINIC
        .founded
        .keys
        .iter()
        .find_map(|(_, keys)| keys.clinical.as_ref())
        .unwrap();
    let records: Vec<&Encounter> = CLINIC.all::<Encounter>().collect();
    let visits = CLINIC.all::<Appointment>().count();
    assert!(
        records.len() > 500 && records.len() * 5 <= visits,
        "{}",
        records.len()
    );
    for record in records.iter().step_by(97) {
        assert!(TODAY.0 - record.day.0 < 90);
        let grant = keys[&record.notes.key.into()];
        let key = open_client_key(private, grant.client, grant.id, &grant.sealed).unwrap();
        let text = vault::envelope::open(&key, record.id.as_bytes(), &record.notes.sealed, "note")
            .unwrap();
        assert!(String::from_utf8(text).unwrap().contains("Retorno em"));
    }
}

#[test]
fn ticks_say_what_is_there() {
    let mut recorded: HashSet<uuid::Uuid> = HashSet::new();
    let mut paid: HashSet<uuid::Uuid> = HashSet::new();
    recorded.extend(
        CLINIC
            .all::<Encounter>()
            .filter_map(|record| Some(record.appointment?.0)),
    );
    paid.extend(
        CLINIC
            .all::<Payment>()
            .filter_map(|payment| Some(payment.appointment?.0)),
    );
    for ticks in CLINIC.all::<VisitTicks>() {
        assert_eq!(ticks.notes, recorded.contains(&ticks.id.0));
        assert_eq!(ticks.payment, paid.contains(&ticks.id.0));
    }
    let unpaid = CLINIC
        .all::<VisitTicks>()
        .filter(|ticks| !ticks.payment)
        .count();
    assert!(unpaid > 100, "some visits are open: {unpaid}");
}

#[test]
fn stock_is_never_negative_and_some_of_it_is_expired_or_nearly_gone() {
    let mut used: HashMap<LotId, i64> = HashMap::new();
    for one in CLINIC.all::<LotUse>() {
        *used.entry(one.lot).or_default() += one.quantity;
    }
    assert!(!used.is_empty());
    for lot in CLINIC.all::<Lot>() {
        let taken = used.get(&lot.id).copied().unwrap_or(0);
        assert!(
            lot.remaining >= 0 && lot.remaining + taken <= lot.received,
            "{lot:?}"
        );
        assert!(taken == 0 || lot.expires > TODAY);
    }
    assert!(
        CLINIC
            .all::<Lot>()
            .any(|lot| lot.expires < TODAY && lot.remaining > 0)
    );
    assert!(
        CLINIC
            .all::<Lot>()
            .any(|lot| lot.expires > TODAY && (1..5).contains(&lot.remaining))
    );
}

#[test]
fn payments_refunds_consents_and_alerts_have_their_variety() {
    let payments: Vec<&Payment> = CLINIC.all::<Payment>().collect();
    let methods: HashSet<PaymentMethod> = payments.iter().map(|payment| payment.method).collect();
    assert_eq!(methods.len(), 4);
    assert!(payments.iter().any(|payment| payment.instalments == 10));
    let first = CLINIC.by_id::<Payment>();
    let refunds: Vec<&&Payment> = payments
        .iter()
        .filter(|payment| payment.amount.0 < 0)
        .collect();
    assert!(refunds.len() > 10);
    for refund in refunds {
        assert!(-refund.amount.0 <= first[&refund.refund_of.unwrap().into()].amount.0);
    }
    assert!(CLINIC.all::<Consent>().any(|consent| !consent.holds()));
    let cared: HashSet<ClientId> = CLINIC
        .all::<Consent>()
        .filter(|consent| consent.purpose == ConsentPurpose::Care)
        .map(|consent| consent.client)
        .collect();
    let coming = CLINIC
        .filled
        .today
        .iter()
        .filter(|visit| !cared.contains(&visit.client))
        .count();
    assert!(coming >= 1, "somebody today has not signed");
    let alerted: HashSet<ClientId> = CLINIC.all::<Alert>().map(|alert| alert.client).collect();
    assert!((100..500).contains(&alerted.len()), "{}", alerted.len());
}

#[test]
fn subjects_are_of_today_first_and_have_been_here_before() {
    let today: HashSet<ClientId> = CLINIC
        .filled
        .today
        .iter()
        .map(|visit| visit.client)
        .collect();
    let subjects = &CLINIC.filled.subjects;
    assert!(subjects.len() >= 100);
    assert!(today.contains(&subjects[0].client));
    let of_today = subjects
        .iter()
        .take_while(|subject| today.contains(&subject.client))
        .count();
    assert!(of_today >= 15, "{of_today}");
    assert!(
        subjects
            .iter()
            .all(|subject| subject.first.at <= subject.last.at)
    );
}

#[test]
fn a_store_takes_the_whole_clinic_in() {
    let place = tempfile::tempdir().unwrap();
    let options = store::Options {
        page_cache_mib: 32,
        readers: 1,
        held: BucketSet::all(),
    };
    let store = store::Store::open(
        &place.path().join("clinic.db"),
        &store::Key::Plain,
        &options,
    )
    .unwrap();
    let plan = plan(200, 5);
    let made = Made::new(&plan);
    let mut loader = clinic::Loader::new(&store);
    for row in &made.rows {
        loader.push(row.clone()).unwrap();
    }
    loader.finish().unwrap();
    store
        .write(|tx| -> Result<(), store::StoreError> {
            let sums = domain::bucket::Bucket::ALL.map(|bucket| tx.checksum(bucket).unwrap().rows);
            assert_eq!(sums.iter().sum::<u64>(), made.rows.len() as u64);
            for visit in &made.filled.today {
                assert!(tx.row(&visit.id.into())?.is_some());
            }
            Ok(())
        })
        .unwrap();
}
