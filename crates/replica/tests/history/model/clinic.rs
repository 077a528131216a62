//! A clinic small enough that random actions meet each other all the time.

use domain::action::{
    Action, Actor, BookAppointment, ChangeVisitStatus, ClientEdit, EditClient, MoveAppointment,
    ReceiveLot, RegisterClient, TakePayment,
};
use domain::cpf::Cpf;
use domain::id::*;
use domain::money::Cents;
use domain::role::Role;
use domain::row::{
    AppointmentStatus, ClinicProfile, PaymentMethod, Product, Room, Row, Staff, Treatment,
};
use domain::time::{Day, Timestamp};
use uuid::Uuid;

const CPFS: [&str; 3] = ["52998224725", "11144477735", "39053344705"];

fn id(kind: u8, n: u8) -> Uuid {
    let mut bytes = [kind; 16];
    bytes[15] = n;
    Uuid::from_bytes(bytes)
}

pub fn staff(n: u8) -> StaffId {
    StaffId(id(1, n))
}
pub fn room(n: u8) -> RoomId {
    RoomId(id(2, n))
}
pub fn treatment() -> TreatmentId {
    TreatmentId(id(3, 0))
}
pub fn client(n: u8) -> ClientId {
    ClientId(id(4, n))
}
pub fn visit(n: u8) -> AppointmentId {
    AppointmentId(id(5, n))
}
pub fn device(n: u8) -> DeviceId {
    DeviceId(id(6, n))
}
pub fn life(n: u8) -> IncarnationId {
    IncarnationId(id(7, n))
}

/// Everything a clinic is founded with.
pub fn founding_rows() -> Vec<Row> {
    let mut rows: Vec<Row> = vec![
        ClinicProfile {
            id: ClinicId(id(8, 0)),
            name: "Clínica".to_owned(),
            zone: "America/Sao_Paulo".to_owned(),
            opens_minute: 480,
            closes_minute: 1_200,
            clinical_public: vec![0; 32],
            demo: false,
        }
        .into(),
        Treatment {
            id: treatment(),
            name: "Peeling".to_owned(),
            category: "Pele".to_owned(),
            duration_minutes: 30,
            price: Cents(10_000),
            areas: vec![],
            needs_consent: false,
            needs_lot: false,
            active: true,
        }
        .into(),
        Product {
            id: ProductId(id(9, 0)),
            name: "Ácido".to_owned(),
            category: "Pele".to_owned(),
            anvisa: None,
            unit: "mL".to_owned(),
        }
        .into(),
    ];
    for n in 0..2 {
        rows.push(
            Staff {
                id: staff(n),
                name: format!("Pessoa {n}"),
                roles: vec![Role::Reception, Role::Practitioner, Role::Manager],
                council: None,
                color: n,
                active: true,
                takes_appointments: true,
                signing_public: vec![n; 32],
                credential: vec![],
            }
            .into(),
        );
        rows.push(
            Room {
                id: room(n),
                name: format!("Sala {n}"),
                active: true,
            }
            .into(),
        );
    }
    rows
}

pub fn actor(n: u8, at: i64) -> Actor {
    Actor {
        staff: staff(n % 2),
        at: Timestamp(at),
    }
}

/// Any signature; the model does not check them.
pub fn sign(bytes: &[u8]) -> Vec<u8> {
    blake3::hash(bytes).as_bytes().to_vec()
}

/// A random action out of six bytes. Ids come from a small range, so actions collide, repeat and build on each other.
pub fn action(bytes: [u8; 6]) -> Action {
    let [kind, a, b, c, d, e] = bytes;
    let cpf = |n: u8| Cpf::parse(CPFS[usize::from(n) % CPFS.len()]).ok();
    let name = |n: u8| format!("Nome {}", n % 3);
    let status = |n: u8| match n % 5 {
        0 => AppointmentStatus::Scheduled,
        1 => AppointmentStatus::Confirmed,
        2 => AppointmentStatus::Arrived,
        3 => AppointmentStatus::Cancelled,
        _ => AppointmentStatus::NoShow,
    };
    let start = |n: u8| 480 + i32::from(n % 6) * 30;
    let day = |n: u8| Day(20_000 + i32::from(n % 3));
    match kind % 8 {
        0 => RegisterClient {
            id: client(a % 6),
            name: name(b),
            social_name: None,
            cpf: (c % 2 == 0).then(|| cpf(d)).flatten(),
            phone: None,
            email: None,
            birth_date: None,
        }
        .into(),
        1 => EditClient {
            id: client(a % 6),
            edits: vec![ClientEdit::Name {
                from: name(b),
                to: name(c),
            }],
        }
        .into(),
        2 => EditClient {
            id: client(a % 6),
            edits: vec![ClientEdit::Cpf {
                from: (b % 2 == 0).then(|| cpf(c)).flatten(),
                to: (d % 3 != 0).then(|| cpf(e)).flatten(),
            }],
        }
        .into(),
        3 | 4 => BookAppointment {
            id: visit(a % 10),
            client: client(b % 6),
            staff: staff(c % 2),
            room: room(c / 2 % 2),
            treatment: treatment(),
            day: day(d),
            start_minute: start(e),
            duration_minutes: 30,
            note: None,
        }
        .into(),
        5 => MoveAppointment {
            id: visit(a % 10),
            from_day: day(b),
            from_minute: start(c),
            staff: staff(d % 2),
            room: room(d / 2 % 2),
            day: day(d / 4),
            start_minute: start(e),
            duration_minutes: 30,
        }
        .into(),
        6 => ChangeVisitStatus {
            id: visit(a % 10),
            staff: staff(b % 2),
            room: room(b / 2 % 2),
            day: day(c),
            from: status(d),
            to: status(e),
        }
        .into(),
        _ if a % 2 == 0 => TakePayment {
            id: PaymentId(id(10, b % 8)),
            client: client(c % 6),
            appointment: (d % 2 == 0).then(|| visit(e % 10)),
            amount: Cents(100),
            method: PaymentMethod::Cash,
            instalments: 1,
            day: day(e),
        }
        .into(),
        _ => ReceiveLot {
            id: LotId(id(11, b % 4)),
            product: ProductId(id(9, 0)),
            code: "L1".to_owned(),
            expires: Day(30_000),
            quantity: i64::from(c),
        }
        .into(),
    }
}
