//! Rules of the actions, over a working set answered from a plain list of rows.

use super::*;
use crate::bucket::{Bucket, BucketSet};
use crate::contact::Phone;
use crate::cpf::Cpf;
use crate::id::*;
use crate::money::Cents;
use crate::read::{Answer, Read};
use crate::rejection::SlotResource;
use crate::role::Role;
use crate::row::*;
use crate::time::Day;
use proptest::prelude::*;
use uuid::Uuid;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A clinic of a few rows that actions run on.
struct Clinic {
    rows: Vec<Row>,
    held: BucketSet,
}

const DAY: Day = Day(20_000);

impl Clinic {
    fn new() -> Self {
        let staff = |number, roles: &[Role]| Staff {
            id: StaffId(id(number)),
            name: format!("Pessoa {number}"),
            roles: roles.to_vec(),
            council: None,
            color: 0,
            active: true,
            takes_appointments: true,
            signing_public: vec![0; 32],
            credential: Vec::new(),
        };
        let rows: Vec<Row> = vec![
            ClinicProfile {
                id: ClinicId(id(1)),
                name: "Clínica".into(),
                zone: "America/Sao_Paulo".into(),
                opens_minute: 8 * 60,
                closes_minute: 19 * 60,
                clinical_public: vec![0; 32],
                demo: false,
            }
            .into(),
            staff(10, &[Role::Reception]).into(),
            staff(11, &[Role::Practitioner]).into(),
            staff(12, &[Role::Manager]).into(),
            Room {
                id: RoomId(id(20)),
                name: "Sala 1".into(),
                active: true,
            }
            .into(),
            Room {
                id: RoomId(id(21)),
                name: "Sala 2".into(),
                active: true,
            }
            .into(),
            Treatment {
                id: TreatmentId(id(30)),
                name: "Toxina".into(),
                category: "Injetáveis".into(),
                duration_minutes: 30,
                price: Cents(120_000),
                areas: vec!["Testa".into()],
                needs_consent: true,
                needs_lot: true,
                active: true,
            }
            .into(),
            Client {
                id: ClientId(id(40)),
                name: "Ana".into(),
                social_name: None,
                cpf: Cpf::parse("529.982.247-25").ok(),
                phone: None,
                email: None,
                birth_date: None,
                registered_at: Timestamp(0),
                registered_by: StaffId(id(10)),
            }
            .into(),
            ClientKeyGrant {
                id: ClientKeyId(id(50)),
                client: ClientId(id(40)),
                sealed: vec![1],
                made_at: Timestamp(0),
            }
            .into(),
            Lot {
                id: LotId(id(60)),
                product: ProductId(id(61)),
                code: "L1".into(),
                expires: DAY,
                received: 10,
                remaining: 10,
            }
            .into(),
        ];
        Self {
            rows,
            held: BucketSet::all(),
        }
    }

    fn run(&mut self, actor: u128, action: impl Into<Action>) -> Result<Effects, Refusal> {
        let action = action.into();
        let actor = Actor {
            staff: StaffId(id(actor)),
            at: Timestamp(1_000),
        };
        let mut set = WorkingSet::default();
        for read in action.footprint(actor.staff).iter() {
            let rows: Vec<Row> = self
                .rows
                .iter()
                .filter(|row| read.concerns(row))
                .cloned()
                .collect();
            let answer = if !self.held.contains(read.bucket()) {
                Answer::NotHeld
            } else if rows.is_empty() && matches!(read, Read::Row(_)) {
                Answer::Absent
            } else {
                Answer::Known(rows)
            };
            set.insert(read.clone(), answer);
        }
        let effects = action.apply(&set, actor)?;
        for change in &effects.changes {
            self.rows.retain(|row| row.key() != change.key);
            self.rows.extend(change.new.clone());
        }
        Ok(effects)
    }

