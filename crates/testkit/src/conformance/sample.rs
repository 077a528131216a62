//! Rows with every field filled, of every kind.

use domain::blob::BlobId;
use domain::contact::{Email, Phone};
use domain::cpf::Cpf;
use domain::id::*;
use domain::money::Cents;
use domain::role::Role;
use domain::row::*;
use domain::time::{Day, Timestamp};
use uuid::Uuid;

/// A readable id.
pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A valid CPF of a small number.
pub fn cpf(number: u32) -> Option<Cpf> {
    let mut base = [1_u8; 9];
    for (digit, from) in base
        .iter_mut()
        .rev()
        .zip(format!("{number:08}").bytes().rev())
    {
        *digit = from - b'0';
    }
    Cpf::from_base(base)
}

/// The day that samples are about.
pub const DAY: Day = Day(20_780);

/// One row of every kind. Rows of different `number`s differ; an odd number fills the optional fields, an even one leaves
/// them out.
pub fn rows(number: u32) -> Vec<Row> {
    [clinic(number), people(number), visit(number)].concat()
}

fn optional<T>(number: u32, value: T) -> Option<T> {
    (number % 2 == 1).then_some(value)
}

fn clinic(n: u32) -> Vec<Row> {
    let at = u128::from(n);
    vec![
        ClinicProfile {
            id: ClinicId(id(at)),
            name: format!("Clínica {n}"),
            zone: "America/Sao_Paulo".into(),
            opens_minute: 480,
            closes_minute: 1200,
            clinical_public: vec![7; 32],
            demo: n % 2 == 1,
        }
        .into(),
        Staff {
            id: StaffId(id(at)),
            name: format!("Profissional {n}"),
            roles: vec![Role::Practitioner, Role::Manager],
            council: optional(
                n,
                Council {
                    kind: CouncilKind::Coren,
                    number: "123456".into(),
                    uf: "SP".into(),
                },
            ),
            color: 3,
            active: true,
            takes_appointments: false,
            signing_public: vec![1; 32],
            credential: vec![2; 90],
        }
        .into(),
        Room {
            id: RoomId(id(at)),
            name: format!("Sala {n}"),
            active: true,
        }
        .into(),
        Treatment {
            id: TreatmentId(id(at)),
            name: format!("Peeling {n}"),
            category: "Pele".into(),
            duration_minutes: 45,
            price: Cents(35_000),
            areas: vec!["Face".into(), "Pescoço".into()],
            needs_consent: true,
            needs_lot: false,
            active: true,
        }
        .into(),
        Product {
            id: ProductId(id(at)),
            name: format!("Ácido {n}"),
            category: "Peelings".into(),
            anvisa: optional(n, "80000000001".into()),
            unit: "mL".into(),
        }
        .into(),
        Lot {
            id: LotId(id(at)),
            product: ProductId(id(at)),
            code: format!("L{n}"),
            expires: DAY.plus(30),
            received: 10,
            remaining: 4,
        }
        .into(),
    ]
}

/// A client of this number.
pub fn client(n: u32) -> Client {
    Client {
        id: ClientId(id(n.into())),
        name: format!("Antônia Conceição {n}"),
        social_name: optional(n, "Tônia".into()),
        cpf: cpf(n),
        phone: optional(n, Phone::parse("(11) 91234-5678").ok()).flatten(),
        email: optional(n, Email::parse("antonia@correio.example").ok()).flatten(),
        birth_date: optional(n, Day(3_000)),
        registered_at: Timestamp(1_700_000_000_123),
        registered_by: StaffId(id(1)),
    }
}

