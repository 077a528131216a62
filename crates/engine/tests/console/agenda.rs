//! Days, free places, booking, moving, the way of a visit.

use crate::support::{Desk, TODAY, code, done, refusal, until};
use domain::bucket::DeviceProfile;
use domain::role::Role;
use domain::row::AppointmentStatus;
use engine::view::agenda::{AppointmentCard, MoveRequest, SlotView, StatusRequest};

fn clashes(card: &AppointmentCard, slot: &SlotView) -> bool {
    card.status.occupies()
        && card.day == slot.day
        && (card.staff_id == slot.staff_id || card.room_id == slot.room_id)
        && card.start_minute < slot.start_minute + slot.duration_minutes
        && slot.start_minute < card.start_minute + card.duration_minutes
}

fn move_to(card: &AppointmentCard, slot: SlotView) -> MoveRequest {
    MoveRequest {
        id: card.id.clone(),
        from_day: card.day.clone(),
        from_minute: card.start_minute,
        slot,
    }
}

#[test]
fn a_place_is_offered_and_taken_once() {
    let desk = Desk::open(DeviceProfile::Reception);
    desk.sign_in(Role::Reception);
    let engine = &desk.engine;
    let treatment = desk.treatment(|treatment| treatment.duration_minutes >= 45);
    let week = engine
        .agenda_range(TODAY.to_string(), TODAY.plus(6).to_string())
        .unwrap();
    assert!(!week.appointments.is_empty() && !week.staff.is_empty() && !week.rooms.is_empty());

    let places = desk.places(&treatment, TODAY, Some(11 * 60));
    assert_eq!(places.len(), 18);
    assert!(
        places
            .iter()
            .all(|place| (place.day.as_str(), place.start_minute)
                > (&*TODAY.to_string(), 10 * 60 + 4))
    );
    for place in &places {
        assert!(
            !week.appointments.iter().any(|card| clashes(card, place)),
            "{place:?}"
        );
    }

    let (first, second) = (desk.register("Ana Prado"), desk.register("Bia Prado"));
    let booked = done(desk.book(&first, &treatment, &places[0]));
    let taken = refusal(desk.book(&second, &treatment, &places[0]));
    assert_eq!(
        (taken.code.as_str(), taken.about.as_deref()),
        ("slot_taken", Some("professional"))
    );
    assert!(!taken.free.is_empty());
    let offered = desk.places(&treatment, TODAY, Some(11 * 60));
    let card = engine.appointment_card(booked).unwrap();
    assert!(
        !offered
            .iter()
            .chain(&taken.free)
            .any(|place| clashes(&card, place))
    );
    assert_eq!(
        (card.client_name.as_str(), card.status),
        ("Ana Prado", AppointmentStatus::Scheduled)
    );
    done(desk.book(&second, &treatment, &taken.free[0]));
}

#[test]
fn a_visit_moves_within_its_own_time_and_keeps_its_room_while_that_is_free() {
    let desk = Desk::open(DeviceProfile::Management);
    desk.sign_in(Role::Manager);
    let engine = &desk.engine;
    let treatment = desk.treatment(|treatment| treatment.duration_minutes >= 60);
    let (client, people) = (
        desk.register("Ana Prado"),
        engine.catalogue().unwrap().staff,
    );
    // Nobody books so far ahead, so everything is free.
    let place = desk
        .places(&treatment, TODAY.plus(300), Some(9 * 60))
        .remove(0);
    let id = done(desk.book(&client, &treatment, &place));
    let before = engine.appointment_card(id.clone()).unwrap();
    let later = SlotView {
        start_minute: place.start_minute + 15,
        room_id: String::new(),
        ..place.clone()
    };
    done(
        engine
            .appointment_move(move_to(&before, later.clone()))
            .unwrap(),
    );
    let after = engine.appointment_card(id).unwrap();
    assert_eq!(
        (after.start_minute, &after.room_id),
        (later.start_minute, &before.room_id)
    );
    let stale = refusal(engine.appointment_move(move_to(&before, later)).unwrap());
    assert_eq!(stale.code, "changed_meanwhile");

    // Somebody else's visit in the same room a day later comes to the same time: it gets another room.
    let other = people
        .iter()
        .find(|person| person.id != after.staff_id)
        .unwrap();
    let next_day = SlotView {
        day: TODAY.plus(301).to_string(),
        staff_id: other.id.clone(),
        ..place.clone()
    };
    let id = done(desk.book(&client, &treatment, &next_day));
    let second = engine.appointment_card(id.clone()).unwrap();
    assert_eq!(second.room_id, after.room_id);
    let same_time = SlotView {
        day: after.day.clone(),
        start_minute: after.start_minute,
        staff_id: other.id.clone(),
        room_id: String::new(),
        ..place
    };
    done(
        engine
            .appointment_move(move_to(&second, same_time))
            .unwrap(),
    );
    let moved = engine.appointment_card(id).unwrap();
    assert_eq!(
        (&moved.day, moved.start_minute),
        (&after.day, after.start_minute)
    );
    assert_ne!(moved.room_id, after.room_id);
}

