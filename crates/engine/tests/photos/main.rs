//! Photos through the engine as the shell uses it: a real server, encrypted replicas, a real decoder process.
#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]
#![allow(missing_docs, reason = "tests are named after what they show")]

mod clinic;

use clinic::{Clinic, Console, PIN, files_under, picture, wait_for};
use engine::view::agenda::Outcome;
use engine::view::photos::{ImportFile, ImportState};
use image::ImageFormat;
use std::path::Path;

fn code(file: &ImportFile) -> &str {
    match &file.state {
        ImportState::Failed { code, .. } => code,
        other => panic!("{} did not fail: {other:?}", file.name),
    }
}

fn is_avif(bytes: &[u8]) -> bool {
    bytes.get(4..12) == Some(b"ftypavif")
}

#[test]
fn a_batch_is_visible_before_it_is_optimized_and_bad_files_fail_alone() {
    let clinic = Clinic::open();
    let (console, camera) = (clinic.console("room"), clinic.camera());
    let large = camera.jpeg("retrato da Ana.jpg", 2400, 1600, 1);
    let whole = std::fs::read(&large).unwrap();
    let cut = camera.put("cut.jpg", &whole[..whole.len() / 2]);
    let text = camera.put(
        "not a picture.jpg",
        b"nothing but words in here, whatever its name says",
    );
    let mut huge = picture(64, 48, 2, ImageFormat::Png);
    huge[16..20].copy_from_slice(&20_000_u32.to_be_bytes());
    huge[20..24].copy_from_slice(&10_000_u32.to_be_bytes());
    let huge = camera.put("huge.png", &huge);
    let gone = camera.jpeg("gone.jpg", 300, 200, 3);
    std::fs::remove_file(&gone).unwrap();
    let small = camera.put("small.png", &picture(900, 600, 4, ImageFormat::Png));

    let files = console.import_whole(&[&large, &cut, &text, &huge, &gone, &small]);
    assert!(
        matches!(&files[0].state, ImportState::Done { original_bytes, rendition_bytes }
        if *original_bytes == whole.len() as f64 && *rendition_bytes > 0.0)
    );
    assert_eq!(files[0].name, "retrato da Ana.jpg");
    assert_eq!(code(&files[1]), "truncated");
    assert_eq!(code(&files[2]), "not_a_picture");
    assert_eq!(code(&files[3]), "too_many_pixels");
    assert_eq!(code(&files[4]), "file_missing");
    assert!(matches!(files[5].state, ImportState::Done { .. }));

    // Nothing was optimized while a file had not been looked at.
    let told = console.told.lock().unwrap().clone();
    assert!(told.len() > 2);
    for import in told {
        let waits =
            |file: &ImportFile| matches!(file.state, ImportState::Waiting | ImportState::Reading);
        let optimized = |file: &ImportFile| match file.state {
            ImportState::Optimizing { done, .. } => done > 0,
            ImportState::Done { .. } => true,
            _ => false,
        };
        assert!(
            !(import.files.iter().any(waits) && import.files.iter().any(optimized)),
            "{:?}",
            import.files
        );
    }

    let photos = console.complete_photos(2);
    let widths_of = |at: usize| {
        &photos
            .iter()
            .find(|card| files[at].photo_id.as_deref() == Some(&card.id))
            .unwrap()
            .widths
    };
    assert_eq!(*widths_of(0), [320, 640, 1280, 2048]);
    assert_eq!(*widths_of(5), [320, 640, 900]);
    let id = files[0].photo_id.as_deref().unwrap();
    let (narrow, wide) = (
        console.engine.photo_bytes(id, 200).unwrap(),
        console.engine.photo_bytes(id, 5000).unwrap(),
    );
    assert_eq!(
        (narrow.media_type, wide.media_type),
        ("image/avif", "image/avif")
    );
    assert!(
        is_avif(&narrow.bytes) && is_avif(&wide.bytes) && narrow.bytes.len() < wide.bytes.len()
    );

    let again = console.import_whole(&[&large]);
    assert!(matches!(&again[0].state, ImportState::Skipped { existing } if existing == id));
    assert_eq!(console.photos().len(), 2);
    console.engine.shut_down();
    nothing_of_it_is_readable(&console.data, &whole, &narrow.bytes);
    nothing_of_it_is_readable(clinic.data.root(), &whole, &narrow.bytes);
}

/// Neither the original's nor a rendition's bytes nor the file's name.
fn nothing_of_it_is_readable(folder: &Path, original: &[u8], rendition: &[u8]) {
    let middle = |bytes: &[u8]| bytes[bytes.len() / 2..][..24].to_vec();
    let needles = [
        middle(original),
        middle(rendition),
        b"ftypavif".to_vec(),
        b"retrato da Ana".to_vec(),
    ];
    let files = files_under(folder);
    assert!(files.len() > 5);
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        for needle in &needles {
            let found = bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!found, "{} holds {needle:?}", file.display());
        }
    }
}