fn people(n: u32) -> Vec<Row> {
    let at = u128::from(n);
    vec![
        client(n).into(),
        Alert {
            id: AlertId(id(at)),
            client: ClientId(id(at)),
            severity: AlertSeverity::Critical,
            text: "Alergia a lidocaína".into(),
            since: Timestamp(5),
            by: StaffId(id(1)),
            ended_at: optional(n, Timestamp(9)),
        }
        .into(),
        Consent {
            id: ConsentId(id(at)),
            client: ClientId(id(at)),
            purpose: ConsentPurpose::Publicity,
            text_version: "2026-1".into(),
            text_hash: vec![9; 32],
            signer: "Antônia".into(),
            signed_at: Timestamp(11),
            recorded_by: StaffId(id(1)),
            revoked_at: optional(n, Timestamp(12)),
        }
        .into(),
        ClientKeyGrant {
            id: ClientKeyId(id(at)),
            client: ClientId(id(at)),
            sealed: vec![4; 80],
            made_at: Timestamp(13),
        }
        .into(),
    ]
}

/// An appointment of this number.
pub fn appointment(n: u32) -> Appointment {
    Appointment {
        id: AppointmentId(id(n.into())),
        client: ClientId(id(n.into())),
        staff: StaffId(id(1)),
        room: RoomId(id(1)),
        treatment: TreatmentId(id(1)),
        day: DAY,
        start_minute: 540,
        duration_minutes: 45,
        status: AppointmentStatus::Done,
        arrived_at: optional(n, Timestamp(20)),
        started_at: optional(n, Timestamp(21)),
        finished_at: optional(n, Timestamp(22)),
        note: optional(n, "Chega de ônibus".into()),
        booked_by: StaffId(id(2)),
        booked_at: Timestamp(19),
    }
}

/// A payment of this number.
pub fn payment(n: u32) -> Payment {
    Payment {
        id: PaymentId(id(n.into())),
        client: ClientId(id(n.into())),
        appointment: optional(n, AppointmentId(id(n.into()))),
        amount: Cents(-12_345),
        method: PaymentMethod::Credit,
        instalments: 6,
        at: Timestamp(31),
        day: DAY,
        taken_by: StaffId(id(2)),
        refund_of: optional(n, PaymentId(id(99))),
    }
}

fn visit(n: u32) -> Vec<Row> {
    let at = u128::from(n);
    vec![
        appointment(n).into(),
        VisitTicks {
            id: TicksId(id(at)),
            notes: true,
            photos: false,
            lots: true,
            payment: n % 2 == 1,
        }
        .into(),
        Encounter {
            id: EncounterId(id(at)),
            client: ClientId(id(at)),
            appointment: optional(n, AppointmentId(id(at))),
            practitioner: StaffId(id(1)),
            treatment: TreatmentId(id(1)),
            areas: vec!["Testa".into()],
            notes: SealedText {
                key: ClientKeyId(id(at)),
                sealed: vec![3; 120],
            },
            at: Timestamp(23),
            day: DAY,
            locked_at: Timestamp(24),
            addendum_to: optional(n, EncounterId(id(98))),
        }
        .into(),
        photo(n).into(),
        LotUse {
            id: LotUseId(id(at)),
            encounter: EncounterId(id(at)),
            lot: LotId(id(at)),
            client: ClientId(id(at)),
            quantity: 2,
            day: DAY,
        }
        .into(),
        payment(n).into(),
    ]
}

fn photo(n: u32) -> Photo {
    let at = u128::from(n);
    let blob = |byte| BlobRef {
        id: BlobId([byte; 32]),
        len: 1 << 33,
    };
    Photo {
        id: PhotoId(id(at)),
        client: ClientId(id(at)),
        encounter: optional(n, EncounterId(id(at))),
        appointment: optional(n, AppointmentId(id(at))),
        region: "Face".into(),
        view: "Frontal".into(),
        phase: PhotoPhase::After,
        taken_at: Timestamp(25),
        imported_at: Timestamp(26),
        imported_by: StaffId(id(1)),
        width: 4000,
        height: 3000,
        thumbhash: vec![8; 25],
        fingerprint: vec![5; 32],
        original_bytes: 3_000_000,
        original: blob(1),
        client_key: ClientKeyId(id(at)),
        wrapped_key: vec![6; 61],
        sealed_details: vec![7; 50],
        renditions: vec![Rendition {
            width: 320,
            height: 240,
            format: RenditionFormat::Avif,
            bytes: 9_000,
            blob: blob(2),
        }],
        withdrawn_at: optional(n, Timestamp(27)),
    }
}
