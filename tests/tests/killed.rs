//! Programs that end in the middle of what they do: nothing that was acknowledged is lost, nothing is there twice, and a photo
//! is whole or reported.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed expectation is a failed test"
)]

use anyhow::{Context, Result};
use domain::row::{Client, PhotoPhase};
use serde_json::{Value, json};
use server::data::DataDir;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use system_tests::{Clinic, Programs, Window};
use testkit::skin::{self, Capture, Shot};

/// How often every name stands at the server.
fn at_server(clinic: &Clinic) -> Result<BTreeMap<String, usize>> {
    let store = server::admin::open_store(&DataDir::at(clinic.server_folder()))?;
    let mut names = BTreeMap::new();
    for client in store.read(|tx| tx.all::<Client>())? {
        *names.entry(client.name).or_default() += 1;
    }
    Ok(names)
}

/// Registers one after the other until the window is gone or `most` are there; gives the acknowledged names.
async fn register_until_gone(window: &Window, round: usize, most: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0..most {
        let name = format!("Prova {} {}", letters(round), letters(number));
        let request = json!({ "name": name, "social_name": null, "cpf": null, "phone": null, "email": null,
            "birth_date": null });
        match window
            .invoke("client_register", json!({ "request": request }))
            .await
        {
            Ok(Ok(outcome)) if outcome["kind"] == "done" => acknowledged.push(name),
            Ok(refused) => panic!("{name} was refused: {refused:?}"),
            Err(_) => break,
        }
    }
    acknowledged
}

/// A number in letters, as names have them.
fn letters(number: usize) -> String {
    let letter = |digit: usize| char::from(b'a' + u8::try_from(digit % 26).unwrap_or(0));
    format!("Q{}{}", letter(number / 26), letter(number))
}

fn each_once(what: &str, names: &BTreeMap<String, usize>, acknowledged: &[String]) {
    for name in acknowledged {
        assert_eq!(names.get(name), Some(&1), "{name} {what}");
    }
    for (name, count) in names.iter().filter(|(name, _)| name.starts_with("Prova ")) {
        assert_eq!(*count, 1, "{name} {what}");
    }
}