    fn get<T: Entity>(&self, id: T::Id) -> Option<T> {
        let key: RowKey = id.into();
        self.rows
            .iter()
            .find(|row| row.key() == key)
            .cloned()
            .and_then(T::from_row)
    }
}

fn booking(number: u128, room: u128, start: i32) -> BookAppointment {
    BookAppointment {
        id: AppointmentId(id(number)),
        client: ClientId(id(40)),
        staff: StaffId(id(11)),
        room: RoomId(id(room)),
        treatment: TreatmentId(id(30)),
        day: DAY,
        start_minute: start,
        duration_minutes: 30,
        note: None,
    }
}

fn session(number: u128, quantity: i64) -> RecordSession {
    RecordSession {
        id: EncounterId(id(number)),
        client: ClientId(id(40)),
        appointment: Some(AppointmentId(id(100))),
        treatment: TreatmentId(id(30)),
        areas: vec!["Testa".into()],
        notes: SealedText {
            key: ClientKeyId(id(50)),
            sealed: vec![9; 40],
        },
        occurred_at: Timestamp(500),
        day: DAY,
        lots: vec![LotUseEntry {
            id: LotUseId(id(number + 1)),
            lot: LotId(id(60)),
            quantity,
        }],
        addendum_to: None,
    }
}

fn rejected(result: Result<Effects, Refusal>) -> Rejection {
    match result {
        Err(Refusal::Rejected(rejection)) => rejection,
        other => panic!("expected a rejection, got {other:?}"),
    }
}

#[test]
fn a_professional_is_never_booked_twice_and_free_slots_are_offered() {
    let mut clinic = Clinic::new();
    clinic.run(10, booking(100, 20, 14 * 60)).unwrap();
    let Rejection::SlotTaken { resource, free } =
        rejected(clinic.run(10, booking(101, 21, 14 * 60 + 15)))
    else {
        panic!("the slot is taken");
    };
    assert_eq!(resource, SlotResource::Professional);
    let starts: Vec<i32> = free.iter().map(|slot| slot.start_minute).collect();
    assert_eq!(starts, [14 * 60 + 30, 14 * 60 + 45, 13 * 60 + 30, 15 * 60]);
}

#[test]
fn a_room_is_never_booked_twice() {
    let mut clinic = Clinic::new();
    clinic.run(10, booking(100, 20, 600)).unwrap();
    let other = BookAppointment {
        staff: StaffId(id(12)),
        ..booking(101, 20, 600)
    };
    assert!(matches!(
        rejected(clinic.run(10, other)),
        Rejection::SlotTaken {
            resource: SlotResource::Room,
            ..
        }
    ));
    clinic
        .run(
            10,
            BookAppointment {
                staff: StaffId(id(12)),
                ..booking(101, 21, 600)
            },
        )
        .unwrap();
}

#[test]
fn a_cancelled_place_is_free_and_cannot_be_revived_once_taken() {
    let mut clinic = Clinic::new();
    let status = |from, to| ChangeVisitStatus {
        id: AppointmentId(id(100)),
        staff: StaffId(id(11)),
        room: RoomId(id(20)),
        day: DAY,
        from,
        to,
    };
    clinic.run(10, booking(100, 20, 600)).unwrap();
    clinic
        .run(
            10,
            status(AppointmentStatus::Scheduled, AppointmentStatus::Cancelled),
        )
        .unwrap();
    clinic.run(10, booking(101, 20, 600)).unwrap();
    let revived = clinic.run(
        10,
        status(AppointmentStatus::Cancelled, AppointmentStatus::Scheduled),
    );
    assert!(matches!(rejected(revived), Rejection::SlotTaken { .. }));
}

