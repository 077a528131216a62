//! Makes the stored database of version 1: a small clinic of one day, and an outbox that holds every kind of action.
//!
//! It is written once, when the version is released, and never again: `ESPELHO_WRITE_FIXTURES=1 cargo nextest run -p store
//! --test migrations`. Written anew by later code it would prove nothing about databases that are out there.

use domain::action::*;
use domain::blob::BlobId;
use domain::bucket::BucketSet;
use domain::contact::{Email, Phone};
use domain::cpf::Cpf;
use domain::id::*;
use domain::money::Cents;
use domain::rejection::Rejection;
use domain::row::*;
use domain::store_port::Decision;
use domain::time::{ClinicZone, Day, Timestamp};
use replica::Replica;
use std::collections::HashSet;
use std::path::Path;
use store::{Key, Options, Store, StoreError};
use sync::standing::{Batch, Settled, StoreJob};
use testkit::clinic::{self, Founded, Plan};
use testkit::conformance::Trouble;
use uuid::Uuid;
use vault::key::DatabaseKey;
use vault::signature::Purpose;

/// The key of the stored database: 32 times the number of its version.
pub fn key() -> Result<DatabaseKey, Trouble> {
    Ok(DatabaseKey::from_bytes(&[1; 32])?)
}

/// The day it is about, a Wednesday.
const TODAY: Day = Day(20_782);

/// Opens a database as a console does.
pub fn open(path: &Path, key: &DatabaseKey) -> Result<Store, StoreError> {
    let options = Options {
        page_cache_mib: 8,
        readers: 1,
        held: BucketSet::all(),
    };
    Store::open(path, &Key::Cipher(key), &options)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + number)
}

/// Writes the database.
pub fn write(path: &Path) -> Result<(), Trouble> {
    let zone = ClinicZone::sao_paulo();
    let plan = Plan {
        clients: 20,
        seed: 1,
        now: zone.at(TODAY, 14 * 60),
        zone,
    };
    let founded = clinic::found(&plan, "senha de teste")?;
    let mut rows = founded.rows.clone();
    clinic::fill(&plan, &founded.team, &mut |row| {
        rows.push(row);
        Ok::<_, std::convert::Infallible>(())
    })?;
    keep_one_day(&mut rows);
    let store = open(path, &key()?)?;
    let mut loader = clinic::Loader::new(&store);
    for row in &rows {
        loader.push(row.clone())?;
    }
    loader.finish()?;
    fill_outbox(&store, &plan, &founded, &rows)?;
    store.checkpoint()?;
    Ok(())
}

/// Leaves out visits of other days and what belongs to them.
fn keep_one_day(rows: &mut Vec<Row>) {
    let visits: HashSet<Uuid> = rows
        .iter()
        .filter_map(Appointment::as_entity)
        .filter(|visit| visit.day == TODAY)
        .map(|visit| visit.id.0)
        .collect();
    rows.retain(|row| match row {
        Row::Appointment(visit) => visits.contains(&visit.id.0),
        Row::VisitTicks(ticks) => visits.contains(&ticks.id.0),
        Row::Payment(payment) => payment
            .appointment
            .is_some_and(|visit| visits.contains(&visit.0)),
        _ => true,
    });
}

/// Who does what, with what it takes to sign it.
struct Outbox<'a> {
    store: &'a Store,
    founded: &'a Founded,
    replica: Replica,
    now: Timestamp,
}

impl Outbox<'_> {
    /// Takes an action in as the console would when this person does it. Its place in the outbox.
    fn take(&mut self, by: StaffId, action: impl Into<Action>) -> Result<u64, Trouble> {
        self.now = self.now.plus_minutes(1);
        let actor = Actor {
            staff: by,
            at: self.now,
        };
        let keys = self.founded.keys.iter().find(|(id, _)| *id == by);
        let (_, keys) = keys.ok_or("nobody has this key")?;
        let sign = |bytes: &[u8]| keys.signing.sign(Purpose::Action, bytes);
        let (replica, action) = (&mut self.replica, action.into());
        let name = action.name();
        let taken = self.store.write(|tx| -> Result<u64, Failed> {
            let taken = replica.enqueue(tx, &action, actor, &sign);
            Ok(taken
                .map_err(|error| Failed(format!("{name}: {error}").into()))?
                .position)
        });
        taken.map_err(|failed| failed.0)
    }
}

/// Any failure on its way through [`Store::write`].
struct Failed(Trouble);

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