/// How often every name stands at this console.
async fn at_console(window: &Window) -> Result<BTreeMap<String, usize>> {
    let (mut names, mut after) = (BTreeMap::new(), Value::Null);
    loop {
        let page = window
            .call("clients_page", json!({ "after": after }))
            .await?;
        for client in page["clients"].as_array().into_iter().flatten() {
            let name = client["name"].as_str().unwrap_or_default().to_owned();
            *names.entry(name).or_default() += 1;
        }
        after = page["next"].clone();
        if after.is_null() {
            return Ok(names);
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_outlives_an_app_killed_while_it_saves() -> Result<()> {
    let programs = Programs::built()?;
    let mut clinic = Clinic::make(&programs, 20, 2)?;
    let first = Window::at(&programs, &clinic, "desk", "reception").await?;
    first.close().await?;
    // Offline at first, so that what is looked for can only be on this disk.
    clinic.stop_server();
    let mut acknowledged = Vec::new();
    for (round, after) in [150, 420, 70, 900].into_iter().enumerate() {
        let window = Window::again(&programs, &clinic, "desk").await?;
        window.sign_in("reception").await?;
        each_once("at the console", &at_console(&window).await?, &acknowledged);
        let killed = async {
            tokio::time::sleep(Duration::from_millis(after)).await;
            window.kill()
        };
        let (more, killed) = tokio::join!(register_until_gone(&window, round, 600), killed);
        killed?;
        acknowledged.extend(more);
    }
    assert!(
        acknowledged.len() > 10,
        "too little was saved to say anything: {}",
        acknowledged.len()
    );
    clinic.start_server()?;
    let window = Window::again(&programs, &clinic, "desk").await?;
    window.sign_in("reception").await?;
    each_once("at the console", &at_console(&window).await?, &acknowledged);
    window.synced().await?;
    each_once("at the server", &at_server(&clinic)?, &acknowledged);
    window.close().await
}

#[tokio::test]
async fn what_was_acknowledged_reaches_a_server_killed_while_it_takes_it() -> Result<()> {
    let programs = Programs::built()?;
    let mut clinic = Clinic::make(&programs, 20, 2)?;
    let window = Window::at(&programs, &clinic, "desk", "reception").await?;
    window.sign_in("reception").await?;
    window.synced().await?;
    let mut acknowledged = Vec::new();
    for (round, after) in [90, 260, 30].into_iter().enumerate() {
        let killed = async {
            tokio::time::sleep(Duration::from_millis(after)).await;
            clinic.kill_server()
        };
        let (more, killed) = tokio::join!(register_until_gone(&window, round, 60), killed);
        killed?;
        assert_eq!(more.len(), 60, "without the server the work goes on");
        acknowledged.extend(more);
        clinic.start_server()?;
        window.call("sync_now", json!({})).await?;
    }
    window.synced().await?;
    each_once("at the server", &at_server(&clinic)?, &acknowledged);
    each_once("at the console", &at_console(&window).await?, &acknowledged);
    let parked = window.sync().await?["parked"].clone();
    assert_eq!(parked, json!([]));
    window.close().await
}

fn camera_files(folder: &Path, count: u64) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    (0..count)
        .map(|seed| {
            let shot = Shot {
                seed,
                phase: PhotoPhase::Before,
                width: 1280,
                height: 960,
            };
            let path = folder.join(format!("DSC_{seed:04}.JPG"));
            std::fs::write(&path, skin::jpeg(&skin::draw(&shot), &Capture::default())?)?;
            Ok(path)
        })
        .collect()
}

async fn import(window: &Window, client: &Value, files: &[PathBuf]) -> Result<()> {
    let request = json!({ "client_id": client, "appointment_id": null, "region": "Rosto", "view": "front",
        "phase": "before", "paths": files });
    window
        .call("photos_import", json!({ "request": request }))
        .await?;
    Ok(())
}

/// Waits until every import has come to its end; gives what is told of the files: name and state.
async fn settled(window: &Window, client: &Value) -> Result<Vec<(String, String)>> {
    let mut told = BTreeMap::new();
    window
        .until("the end of all imports", async |window| {
            let imports = window.call("photos_imports", json!({})).await?;
            let mut going = false;
            for file in imports
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|batch| batch["files"].as_array().into_iter().flatten())
            {
                let kind = file["state"]["kind"].as_str().unwrap_or_default();
                going |= !["done", "skipped", "failed"].contains(&kind);
                told.insert(
                    file["name"].as_str().unwrap_or_default().to_owned(),
                    kind.to_owned(),
                );
            }
            let photos = window
                .call("photos_of", json!({ "clientId": client }))
                .await?;
            let whole = photos
                .as_array()
                .into_iter()
                .flatten()
                .all(|photo| photo["complete"] == true);
            Ok((!going && whole).then_some(()))
        })
        .await?;
    Ok(told.into_iter().collect())
}

/// Every photo of the client is shown with pixels at its widest.
async fn all_whole(window: &Window, client: &Value) -> Result<usize> {
    let photos = window
        .call("photos_of", json!({ "clientId": client }))
        .await?;
    let photos = photos.as_array().context("no list of photos")?;
    for photo in photos {
        let width = window
            .client()?
            .execute_async(
                "const [id, done] = arguments; const image = new Image(); image.onload = () => done(image.naturalWidth); \
                 image.onerror = () => done(0); image.src = `photo://localhost/${id}?w=1280&v=whole`",
                vec![photo["id"].clone()],
            )
            .await?;
        assert_eq!(width, json!(1280), "{photo}");
    }
    Ok(photos.len())
}

#[tokio::test]
async fn photos_of_a_killed_import_are_whole_or_reported_and_none_is_there_twice() -> Result<()> {
    const FILES: u64 = 6;
    let programs = Programs::built()?;
    let mut clinic = Clinic::make(&programs, 20, 2)?;
    let files = camera_files(&clinic.folder("card"), FILES)?;
    let window = Window::at(&programs, &clinic, "room", "treatment_room").await?;
    window.sign_in("practitioner").await?;
    let page = window
        .call("clients_page", json!({ "after": null }))
        .await?;
    let mut client = Value::Null;
    for hit in page["clients"].as_array().into_iter().flatten() {
        if window
            .call("photos_of", json!({ "clientId": hit["id"] }))
            .await?
            == json!([])
        {
            client = hit["id"].clone();
        }
    }
    window.synced().await?;
    clinic.stop_server();
    let mut window = window;
    for after in [20, 250, 700] {
        import(&window, &client, &files).await?;
        tokio::time::sleep(Duration::from_millis(after)).await;
        let before = window
            .call("photos_of", json!({ "clientId": client }))
            .await?;
        window.kill()?;
        drop(window);
        window = Window::again(&programs, &clinic, "room").await?;
        window.sign_in("practitioner").await?;
        let told = settled(&window, &client).await?;
        let photos = all_whole(&window, &client).await?;
        assert!(
            photos >= before.as_array().map_or(0, Vec::len),
            "a photo that was shown is gone"
        );
        let failed = told.iter().filter(|(_, kind)| kind == "failed").count();
        assert!(
            photos + failed >= files.len(),
            "{photos} photos, and only {told:?} are told of"
        );
        assert!(
            photos <= files.len(),
            "{photos} photos of {} files",
            files.len()
        );
    }
    import(&window, &client, &files).await?;
    settled(&window, &client).await?;
    assert_eq!(
        all_whole(&window, &client).await?,
        files.len(),
        "every file is there once"
    );
    clinic.start_server()?;
    window.synced().await?;
    window.close().await
}
