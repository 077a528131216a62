//! Finding, registering, correcting and knowing clients.

use crate::support::{Desk, code, done, refusal};
use domain::bucket::DeviceProfile;
use domain::role::Role;
use domain::row::{AlertSeverity, ConsentPurpose};
use engine::view::clients::{
    AlertRequest, ConsentRequest, EditRequest, RegisterOutcome, RegisterRequest, TimelineKind,
};
use std::collections::BTreeSet;

const CPF: &str = "529.982.247-25";

fn request() -> RegisterRequest {
    RegisterRequest {
        name: "Ângela Conceição Müller".to_owned(),
        social_name: None,
        cpf: Some(CPF.to_owned()),
        phone: Some("(11) 91234-5678".to_owned()),
        email: Some("angela@exemplo.com.br".to_owned()),
        birth_date: Some("1990-05-21".to_owned()),
    }
}

fn registered(outcome: RegisterOutcome) -> String {
    match outcome {
        RegisterOutcome::Done { id, .. } => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn clients_are_found_as_people_ask_and_a_cpf_is_taken_once_even_without_the_server() {
    let mut desk = Desk::open(DeviceProfile::Reception);
    desk.sign_in(Role::Reception);
    let id = registered(desk.engine.client_register(request()).unwrap());
    for asked in [
        "angela",
        "muller ang",
        "conceicao",
        "529982",
        "529.982.247-25",
        "912345678",
        "(11) 91234",
        "5678",
        "21/05/1990",
    ] {
        let hits = desk.engine.client_search(asked.to_owned(), 50).unwrap();
        assert!(hits.iter().any(|hit| hit.id == id), "{asked}");
        assert!(hits.len() <= 50);
    }
    let hit = desk
        .engine
        .client_search("angela conceicao muller".into(), 1)
        .unwrap()
        .remove(0);
    assert_eq!(hit.cpf_masked.as_deref(), Some("***.982.247-**"));
    assert_eq!(hit.phone_masked.as_deref(), Some("(11) *****-5678"));

    desk.stop_server();
    let again = RegisterRequest {
        name: "Outra Pessoa".to_owned(),
        ..request()
    };
    match desk.engine.client_register(again).unwrap() {
        RegisterOutcome::Duplicate { existing } => assert_eq!(existing.id, id),
        other => panic!("{other:?}"),
    }
    let wrong = RegisterRequest {
        name: String::new(),
        cpf: Some("529.982.247-26".to_owned()),
        ..request()
    };
    match desk.engine.client_register(wrong).unwrap() {
        RegisterOutcome::Invalid { problems } => {
            let fields: Vec<&str> = problems
                .iter()
                .map(|problem| problem.field.as_str())
                .collect();
            assert_eq!(fields, ["name", "cpf"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_edit_of_what_somebody_changed_meanwhile_is_not_taken() {
    let desk = Desk::open(DeviceProfile::Reception);
    desk.sign_in(Role::Reception);
    let engine = &desk.engine;
    let id = registered(engine.client_register(request()).unwrap());
    let edit = |field: &str, value: Option<&str>, revision: &str| {
        let request = EditRequest {
            id: id.clone(),
            field: field.to_owned(),
            value: value.map(str::to_owned),
            revision: revision.to_owned(),
        };
        engine.client_edit(request)
    };
    let seen = engine.client_profile(id.clone()).unwrap();
    assert_eq!(seen.email_masked.as_deref(), Some("a***@e***.br"));
    assert_eq!(seen.age, Some(36));
    registered(edit("phone", Some("11 2345-6789"), &seen.revision).unwrap());
    match edit("phone", Some("11 99999-0000"), &seen.revision).unwrap() {
        RegisterOutcome::Changed { field } => assert_eq!(field, "phone"),
        other => panic!("{other:?}"),
    }
    let now = engine.client_profile(id.clone()).unwrap();
    assert_eq!(now.client.phone_masked.as_deref(), Some("(11) ****-6789"));
    registered(edit("email", None, &now.revision).unwrap());
    assert_eq!(
        engine.client_profile(id.clone()).unwrap().email_masked,
        None
    );
    match edit("birth_date", Some("2999-01-01"), &now.revision).unwrap() {
        RegisterOutcome::Invalid { problems } => assert_eq!(problems[0].code, "birth_date"),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        code(edit("shoe_size", Some("38"), &now.revision)),
        "invalid"
    );

    desk.register("Bruna Prado");
    let other = engine
        .client_search("bruna prado".into(), 1)
        .unwrap()
        .remove(0)
        .id;
    let revision = engine.client_profile(other.clone()).unwrap().revision;
    let taken = engine.client_edit(EditRequest {
        id: other,
        field: "cpf".to_owned(),
        value: Some(CPF.to_owned()),
        revision,
    });
    match taken.unwrap() {
        RegisterOutcome::Duplicate { existing } => assert_eq!(existing.id, id),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pages_bring_every_client_once_in_order() {
    let desk = Desk::open(DeviceProfile::Reception);
    desk.sign_in(Role::Reception);
    for number in 0..60 {
        desk.register(&format!("Pessoa Número {number}"));
    }
    let (mut seen, mut after, mut pages) = (BTreeSet::new(), None, 0);
    loop {
        let page = desk.engine.clients_page(after).unwrap();
        assert!(page.clients.len() <= 100);
        seen.extend(page.clients.into_iter().map(|hit| hit.id));
        pages += 1;
        after = page.next;
        if after.is_none() {
            assert_eq!(seen.len(), page.total as usize);
            break;
        }
    }
    assert!(pages > 1);
}

#[test]
fn people_see_what_their_work_needs_and_no_more() {
    let desk = Desk::open(DeviceProfile::Management);
    let engine = &desk.engine;
    desk.sign_in(Role::Practitioner);
    let everybody = engine.clients_page(None).unwrap().clients;
    let kinds = |id: &str| {
        let page = engine.client_timeline(id.to_owned(), None).unwrap();
        let named = page.entries.into_iter().map(|entry| match entry.what {
            TimelineKind::Visit { .. } => "visit",
            TimelineKind::Record { .. } => "record",
            TimelineKind::Photos { .. } => "photos",
            TimelineKind::Consent { .. } => "consent",
            TimelineKind::Payment { .. } => "payment",
        });
        named.collect::<BTreeSet<_>>()
    };
    let id = everybody
        .into_iter()
        .map(|hit| hit.id)
        .find(|id| kinds(id).is_superset(&["record", "photos", "visit"].into()))
        .expect("somebody of the clinic was pictured");
    let treated = engine.client_profile(id.clone()).unwrap();
    assert!(treated.clinical && treated.paid_cents.is_none() && !treated.photos.is_empty());
    assert!(treated.photos.iter().all(|photo| photo.on_server));
    assert!(!kinds(&id).contains("payment"));
    assert!(!engine.catalogue().unwrap().lots.is_empty());
    assert_eq!(code(engine.client_reveal(id.clone())), "not_allowed");
    assert_eq!(code(engine.client_register(request())), "not_allowed");
    let page = engine.client_timeline(id.clone(), None).unwrap();
    let record = page
        .entries
        .into_iter()
        .find(|entry| matches!(entry.what, TimelineKind::Record { .. }))
        .unwrap()
        .id;
    assert!(!engine.record_read(record.clone()).unwrap().notes.is_empty());

    engine.session_sign_out().unwrap();
    desk.sign_in(Role::Reception);
    let greeted = engine.client_profile(id.clone()).unwrap();
    assert!(!greeted.clinical && greeted.paid_cents.is_some() && greeted.photos.is_empty());
    assert!(kinds(&id).is_disjoint(&["record", "photos"].into()));
    assert_eq!(code(engine.record_read(record)), "not_allowed");
    assert!(engine.catalogue().unwrap().lots.is_empty());
    let alert = AlertRequest {
        client_id: id.clone(),
        severity: AlertSeverity::Notice,
        text: "x".to_owned(),
    };
    assert_eq!(code(engine.alert_raise(alert)), "not_allowed");
    assert_eq!(code(engine.client_profile("nobody".into())), "invalid");
    engine.client_reveal(id).unwrap();
}

#[test]
fn a_console_at_the_desk_holds_nothing_clinical_for_anybody() {
    let desk = Desk::open(DeviceProfile::Reception);
    desk.sign_in(Role::Practitioner);
    let engine = &desk.engine;
    for hit in engine.clients_page(None).unwrap().clients {
        let profile = engine.client_profile(hit.id.clone()).unwrap();
        assert!(!profile.clinical && profile.photos.is_empty());
        let page = engine.client_timeline(hit.id, None).unwrap();
        let clinical = |kind: &TimelineKind| {
            matches!(
                kind,
                TimelineKind::Record { .. } | TimelineKind::Photos { .. }
            )
        };
        assert!(!page.entries.iter().any(|entry| clinical(&entry.what)));
    }
    assert!(engine.catalogue().unwrap().lots.is_empty());
}

#[test]
fn alerts_and_consents_show_until_they_end() {
    let desk = Desk::open(DeviceProfile::TreatmentRoom);
    desk.sign_in(Role::Practitioner);
    let engine = &desk.engine;
    let id = engine.clients_page(None).unwrap().clients.remove(0).id;
    let raise = |severity, text: &str| {
        let request = AlertRequest {
            client_id: id.clone(),
            severity,
            text: text.to_owned(),
        };
        engine.alert_raise(request).unwrap()
    };
    let before = engine.client_profile(id.clone()).unwrap();
    done(raise(AlertSeverity::Notice, "Desmaia com agulhas"));
    let allergy = done(raise(AlertSeverity::Critical, "Alergia a lidocaína"));
    assert_eq!(refusal(raise(AlertSeverity::Notice, " ")).code, "invalid");
    let with = engine.client_profile(id.clone()).unwrap();
    assert_eq!(with.alerts.len(), before.alerts.len() + 2);
    assert_eq!(with.alerts[0].severity, AlertSeverity::Critical);
    assert_eq!(with.client.alerts as usize, with.alerts.len());
    done(engine.alert_end(allergy.clone()).unwrap());
    let ended = engine.client_profile(id.clone()).unwrap();
    assert!(!ended.alerts.iter().any(|alert| alert.id == allergy));

    let consent = ConsentRequest {
        client_id: id.clone(),
        purpose: ConsentPurpose::Publicity,
        signer: "Ana Prado".to_owned(),
        text_version: "2026-1".to_owned(),
        text: "Autorizo a publicação.".to_owned(),
    };
    let signed = done(engine.consent_sign(consent).unwrap());
    done(engine.consent_revoke(signed.clone()).unwrap());
    assert_eq!(
        refusal(engine.consent_revoke(signed.clone()).unwrap()).code,
        "already_revoked"
    );
    let profile = engine.client_profile(id.clone()).unwrap();
    let kept = profile
        .consents
        .iter()
        .find(|consent| consent.id == signed)
        .unwrap();
    assert!(kept.revoked_at.is_some());
    let page = engine.client_timeline(id, None).unwrap();
    assert!(page.entries.is_sorted_by(|a, b| a.at >= b.at));
    assert!(page.entries.iter().any(|entry| entry.id == signed));
}
