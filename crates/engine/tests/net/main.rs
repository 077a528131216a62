//! The link of a console, against a real server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed expectation is a failed test"
)]

mod clinic;
mod console;

use clinic::{Clinic, until};
use console::{Console, Desk};
use domain::bucket::DeviceProfile;
use engine::net::{EnrolLink, LinkState, Server};
use server::admin;
use server::system::OsEntropy;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use sync::console::OfflineCause;
use sync::message::RefusalCause;
use vault::certificate::CertificatePin;
use vault::signature::SigningKey;
use vault::token::EnrolmentCode;

/// The same server under another certificate.
fn with_another_pin(server: &Server) -> Server {
    Server::new(&server.address, CertificatePin([7; 32])).unwrap()
}

#[test]
fn a_code_enrols_once() {
    let clinic = Clinic::open();
    let link = clinic.link(DeviceProfile::Reception);
    let key = SigningKey::make(&OsEntropy);
    let wrong = EnrolLink {
        code: EnrolmentCode::make(&OsEntropy),
        ..link.clone()
    };
    let code = |link| clinic.try_enrol(link, &key).err().unwrap().code();
    assert_eq!(code(&wrong), "code_refused");
    let answer = clinic.try_enrol(&link, &key).unwrap();
    assert_eq!(answer.profile, DeviceProfile::Reception);
    assert!(!answer.token.is_empty());
    assert_eq!(code(&link), "code_refused");
}

#[test]
fn a_server_with_another_certificate_learns_nothing_and_is_told_apart_from_none() {
    let mut clinic = Clinic::open();
    let link = clinic.link(DeviceProfile::Reception);
    let key = SigningKey::make(&OsEntropy);
    let forged = EnrolLink {
        server: with_another_pin(&link.server),
        ..link.clone()
    };
    let error = clinic.try_enrol(&forged, &key).err().unwrap();
    assert_eq!(error.code(), "certificate_changed");
    assert!(!error.may_pass());
    assert!(
        clinic.try_enrol(&link, &key).is_ok(),
        "the code was not used up"
    );
    clinic.stop();
    let error = clinic.try_enrol(&link, &key).err().unwrap();
    assert_eq!(error.code(), "unreachable");
    assert!(error.may_pass());
}

#[test]
fn what_is_done_here_is_receipted_and_reaches_the_other_console() {
    let clinic = Clinic::open();
    let one = Console::start(&clinic, clinic.enrol(DeviceProfile::Reception));
    let two = Console::start(&clinic, clinic.enrol(DeviceProfile::Reception));
    until("both are filled", || one.is_synced() && two.is_synced());
    let clients: Vec<_> = (0..20).map(|_| one.register(&clinic)).collect();
    until("all is receipted", || {
        one.desk.pending() == 0 && one.is_synced()
    });
    until("the other has them", || {
        clients.iter().all(|client| two.desk.knows(*client))
    });
    let status = one.link.status();
    assert_eq!(status.connection, LinkState::Online);
    assert_eq!(status.cursor, status.head);
    assert!(status.last_receipt.is_some() && status.last_heard.is_some());
    assert_eq!(two.link.status().last_receipt, None);
    let counts = one.link.counts();
    assert_eq!(counts.connections, 1);
    assert!(counts.bytes_in > 0 && counts.bytes_out > 0);
    assert!(counts.frames_in > 0 && counts.frames_out > 0);
    until("the last state is told", || {
        one.desk
            .statuses
            .lock()
            .unwrap()
            .last()
            .is_some_and(|told| {
                told.synced && told.connection == LinkState::Online && told.cursor == status.cursor
            })
    });
}

#[test]
fn a_server_that_comes_back_after_a_day_gets_what_waited() {
    let mut clinic = Clinic::open();
    let console = Console::start(&clinic, clinic.enrol(DeviceProfile::Reception));
    until("it is filled", || console.is_synced());
    clinic.stop();
    until("it notices", || {
        matches!(console.link.status().connection, LinkState::Offline(_))
    });
    console.register(&clinic);
    until("it says that something waits", || !console.is_synced());
    assert_eq!(console.desk.pending(), 1);
    // The first try to get a token is signed with a time that is a day old.
    clinic.clock.advance(24 * 3_600_000);
    clinic.serve();
    until("it has come back by itself", || console.desk.pending() == 0);
    until("it is synced", || console.is_synced());
    assert!(console.link.counts().connections >= 2);
}