fn fill_outbox(store: &Store, plan: &Plan, founded: &Founded, rows: &[Row]) -> Result<(), Trouble> {
    let mut outbox = Outbox {
        store,
        founded,
        replica: Replica::new(),
        now: plan.now,
    };
    let opened = store.write(|tx| {
        let (device, life) = (DeviceId(id(1)), IncarnationId(id(2)));
        let opened = outbox.replica.open(tx, device, b"version 1", life);
        opened.map_err(|error| Failed(error.to_string().into()))
    });
    opened.map_err(|failed| failed.0)?;
    let known = rows.iter().filter_map(Client::as_entity);
    let known: Vec<&Client> = known.filter(|client| client.phone.is_some()).collect();
    let [first, second, ..] = known[..] else {
        return Err("too few clients".into());
    };
    let (edited, paid) = at_the_desk(&mut outbox, first, second)?;
    while_treating(&mut outbox, first)?;
    let product = rows
        .iter()
        .find_map(Product::as_entity)
        .ok_or("no product")?;
    let received = ReceiveLot {
        id: LotId(id(40)),
        product: product.id,
        code: "B12345".into(),
        expires: TODAY.plus(300),
        quantity: 20,
    };
    outbox.take(founded.team.manager, received)?;
    refuse(&mut outbox, edited, paid)
}

/// Two actions are refused: one of them takes what was built on it along.
fn refuse(outbox: &mut Outbox<'_>, edited: u64, paid: u64) -> Result<(), Trouble> {
    let refused = |position, reason| Settled {
        position,
        decision: Decision::Rejected { reason },
    };
    let changed = Rejection::ChangedMeanwhile {
        field: "phone".into(),
    };
    let job = StoreJob::Apply(Batch {
        settled: vec![refused(edited, changed), refused(paid, Rejection::Withheld)],
        ..Batch::default()
    });
    let (replica, store) = (&mut outbox.replica, outbox.store);
    let ran = store.write(|tx| {
        let ran = replica.run(tx, &job, IncarnationId(id(3)));
        ran.map(drop)
            .map_err(|error| Failed(error.to_string().into()))
    });
    ran.map_err(|failed| failed.0)
}

/// Registration, consents, agenda and payments. The places of the edit and of the payment.
fn at_the_desk(
    outbox: &mut Outbox<'_>,
    first: &Client,
    second: &Client,
) -> Result<(u64, u64), Trouble> {
    let team = &outbox.founded.team;
    let desk = team.desk[0];
    let registered = RegisterClient {
        id: ClientId(id(10)),
        name: "Conceição Aparecida de Ávila".into(),
        social_name: Some("Cida".into()),
        cpf: Cpf::parse("529.982.247-25").ok(),
        phone: Phone::parse("(11) 91234-5678").ok(),
        email: Email::parse("cida@correio.example").ok(),
        birth_date: Some(Day(2_000)),
    };
    outbox.take(desk, registered)?;
    let phone = ClientEdit::Phone {
        from: first.phone.clone(),
        to: Phone::parse("(11) 98765-4321").ok(),
    };
    let edited = outbox.take(
        desk,
        EditClient {
            id: first.id,
            edits: vec![phone],
        },
    )?;
    let consent = SignConsent {
        id: ConsentId(id(11)),
        client: second.id,
        purpose: ConsentPurpose::Publicity,
        text_version: "2025-2".into(),
        text_hash: vec![7; 32],
        signer: "cliente".into(),
    };
    outbox.take(desk, consent)?;
    outbox.take(
        desk,
        RevokeConsent {
            id: ConsentId(id(11)),
        },
    )?;
    book(outbox, second)?;
    Ok((edited, pay(outbox, second)?))
}

/// A visit of tomorrow, booked, moved and confirmed.
fn book(outbox: &mut Outbox<'_>, second: &Client) -> Result<(), Trouble> {
    let team = &outbox.founded.team;
    let (desk, treats) = (team.desk[0], team.practitioners[0]);
    let (room, treatment) = outbox.store.read(|tx| -> Result<_, StoreError> {
        Ok((
            tx.all::<Room>()?.into_iter().next(),
            tx.all::<Treatment>()?.into_iter().next(),
        ))
    })?;
    let (room, treatment) = (
        room.ok_or("no room")?.id,
        treatment.ok_or("no treatment")?.id,
    );
    let booked = BookAppointment {
        id: AppointmentId(id(12)),
        client: second.id,
        staff: treats,
        room,
        treatment,
        day: TODAY.plus(1),
        start_minute: 600,
        duration_minutes: 45,
        note: Some("Prefere a sala com janela".into()),
    };
    outbox.take(desk, booked)?;
    let moved = MoveAppointment {
        id: AppointmentId(id(12)),
        from_day: TODAY.plus(1),
        from_minute: 600,
        staff: treats,
        room,
        day: TODAY.plus(1),
        start_minute: 660,
        duration_minutes: 45,
    };
    outbox.take(desk, moved)?;
    let confirmed = ChangeVisitStatus {
        id: AppointmentId(id(12)),
        staff: treats,
        room,
        day: TODAY.plus(1),
        from: AppointmentStatus::Scheduled,
        to: AppointmentStatus::Confirmed,
    };
    outbox.take(desk, confirmed)?;
    Ok(())
}

