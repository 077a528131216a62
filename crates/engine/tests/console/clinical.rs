//! Signing records and reading them.

use crate::support::{Desk, TODAY, code, done, refusal, until};
use domain::bucket::DeviceProfile;
use domain::role::Role;
use engine::view::clients::TimelineKind;
use engine::view::clinical::{LotUseRequest, RecordRequest};

fn record(client: &str, treatment: &str, notes: &str) -> RecordRequest {
    RecordRequest {
        client_id: client.to_owned(),
        appointment_id: None,
        treatment_id: treatment.to_owned(),
        areas: vec!["Face".to_owned()],
        notes: notes.to_owned(),
        lots: Vec::new(),
        addendum_to: None,
    }
}

#[test]
fn a_record_is_signed_read_again_and_added_to() {
    let desk = Desk::open(DeviceProfile::Management);
    desk.sign_in(Role::Manager);
    let client = desk.register("Ana Prado");
    let treatment = desk.treatment(|treatment| treatment.needs_lot);
    let place = desk.places(&treatment, TODAY, None).remove(0);
    let visit = done(desk.book(&client, &treatment, &place));
    desk.engine.session_sign_out().unwrap();

    let who = desk.sign_in(Role::Practitioner);
    let engine = &desk.engine;
    let lot = engine
        .catalogue()
        .unwrap()
        .lots
        .into_iter()
        .find(|lot| !lot.expired && lot.remaining > 2)
        .unwrap();
    let first = done(
        engine
            .record_sign(RecordRequest {
                appointment_id: Some(visit.clone()),
                lots: vec![LotUseRequest {
                    lot_id: lot.id.clone(),
                    quantity: 2,
                }],
                ..record(&client, &treatment.id, " Sem intercorrências. ")
            })
            .unwrap(),
    );
    let added = done(
        engine
            .record_sign(RecordRequest {
                addendum_to: Some(first.clone()),
                ..record(&client, &treatment.id, "Retorno em 15 dias.")
            })
            .unwrap(),
    );
    // What is added to an addendum belongs to the record.
    done(
        engine
            .record_sign(RecordRequest {
                addendum_to: Some(added),
                ..record(&client, &treatment.id, "Retorno remarcado.")
            })
            .unwrap(),
    );

    let view = engine.record_read(first.clone()).unwrap();
    assert_eq!(
        (view.notes.as_str(), view.client_id.as_str()),
        ("Sem intercorrências.", client.as_str())
    );
    let name = engine
        .staff_tiles()
        .unwrap()
        .into_iter()
        .find(|person| person.id == who)
        .unwrap()
        .name;
    assert!(
        view.practitioner.starts_with(&format!("{name}, ")),
        "{}",
        view.practitioner
    );
    assert_eq!(
        (view.lots.len(), view.lots[0].quantity, &view.lots[0].code),
        (1, 2, &lot.code)
    );
    let added: Vec<&str> = view
        .addenda
        .iter()
        .map(|addendum| addendum.notes.as_str())
        .collect();
    assert_eq!(added.len(), 2);
    assert!(added.contains(&"Retorno em 15 dias.") && added.contains(&"Retorno remarcado."));

    let left = engine
        .catalogue()
        .unwrap()
        .lots
        .into_iter()
        .find(|now| now.id == lot.id)
        .unwrap();
    assert_eq!(left.remaining, lot.remaining - 2);
    let card = engine.appointment_card(visit.clone()).unwrap();
    assert!(card.ticks.notes && card.ticks.lots == Some(true));
    until("the receipt of the record", || {
        !engine.appointment_card(visit.clone()).unwrap().pending
    });
    let page = engine.client_timeline(client, None).unwrap();
    let records = page
        .entries
        .iter()
        .filter(|entry| matches!(entry.what, TimelineKind::Record { .. }));
    assert_eq!(records.count(), 3);
}

#[test]
fn a_record_that_does_not_fit_together_is_not_taken() {
    let desk = Desk::open(DeviceProfile::TreatmentRoom);
    desk.sign_in(Role::Practitioner);
    let engine = &desk.engine;
    let clients = engine.clients_page(None).unwrap().clients;
    let treatment = desk.treatment(|treatment| treatment.needs_lot).id;
    let visit = engine
        .agenda_range(TODAY.to_string(), TODAY.to_string())
        .unwrap()
        .appointments
        .remove(0);
    let stranger = &clients
        .iter()
        .find(|client| client.id != visit.client_id)
        .unwrap()
        .id;

    let blank = engine
        .record_sign(record(stranger, &treatment, " \n"))
        .unwrap();
    assert_eq!(refusal(blank).about.as_deref(), Some("notes"));
    let of_another = RecordRequest {
        appointment_id: Some(visit.id),
        ..record(stranger, &treatment, "x")
    };
    assert_eq!(code(engine.record_sign(of_another)), "invalid");
    let lot = engine
        .catalogue()
        .unwrap()
        .lots
        .into_iter()
        .find(|lot| !lot.expired)
        .unwrap();
    let too_much = RecordRequest {
        lots: vec![LotUseRequest {
            lot_id: lot.id.clone(),
            quantity: lot.remaining + 1,
        }],
        ..record(stranger, &treatment, "x")
    };
    assert_eq!(
        refusal(engine.record_sign(too_much).unwrap()).code,
        "lot_insufficient"
    );
    let first = done(
        engine
            .record_sign(record(stranger, &treatment, "x"))
            .unwrap(),
    );
    let addendum = RecordRequest {
        addendum_to: Some(first),
        ..record(&visit.client_id, &treatment, "x")
    };
    assert_eq!(code(engine.record_sign(addendum)), "invalid");
}
