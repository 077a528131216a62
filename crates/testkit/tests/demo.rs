//! The demonstration clinic as the server and a member of staff find it.

#![cfg(feature = "demo")]
#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use domain::blob::BlobId;
use domain::row::*;
use domain::time::{ClinicZone, Day};
use server::blobs::BlobFolder;
use server::data::DataDir;
use std::path::Path;
use std::process::Command;
use testkit::demo::{self, DemoError, Order};
use vault::clinical::{open_client_key, unwrap_photo_key};
use vault::staff::{DEMONSTRATION_PASSWORD, StaffCredential, StaffKeys};
use vault::stream;

fn order(data: &Path, photos: u32) -> Order {
    Order {
        data: data.to_owned(),
        clients: 60,
        photos,
        seed: 1,
        now: ClinicZone::sao_paulo().at(Day(20_782), 14 * 60),
    }
}

fn sign_in(person: &Staff) -> StaffKeys {
    let credential = StaffCredential::from_bytes(&person.credential).unwrap();
    credential
        .unlock(person.id, DEMONSTRATION_PASSWORD)
        .unwrap()
}

#[test]
fn the_server_finds_a_clinic_whose_people_sign_in_and_whose_photos_open() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("clinic");
    let mut heard = Vec::new();
    demo::make(&order(&folder, 4), &mut |step, done, of| {
        heard.push((step, done, of))
    })
    .unwrap();
    assert_eq!(heard.last(), Some(&("photos", 4, 4)));
    assert!(heard.iter().all(|(_, done, of)| done <= of));

    let data = DataDir::at(&folder);
    let store = server::admin::open_store(&data).unwrap();
    let clinic = store.read(|tx| tx.clinic()).unwrap().unwrap();
    assert!(clinic.demo);
    let people = store.read(|tx| tx.staff()).unwrap();
    assert!(people.len() >= 8);
    let keys: Vec<StaffKeys> = people.iter().map(sign_in).collect();
    let clinical = keys.iter().find_map(|keys| keys.clinical.as_ref()).unwrap();

    let photos = store.read(|tx| tx.all::<Photo>()).unwrap();
    assert_eq!(photos.len(), 4);
    let blobs = BlobFolder::open(data.blobs(), u64::MAX).unwrap();
    let whole = |id: BlobId, len: u64| {
        let bytes = blobs.read(id, 0, usize::try_from(len).unwrap()).unwrap();
        assert_eq!(bytes.len() as u64, len);
        bytes
    };
    for photo in &photos {
        let grant = store
            .read(|tx| tx.get::<ClientKeyGrant>(photo.client_key))
            .unwrap()
            .unwrap();
        let client_key = open_client_key(clinical, photo.client, grant.id, &grant.sealed).unwrap();
        let key = unwrap_photo_key(&client_key, photo.id, &photo.wrapped_key).unwrap();
        let original = stream::open(&key, &whole(photo.original.id, photo.original.len)).unwrap();
        assert_eq!(original.len() as u64, photo.original_bytes);
        let seen = photos::decode(&original, &photos::Limits::default()).unwrap();
        assert_eq!((seen.width(), seen.height()), (photo.width, photo.height));
        assert!(photo.renditions.is_sorted_by_key(|one| one.width));
        assert!(photo.renditions.len() >= 3);
        for rendition in &photo.renditions {
            let picture =
                stream::open(&key, &whole(rendition.blob.id, rendition.blob.len)).unwrap();
            assert_eq!(picture.len() as u64, rendition.bytes);
            assert_eq!(&picture[4..12], b"ftypavif");
        }
        let visit = photo.appointment.unwrap();
        let ticks = store
            .read(|tx| tx.get::<VisitTicks>(visit.into()))
            .unwrap()
            .unwrap();
        assert!(ticks.photos);
        let visit = store.read(|tx| tx.get::<Appointment>(visit)).unwrap();
        let taken = ClinicZone::sao_paulo().day(photo.taken_at);
        assert_eq!(visit.unwrap().day, taken);
        vault::envelope::open(&key, photo.id.as_bytes(), &photo.sealed_details, "details").unwrap();
    }
    let phases: Vec<PhotoPhase> = photos.iter().map(|photo| photo.phase).collect();
    assert!(phases.contains(&PhotoPhase::Before) && phases.contains(&PhotoPhase::After));

    let again = demo::make(&order(&folder, 0), &mut |_, _, _| {});
    assert!(
        matches!(again, Err(DemoError::Folder(_))),
        "a clinic is never made over another"
    );
}

#[test]
fn the_program_reports_its_steps_as_json_lines() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("clinic");
    let output = Command::new(env!("CARGO_BIN_EXE_clinic-demo"))
        .args(["make", "--data"])
        .arg(&folder)
        .args(["--clients", "20", "--photos", "0", "--seed", "3"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    for line in lines.lines() {
        let said: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            said["step"].is_string() && said["done"].is_u64() && said["of"].is_u64(),
            "{line}"
        );
    }
    assert!(lines.lines().count() >= 2);
    assert!(folder.join("server.db").is_file());
}