/// A payment for it, and some of it back. The place of the payment.
fn pay(outbox: &mut Outbox<'_>, second: &Client) -> Result<u64, Trouble> {
    let desk = outbox.founded.team.desk[0];
    let payment = TakePayment {
        id: PaymentId(id(13)),
        client: second.id,
        appointment: Some(AppointmentId(id(12))),
        amount: Cents(90_000),
        method: PaymentMethod::Credit,
        instalments: 3,
        day: TODAY,
    };
    let paid = outbox.take(desk, payment)?;
    let refund = RefundPayment {
        id: PaymentId(id(14)),
        payment: PaymentId(id(13)),
        appointment: AppointmentId(id(12)),
        amount: Cents(10_000),
        day: TODAY,
    };
    outbox.take(desk, refund)?;
    Ok(paid)
}

/// Alerts, keys, records and photos.
fn while_treating(outbox: &mut Outbox<'_>, client: &Client) -> Result<(), Trouble> {
    let treats = outbox.founded.team.practitioners[0];
    let treatment = outbox.store.read(|tx| tx.all::<Treatment>())?;
    let treatment = treatment.first().ok_or("no treatment")?.id;
    let alert = RaiseAlert {
        id: AlertId(id(20)),
        client: client.id,
        severity: AlertSeverity::Critical,
        text: "Alergia a lidocaína".into(),
    };
    outbox.take(treats, alert)?;
    outbox.take(
        treats,
        EndAlert {
            id: AlertId(id(20)),
        },
    )?;
    let granted = GrantClientKey {
        id: ClientKeyId(id(21)),
        client: client.id,
        sealed: vec![3; 80],
    };
    outbox.take(treats, granted)?;
    let lots = outbox.store.read(|tx| tx.all::<Lot>())?;
    let lot = lots
        .iter()
        .find(|lot| lot.expires > TODAY && lot.remaining > 2);
    let recorded = RecordSession {
        id: EncounterId(id(22)),
        client: client.id,
        appointment: None,
        treatment,
        areas: vec!["Testa".into(), "Glabela".into()],
        notes: SealedText {
            key: ClientKeyId(id(21)),
            sealed: vec![5; 140],
        },
        occurred_at: outbox.now,
        day: TODAY,
        lots: vec![LotUseEntry {
            id: LotUseId(id(23)),
            lot: lot.ok_or("no lot")?.id,
            quantity: 2,
        }],
        addendum_to: None,
    };
    outbox.take(treats, recorded)?;
    outbox.take(
        treats,
        AddPhoto {
            photo: photo(client.id, treats, outbox.now),
        },
    )?;
    let added = AddRenditions {
        id: PhotoId(id(24)),
        renditions: vec![rendition(640)],
    };
    outbox.take(treats, added)?;
    let tagged = TagPhoto {
        id: PhotoId(id(24)),
        region: "Testa".into(),
        view: "Perfil direito".into(),
        phase: PhotoPhase::During,
    };
    outbox.take(treats, tagged)?;
    outbox.take(
        treats,
        WithdrawPhoto {
            id: PhotoId(id(24)),
            withdrawn: true,
        },
    )?;
    Ok(())
}

fn rendition(width: u32) -> Rendition {
    Rendition {
        width,
        height: width * 3 / 4,
        format: RenditionFormat::Avif,
        bytes: 20_000,
        blob: BlobRef {
            id: BlobId([width as u8; 32]),
            len: 20_100,
        },
    }
}

fn photo(client: ClientId, by: StaffId, at: Timestamp) -> Photo {
    Photo {
        id: PhotoId(id(24)),
        client,
        encounter: Some(EncounterId(id(22))),
        appointment: None,
        region: "Face".into(),
        view: "Frontal".into(),
        phase: PhotoPhase::Before,
        taken_at: at,
        imported_at: at,
        imported_by: by,
        width: 1600,
        height: 1200,
        thumbhash: vec![1; 25],
        fingerprint: vec![2; 32],
        original_bytes: 400_000,
        original: BlobRef {
            id: BlobId([9; 32]),
            len: 400_300,
        },
        client_key: ClientKeyId(id(21)),
        wrapped_key: vec![4; 61],
        sealed_details: vec![6; 60],
        renditions: vec![rendition(320)],
        withdrawn_at: None,
    }
}
