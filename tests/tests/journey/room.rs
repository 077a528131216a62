//! The treatment room without its server: the client's file, a signed record, camera files, two pictures side by side, and
//! the console closed and opened again in between.

use crate::booking;
use anyhow::{Context, Result};
use domain::row::PhotoPhase;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use system_tests::{Clinic, Programs, Window};
use testkit::skin::{self, Capture, Shot, Turn};

const NOTES: &str = "Pele íntegra, sem intercorrências; retorno em quinze dias.";

/// Two pictures as JPEG (one turned by the camera) and one as PNG, as they come from a memory card.
fn camera_files(folder: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    let draw = |seed, phase| {
        skin::draw(&Shot {
            seed,
            phase,
            width: 1600,
            height: 1200,
        })
    };
    let turned = Capture {
        turn: Turn::Clockwise,
        ..Capture::default()
    };
    let files = [
        (
            "DSC_0001.JPG",
            skin::jpeg(&draw(3, PhotoPhase::Before), &Capture::default())?,
        ),
        (
            "DSC_0002.JPG",
            skin::jpeg(&draw(3, PhotoPhase::After), &turned)?,
        ),
        ("tablet.png", skin::png(&draw(4, PhotoPhase::Before))?),
    ];
    let mut paths = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::write(&path, bytes)?;
        paths.push(path);
    }
    Ok(paths)
}

/// Somebody of the page who has no photo yet.
async fn without_photos(window: &Window) -> Result<(String, String)> {
    let page = window
        .call("clients_page", json!({ "after": null }))
        .await?;
    for hit in page["clients"].as_array().into_iter().flatten() {
        let photos = window
            .call("photos_of", json!({ "clientId": hit["id"] }))
            .await?;
        let timeline = window
            .call(
                "client_timeline",
                json!({ "id": hit["id"], "before": null }),
            )
            .await?;
        if photos == json!([]) && timeline["entries"] != json!([]) && hit["civil_name"].is_null() {
            let text = |name: &str| {
                hit[name]
                    .as_str()
                    .map(str::to_owned)
                    .context("a client without a name")
            };
            return Ok((text("id")?, text("name")?));
        }
    }
    anyhow::bail!("everybody has photos")
}

/// Records a session through the panel and signs it.
async fn sign_record(window: &Window, treatment: &Value) -> Result<()> {
    window.click("Registrar sessão").await?;
    window.click_at("aside .pick-trigger").await?;
    let id = treatment["id"].as_str().unwrap_or_default();
    window
        .click_at(&format!(".pick-item[data-value=\"{id}\"]"))
        .await?;
    if treatment["areas"][0].is_string() {
        window.click_at("aside .areas button").await?;
    }
    window.fill("Evolução", NOTES).await?;
    window.click("Assinar e bloquear").await?;
    window.click("Assinar agora").await?;
    window.see("Prontuário assinado e bloqueado").await
}

async fn raise_alert(window: &Window) -> Result<()> {
    window.click("Adicionar alerta").await?;
    window.click("Crítico").await?;
    window
        .fill("Alerta, em poucas palavras", "Alergia a lidocaína")
        .await?;
    window.click("Salvar").await?;
    window.see("Alerta adicionado").await?;
    window
        .present("[aria-label='Encerrar alerta: Alergia a lidocaína']")
        .await
}

/// Waits until every picture at the selector is painted with pixels of its own.
async fn painted(window: &Window, selector: &str, count: usize) -> Result<()> {
    window
        .until(&format!("{count} pictures at {selector}"), async |window| {
            let seen = window
                .run(
                    "return [...document.querySelectorAll(arguments[0])].filter((i) => i.complete && i.naturalWidth > 0).length",
                    vec![json!(selector)],
                )
                .await?;
            Ok((seen.as_u64() >= Some(count as u64)).then_some(()))
        })
        .await
}