#[test]
fn a_booking_is_pending_until_the_server_has_it_and_a_stale_status_is_refused() {
    let desk = Desk::open(DeviceProfile::Reception);
    desk.sign_in(Role::Reception);
    let engine = &desk.engine;
    let treatment = desk.treatment(|treatment| treatment.needs_consent && treatment.needs_lot);
    let place = desk.places(&treatment, TODAY, None).remove(0);
    let id = done(desk.book(&desk.register("Ana Prado"), &treatment, &place));
    until("the receipt", || {
        !engine.appointment_card(id.clone()).unwrap().pending
    });

    let card = engine.appointment_card(id.clone()).unwrap();
    assert_eq!(
        (card.ticks.consent, card.ticks.lots),
        (Some(false), Some(false))
    );
    assert!(
        card.next.contains(&AppointmentStatus::Arrived)
            && !card.next.contains(&AppointmentStatus::Done)
    );
    let change = |from, to| {
        let request = StatusRequest {
            id: id.clone(),
            from,
            to,
        };
        engine.appointment_status(request).unwrap()
    };
    done(change(
        AppointmentStatus::Scheduled,
        AppointmentStatus::Arrived,
    ));
    let stale = refusal(change(
        AppointmentStatus::Scheduled,
        AppointmentStatus::Cancelled,
    ));
    assert_eq!(
        (stale.code.as_str(), stale.about.as_deref()),
        ("wrong_status", Some("arrived"))
    );
    let arrived = engine.appointment_card(id.clone()).unwrap();
    assert_eq!(arrived.arrived_at, Some(desk.clock_millis()));
}

#[test]
fn one_to_seven_days_are_shown_and_a_locked_console_answers_nothing() {
    let desk = Desk::open(DeviceProfile::Management);
    let engine = &desk.engine;
    let day = |days: i32| TODAY.plus(days).to_string();
    assert_eq!(
        code(engine.agenda_range(day(0), day(0))),
        "locked",
        "nobody has signed in"
    );
    desk.sign_in(Role::Manager);
    assert_eq!(engine.agenda_range(day(0), day(6)).unwrap().now_minute, 605);
    for (from, to) in [(0, 7), (1, 0)] {
        assert_eq!(code(engine.agenda_range(day(from), day(to))), "invalid");
    }
    assert_eq!(code(engine.agenda_range("hoje".into(), day(0))), "invalid");
    let client = engine.clients_page(None).unwrap().clients.remove(0).id;
    let visit = engine
        .agenda_range(day(0), day(6))
        .unwrap()
        .appointments
        .remove(0)
        .id;

    engine.session_lock().unwrap();
    let locked = [
        code(engine.agenda_range(day(0), day(0))),
        code(engine.appointment_card(visit)),
        code(engine.catalogue()),
        code(engine.client_search("a".into(), 5)),
        code(engine.clients_page(None)),
        code(engine.client_profile(client.clone())),
        code(engine.client_timeline(client.clone(), None)),
        code(engine.client_reveal(client.clone())),
        code(engine.record_read(client)),
    ];
    assert!(locked.iter().all(|code| code == "locked"), "{locked:?}");
}