#[test]
fn a_changed_certificate_and_a_revoked_console_are_named() {
    let clinic = Clinic::open();
    let mut account = clinic.enrol(DeviceProfile::Reception);
    account.server = with_another_pin(&account.server);
    let forged = Console::start(&clinic, account);
    let changed = LinkState::Offline(OfflineCause::CertificateChanged);
    until("the certificate is noticed", || {
        forged.link.status().connection == changed
    });
    let patience = forged.link.status().retry_in.unwrap();
    assert!(patience > Duration::from_secs(30), "only a person can help");
    assert_eq!(forged.link.counts().connections, 0);

    let account = clinic.enrol(DeviceProfile::Reception);
    let device = account.device;
    let console = Console::start(&clinic, account);
    until("it is filled", || console.is_synced());
    admin::revoke(&clinic.data, device).unwrap();
    let revoked = LinkState::Offline(OfflineCause::Refused(RefusalCause::DeviceRevoked));
    until("the revocation is noticed", || {
        console.link.status().connection == revoked
    });
    let statuses = console.desk.statuses.lock().unwrap().len();
    console.link.hint();
    until("it asks again and hears the same", || {
        console.desk.statuses.lock().unwrap().len() > statuses
            && console.link.status().connection == revoked
    });
    assert_eq!(
        console.link.status().connection.reason(),
        Some("device_revoked")
    );
}

#[test]
fn a_sealed_file_arrives_whole_on_the_server_and_on_another_console() {
    let clinic = Clinic::open();
    let room = Console::start(&clinic, clinic.enrol(DeviceProfile::TreatmentRoom));
    let office = Console::start(&clinic, clinic.enrol(DeviceProfile::Management));
    until("both are filled", || room.is_synced() && office.is_synced());
    let bytes: Vec<u8> = (0..150_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let blob = room.desk.add_blob(&bytes);
    room.link.blobs_changed();
    until("it is receipted", || {
        room.desk.uploaded.lock().unwrap().contains(&blob)
    });
    until("nothing waits", || room.link.status().blobs_waiting == 0);
    office.link.want_blob(blob, 0);
    until("it is here", || office.desk.blobs.holds(blob));
    assert_eq!(office.desk.blobs.get(blob).unwrap(), bytes);
}

#[test]
fn a_console_whose_storage_fails_says_so_and_goes_on_when_it_works_again() {
    let clinic = Clinic::open();
    let account = clinic.enrol(DeviceProfile::Reception);
    let desk = Desk::new(account.device);
    desk.broken.store(true, SeqCst);
    let console = Console::start_with(&clinic, account, desk);
    let broken = LinkState::Offline(OfflineCause::Storage);
    until("it cannot start", || {
        console.link.status().connection == broken
    });
    console.desk.broken.store(false, SeqCst);
    console.link.hint();
    until("it is filled", || console.is_synced());

    console.desk.register(&clinic);
    console.desk.broken.store(true, SeqCst);
    console.link.outbox_changed();
    until("the outbox cannot be read", || {
        console.link.status().connection == broken
    });
    assert!(!console.is_synced());
    console.desk.broken.store(false, SeqCst);
    until("it goes on by itself", || console.desk.pending() == 0);
    until("it is synced", || console.is_synced());
}

#[test]
fn a_stopped_link_lets_go_of_its_host() {
    let clinic = Clinic::open();
    let console = Console::start(&clinic, clinic.enrol(DeviceProfile::Reception));
    until("it is filled", || console.is_synced());
    console.link.stop();
    console.link.stop();
    let Console { link, desk } = console;
    drop(link);
    until("nothing of it is left", || Arc::strong_count(&desk) == 1);
}