#[test]
fn a_step_back_takes_its_time_away() {
    let mut clinic = Clinic::new();
    let go = |clinic: &mut Clinic, from, to| {
        let action = ChangeVisitStatus {
            id: AppointmentId(id(100)),
            staff: StaffId(id(11)),
            room: RoomId(id(20)),
            day: DAY,
            from,
            to,
        };
        clinic.run(10, action).unwrap();
        clinic.get::<Appointment>(AppointmentId(id(100))).unwrap()
    };
    clinic.run(10, booking(100, 20, 600)).unwrap();
    assert!(
        go(
            &mut clinic,
            AppointmentStatus::Scheduled,
            AppointmentStatus::Arrived
        )
        .arrived_at
        .is_some()
    );
    assert!(
        go(
            &mut clinic,
            AppointmentStatus::Arrived,
            AppointmentStatus::InProgress
        )
        .started_at
        .is_some()
    );
    let back = go(
        &mut clinic,
        AppointmentStatus::InProgress,
        AppointmentStatus::Arrived,
    );
    assert!(back.arrived_at.is_some() && back.started_at.is_none());
    assert!(
        go(
            &mut clinic,
            AppointmentStatus::Arrived,
            AppointmentStatus::Scheduled
        )
        .arrived_at
        .is_none()
    );
}

#[test]
fn a_duplicate_cpf_names_the_existing_client() {
    let mut clinic = Clinic::new();
    let register = RegisterClient {
        id: ClientId(id(41)),
        name: "Outra".into(),
        social_name: None,
        cpf: Cpf::parse("52998224725").ok(),
        phone: None,
        email: None,
        birth_date: None,
    };
    let existing = ClientId(id(40));
    assert_eq!(
        rejected(clinic.run(10, register)),
        Rejection::DuplicateCpf { existing }
    );
}

#[test]
fn two_edits_of_one_field_are_a_question_and_of_two_fields_are_not() {
    let mut clinic = Clinic::new();
    let phone = |text: &str| Phone::parse(text).ok();
    let edit = |edits| EditClient {
        id: ClientId(id(40)),
        edits,
    };
    clinic
        .run(
            10,
            edit(vec![ClientEdit::Phone {
                from: None,
                to: phone("11912345678"),
            }]),
        )
        .unwrap();
    let name = ClientEdit::Name {
        from: "Ana".into(),
        to: "Ana Lima".into(),
    };
    clinic.run(10, edit(vec![name])).unwrap();
    let late = edit(vec![ClientEdit::Phone {
        from: None,
        to: phone("11987654321"),
    }]);
    assert_eq!(
        rejected(clinic.run(10, late)),
        Rejection::ChangedMeanwhile {
            field: "phone".into()
        }
    );
}

#[test]
fn lots_never_go_negative_and_expired_ones_are_not_used() {
    let mut clinic = Clinic::new();
    clinic.run(11, session(200, 8)).unwrap();
    assert_eq!(clinic.get::<Lot>(LotId(id(60))).unwrap().remaining, 2);
    assert_eq!(
        rejected(clinic.run(11, session(210, 3))),
        Rejection::LotInsufficient { left: 2 }
    );
    let late = RecordSession {
        day: DAY.plus(1),
        ..session(220, 1)
    };
    assert_eq!(rejected(clinic.run(11, late)), Rejection::LotExpired);
    let ticks = clinic
        .get::<VisitTicks>(AppointmentId(id(100)).into())
        .unwrap();
    assert!(ticks.notes && ticks.lots && !ticks.photos);
}

#[test]
fn roles_are_checked_by_the_action_itself() {
    let mut clinic = Clinic::new();
    let needed = Permission::RecordClinical;
    assert_eq!(
        rejected(clinic.run(10, session(200, 1))),
        Rejection::NotAllowed { needed }
    );
    assert_eq!(
        rejected(clinic.run(99, booking(100, 20, 600))),
        Rejection::ForgedActor
    );
}

#[test]
fn what_the_device_may_not_hold_makes_the_result_provisional() {
    let mut clinic = Clinic::new();
    clinic.held = Bucket::ALL
        .into_iter()
        .filter(|bucket| *bucket != Bucket::Stock)
        .collect();
    let effects = clinic.run(11, session(200, 1_000)).unwrap();
    assert!(effects.provisional);
    assert_eq!(
        Rejection::LotInsufficient { left: 2 }.for_device(clinic.held),
        Rejection::Withheld
    );
}