async fn import(window: &Window, client: &str, paths: &[PathBuf]) -> Result<()> {
    window.click("Adicionar fotos").await?;
    window.see("Solte aqui os arquivos da câmera").await?;
    let request = json!({ "client_id": client, "appointment_id": null, "region": "Rosto", "view": "front",
        "phase": "before", "paths": paths });
    window
        .call("photos_import", json!({ "request": request }))
        .await?;
    painted(window, "aside .thumb img", paths.len()).await?;
    painted(window, ".strips img", paths.len()).await?;
    window
        .see(&format!(
            "{} prontos, 0 com erro, 0 em andamento",
            paths.len()
        ))
        .await?;
    let photos = window
        .call("photos_of", json!({ "clientId": client }))
        .await?;
    let photos = photos.as_array().context("no list of photos")?;
    assert_eq!(photos.len(), paths.len());
    for photo in photos {
        assert_eq!(photo["complete"], true, "{photo}");
        assert_eq!(photo["on_server"], false, "the server is away: {photo}");
        assert!(
            photo["widths"]
                .as_array()
                .is_some_and(|widths| widths.contains(&json!(320)) && widths.len() > 1),
            "{photo}"
        );
    }
    // The camera's turn is taken in: the second picture stands upright again.
    assert!(
        photos
            .iter()
            .all(|photo| photo["width"] == 1600 && photo["height"] == 1200),
        "{photos:?}"
    );
    window.click_at("aside header button").await
}

async fn lies(window: &Window) -> Result<Vec<String>> {
    let lies = window
        .run(
            "return [...document.querySelectorAll('.pane .lie')].map((e) => e.style.transform)",
            Vec::new(),
        )
        .await?;
    Ok(serde_json::from_value(lies)?)
}

async fn compare(window: &Window) -> Result<()> {
    window.click("Comparar").await?;
    painted(window, ".pane img", 2).await?;
    let flat = lies(window).await?;
    assert_eq!(flat.len(), 2);
    window.click("Aproximar").await?;
    window.see("125").await?;
    window
        .until("both closer", async |window| {
            let lies = lies(window).await?;
            Ok((lies != flat && lies[0] == lies[1] && lies[0].contains("1.25")).then_some(()))
        })
        .await?;
    let closer = lies(window).await?;
    // A wheel over the left picture zooms at the pointer; the right one follows.
    window
        .run(
            "const pane = document.querySelector('.pane'); const box = pane.getBoundingClientRect(); \
             pane.dispatchEvent(new WheelEvent('wheel', { deltaY: -240, bubbles: true, cancelable: true, \
               clientX: box.left + box.width / 4, clientY: box.top + box.height / 4 }))",
            Vec::new(),
        )
        .await?;
    window
        .until("both at the pointer", async |window| {
            let lies = lies(window).await?;
            Ok((lies != closer && lies[0] == lies[1]).then_some(()))
        })
        .await?;
    window.click("Voltar à ficha").await
}

/// What waits for the server, as the panel names it.
async fn waits(window: &Window, name: &str) -> Result<()> {
    window.go("Sincronização").await?;
    window.see("Sem conexão com o servidor").await?;
    window.see("Esperando recibo").await?;
    let shown = window.text().await?;
    for word in ["Prontuário", "Foto", name, "sem rede"] {
        assert!(shown.contains(word), "{word} is not named:\n{shown}");
    }
    Ok(())
}

#[tokio::test]
async fn a_practitioner_works_without_the_server_and_nothing_is_lost_by_closing() -> Result<()> {
    let programs = Programs::built()?;
    let mut clinic = Clinic::make(&programs, 60, 2)?;
    let files = camera_files(&clinic.folder("card"))?;
    let window = Window::at(&programs, &clinic, "room", "treatment_room").await?;
    window.sign_in("practitioner").await?;
    window.synced().await?;
    clinic.stop_server();
    window.see("Offline, nada pendente").await?;

    let (client, name) = without_photos(&window).await?;
    let treatment = booking::treatment(&window).await?;
    window.open_client(&name).await?;
    window.see("Linha do tempo").await?;
    raise_alert(&window).await?;
    sign_record(&window, &treatment).await?;
    window.click("Ler prontuário").await?;
    window.see(NOTES).await?;
    import(&window, &client, &files).await?;
    compare(&window).await?;
    waits(&window, &name).await?;
    let before = window.sync().await?;
    window.close().await?;

    let window = Window::again(&programs, &clinic, "room").await?;
    window.sign_in("practitioner").await?;
    waits(&window, &name).await?;
    let after = window.sync().await?;
    assert_eq!(
        before["waiting"].as_array().map(Vec::len),
        after["waiting"].as_array().map(Vec::len)
    );
    window.open_client(&name).await?;
    painted(&window, ".strips img", files.len()).await?;
    window.click("Ler prontuário").await?;
    window.see(NOTES).await?;

    clinic.start_server()?;
    window.synced().await?;
    window.see("Sincronizado").await?;
    let photos = window
        .call("photos_of", json!({ "clientId": client }))
        .await?;
    assert!(
        photos
            .as_array()
            .unwrap()
            .iter()
            .all(|photo| photo["on_server"] == true),
        "{photos}"
    );
    window.close().await
}