#[test]
fn a_locked_console_shows_nothing_and_goes_on_importing() {
    let clinic = Clinic::open();
    let (console, other, camera) = (
        clinic.console("room"),
        clinic.console("other room"),
        clinic.camera(),
    );
    let files = [1, 2, 3].map(|seed| camera.jpeg(&format!("{seed}.jpg"), 1400, 1000, seed));
    console.engine.session_set_pin(PIN.to_owned()).unwrap();
    let import = console.import(&[&files[0], &files[1], &files[2]]).unwrap();
    console.engine.session_lock().unwrap();

    // The other console has them while the first one is still locked.
    let photos = other.complete_photos(3);
    let id = photos[0].id.as_str();
    for refused in [
        console.engine.photo_bytes(id, 320).err(),
        console.engine.photos_imports().err(),
        console.engine.photos_of(clinic.client.to_string()).err(),
        console.import(&[&files[0]]).err(),
    ] {
        assert_eq!(refused.unwrap().code, "locked");
    }
    assert!(
        console
            .told
            .lock()
            .unwrap()
            .iter()
            .all(|import| !import.finished),
        "names went to a locked window"
    );
    let picture = wait_for("the picture from the server", || {
        other.engine.photo_bytes(id, 1280).ok()
    });
    assert!(!picture.bytes.is_empty());

    console.engine.session_unlock(PIN.to_owned()).unwrap();
    let files = console.finished(&import.id);
    assert!(
        files
            .iter()
            .all(|file| matches!(file.state, ImportState::Done { .. }))
    );
    wait_for("the receipts of the originals", || {
        console
            .photos()
            .iter()
            .all(|photo| photo.on_server)
            .then_some(())
    });
    console.hand_to_reception();
    assert_eq!(
        console.engine.photo_bytes(id, 320).err().unwrap().code,
        "not_allowed"
    );
    console.engine.shut_down();
    other.engine.shut_down();
}

#[test]
fn damaged_files_are_fetched_again_and_withdrawn_photos_are_gone() {
    let clinic = Clinic::open();
    let (room, other, camera) = (
        clinic.console("room"),
        clinic.console("other room"),
        clinic.camera(),
    );
    room.import_whole(&[&camera.jpeg("a.jpg", 1000, 700, 5)]);
    let id = other.complete_photos(1)[0].id.clone();
    let first = wait_for("the widest", || {
        other
            .engine
            .photo_bytes(&id, 1000)
            .ok()
            .filter(|picture| is_avif(&picture.bytes))
    });
    let sealed = other.sealed_files();
    assert!(!sealed.is_empty());
    for file in sealed {
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
    }
    // Locking empties the cache.
    other.lock_and_unlock();
    let again = wait_for("the widest again", || {
        other
            .engine
            .photo_bytes(&id, 1000)
            .ok()
            .filter(|picture| picture.bytes.len() == first.bytes.len())
    });
    assert!(again.bytes == first.bytes);

    assert!(matches!(
        other.engine.photo_withdraw(id.clone(), true).unwrap(),
        Outcome::Done { .. }
    ));
    assert_eq!(
        other.engine.photo_bytes(&id, 320).err().unwrap().code,
        "not_found"
    );
    assert!(other.photos().is_empty() && other.engine.photos_recent(None).unwrap().is_empty());
    other.engine.shut_down();
    room.engine.shut_down();
}

/// Dropping the engine without shutting it down is as near to a kill as one process gets: nothing more is written.
fn killed(console: Console) {
    drop(console);
}

#[test]
fn after_a_kill_every_file_is_whole_or_reported_and_none_is_there_twice() {
    let clinic = Clinic::open();
    let (console, camera) = (clinic.console("room"), clinic.camera());
    let files =
        [1, 2, 3, 4, 5, 6].map(|seed| camera.jpeg(&format!("{seed}.jpg"), 2600, 1800, seed));
    let paths = files.each_ref().map(|path| path.as_path());
    console.import(&paths).unwrap();
    wait_for("a first photo", || {
        (!console.photos().is_empty()).then_some(())
    });
    killed(console);

    // As a crash between a sealed file and its transaction leaves it.
    let leftover = b"a sealed file that nothing refers to";
    let name = blake3::hash(leftover).to_hex().to_string();
    let folder = clinic.console_folder("room").join("blobs").join(&name[..2]);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(&name[2..]), leftover).unwrap();

    let console = clinic.console_again("room");
    let left = console.engine.photos_imports().unwrap();
    assert_eq!(left.len(), 1);
    let interrupted = left[0]
        .files
        .iter()
        .filter(|file| file.photo_id.is_none())
        .inspect(|file| assert_eq!(code(file), "interrupted"));
    let interrupted = interrupted.count();
    assert_eq!(console.photos().len() + interrupted, files.len());
    console.complete_photos(files.len() - interrupted);

    let again = console.import_whole(&paths);
    let skipped = again
        .iter()
        .filter(|file| matches!(file.state, ImportState::Skipped { .. }))
        .count();
    assert_eq!(skipped, files.len() - interrupted);
    let photos = console.complete_photos(files.len());
    // Original and first thumbnail besides the renditions, and nothing else.
    let expected: usize = photos.iter().map(|photo| photo.widths.len() + 2).sum();
    assert_eq!(console.sealed_files().len(), expected);
    console.engine.shut_down();
    drop(console);
    let console = clinic.console_again("room");
    assert!(
        console.engine.photos_imports().unwrap().is_empty(),
        "what was told is not told again"
    );
    console.engine.shut_down();
}
