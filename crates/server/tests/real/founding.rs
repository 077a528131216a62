//! A clinic whose rows were there before its first action, in no log: what an import or a demonstration leaves.

use crate::support::Clinic;
use crate::support::console::{Console, Outbox, hello, register};
use crate::support::wire::Socket;
use domain::bucket::DeviceProfile;
use domain::port::Clock;
use domain::row::{Row, RowKey};
use domain::store_port::{AuthorityStore, Decision};
use server::admin;
use server::settings::{Preset, Settings};
use std::collections::BTreeMap;
use store::StoreError;
use sync::message::{ConsoleMessage, ServerMessage};
use sync::packed::unpack;

/// Rows of every kind but the clinic's own.
fn rows(count: u32) -> Vec<Row> {
    (1..=count)
        .flat_map(testkit::conformance::sample::rows)
        .filter(|row| !matches!(row, Row::ClinicProfile(_)))
        .collect()
}

/// Everything that the server's database holds of what the profile may have.
fn on_disk(clinic: &Clinic, profile: DeviceProfile) -> BTreeMap<RowKey, Row> {
    let store = admin::open_store(&clinic.data).unwrap();
    let mut rows = BTreeMap::new();
    for bucket in profile.buckets().iter() {
        let all = store.read::<_, StoreError>(|tx| tx.snapshot_page(bucket, None, 100_000));
        rows.extend(all.unwrap().into_iter().map(|row| (row.key(), row)));
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn every_profile_gets_all_its_rows_once_and_their_checksums_agree() {
    let settings = Settings::preset(Preset::Development).unwrap();
    let clinic = Clinic::start_filled(settings, &rows(60)).await;
    for (profile, least) in [
        (DeviceProfile::Management, 800),
        (DeviceProfile::Reception, 300),
        (DeviceProfile::TreatmentRoom, 700),
    ] {
        let device = clinic.enrol(profile).await;
        let mut console = Console::connect(&clinic, &device).await;
        console.catch_up(console.welcome.head).await;
        assert_eq!(console.rows, on_disk(&clinic, profile), "{profile:?}");
        assert!(
            console.rows.len() > least,
            "{profile:?}: {}",
            console.rows.len()
        );
        let mut console = console.reconnect(&clinic, &device).await;
        let now = clinic.clock.now();
        let action = console
            .outbox
            .make(&clinic.receptionist, now, register("Ana"));
        let Decision::Applied { seq } = console.push_one(action).await else {
            panic!("refused");
        };
        console.catch_up(seq).await;
        assert_eq!(console.compared, profile.buckets().iter().count());
        assert_eq!(console.snapshots, 0, "what is held is not sent again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_waits_for_the_console_instead_of_piling_up() {
    let settings = Settings::preset(Preset::Development).unwrap();
    let clinic = Clinic::start_filled(settings, &rows(700)).await;
    let office = clinic.enrol(DeviceProfile::Management).await;
    let mut socket = Socket::open(clinic.address, &clinic.pin).await;
    let greeting = hello(&office, &Outbox::new(office.id));
    socket.say(&ConsoleMessage::Hello(Box::new(greeting))).await;
    let (mut ahead, mut largest, mut total) = (0, 0, 0);
    let mut pages = 0;
    loop {
        // The answer comes after everything that the server sends of itself.
        if ahead == 2 {
            socket.say(&ConsoleMessage::Ping { n: pages }).await;
            let next = socket.hear().await.unwrap();
            assert_eq!(
                next,
                ServerMessage::Pong { n: pages },
                "two pages are enough"
            );
            socket.say(&ConsoleMessage::PageStored {}).await;
            socket.say(&ConsoleMessage::PageStored {}).await;
            ahead = 0;
        }
        match socket.hear().await.unwrap() {
            ServerMessage::SnapshotPage { rows, .. } => {
                let rows = unpack::<Row>(&rows).unwrap().len();
                largest = largest.max(rows);
                total += rows;
                ahead += 1;
                pages += 1;
            }
            ServerMessage::SnapshotEnd { .. } => break,
            _ => {}
        }
    }
    assert!(largest <= 512, "{largest}");
    assert_eq!(total, on_disk(&clinic, DeviceProfile::Management).len());
}