#[test]
fn a_refund_never_exceeds_what_was_paid() {
    let mut clinic = Clinic::new();
    let visit = AppointmentId(id(100));
    let pay = TakePayment {
        id: PaymentId(id(300)),
        client: ClientId(id(40)),
        appointment: Some(visit),
        amount: Cents(10_000),
        method: PaymentMethod::Credit,
        instalments: 3,
        day: DAY,
    };
    let refund = |number, cents| RefundPayment {
        id: PaymentId(id(number)),
        payment: PaymentId(id(300)),
        appointment: visit,
        amount: Cents(cents),
        day: DAY,
    };
    clinic.run(10, pay).unwrap();
    clinic.run(10, refund(301, 6_000)).unwrap();
    assert_eq!(
        rejected(clinic.run(10, refund(302, 4_001))),
        Rejection::RefundTooLarge
    );
    clinic.run(10, refund(303, 4_000)).unwrap();
}

#[test]
fn every_action_name_decodes_what_it_encoded() {
    let actions: Vec<Action> = vec![booking(100, 20, 600).into(), session(200, 1).into()];
    for action in actions {
        assert_eq!(
            Action::decode(action.name(), &action.encode()).unwrap(),
            action
        );
    }
    assert!(matches!(
        Action::decode("book_appointment@99", &[]),
        Err(ActionDecodeError::Unknown)
    ));
    assert!(matches!(
        Action::decode("book_appointment@1", &[1, 2]),
        Err(ActionDecodeError::Body(_))
    ));
}

proptest! {
    /// Whatever is booked, moved or cancelled in any order, no professional and no room ever has two at once.
    #[test]
    fn no_history_double_books(steps in proptest::collection::vec((0_u8..3, 0_u128..6, 0_usize..2, 0_usize..2, 0_i32..12), 1..60)) {
        let mut clinic = Clinic::new();
        for (kind, number, staff, room, slot) in steps {
            let appointment = AppointmentId(id(1_000 + number));
            let staff = StaffId(id([11, 12][staff]));
            let room = RoomId(id([20, 21][room]));
            let start_minute = 8 * 60 + slot * 20;
            let held = clinic.get::<Appointment>(appointment);
            // Refusals are part of the history; only what they leave behind is looked at.
            let _ = match (kind, held) {
                (0, _) | (_, None) => clinic.run(10, BookAppointment { staff, room, start_minute, ..booking(1_000 + number, 20, 0) }),
                (1, Some(held)) => clinic.run(10, MoveAppointment {
                    id: appointment, from_day: held.day, from_minute: held.start_minute, staff, room, day: DAY, start_minute, duration_minutes: 30,
                }),
                (_, Some(held)) => clinic.run(10, ChangeVisitStatus {
                    id: appointment, staff: held.staff, room: held.room, day: held.day, from: held.status,
                    to: if held.status == AppointmentStatus::Cancelled { AppointmentStatus::Scheduled } else { AppointmentStatus::Cancelled },
                }),
            };
            let all: Vec<Appointment> = clinic.rows.iter().filter_map(Appointment::as_entity).cloned().collect();
            for (at, one) in all.iter().enumerate() {
                for other in &all[at + 1..] {
                    let share = one.day == other.day && (one.staff == other.staff || one.room == other.room);
                    prop_assert!(!share || !one.status.occupies() || !other.overlaps(one.start_minute, one.end_minute()));
                }
            }
        }
    }

    /// Foreign bytes are an error, never a panic.
    #[test]
    fn random_bytes_never_decode_into_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), name in 0_usize..Action::NAMES.len()) {
        let _ = Action::decode(Action::NAMES[name], &bytes);
        let _ = codec::decode::<crate::envelope::Envelope>(&bytes);
    }
}
