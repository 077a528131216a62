//! Signing in, roles, locking and changing places.

use anyhow::Result;
use serde_json::json;
use system_tests::window::key;
use system_tests::{Clinic, Programs, Window};

/// What must not answer while nobody is at work, with arguments that would do.
const LOCKED: [(&str, &str); 12] = [
    ("client_search", r#"{"text":"a","most":5}"#),
    ("clients_page", r#"{"after":null}"#),
    ("client_profile", r#"{"id":"CLIENT"}"#),
    ("client_timeline", r#"{"id":"CLIENT","before":null}"#),
    ("client_reveal", r#"{"id":"CLIENT"}"#),
    ("agenda_range", r#"{"from":"2026-01-01","to":"2026-01-02"}"#),
    ("catalogue", "{}"),
    ("photos_of", r#"{"clientId":"CLIENT"}"#),
    ("photos_recent", r#"{"after":null}"#),
    ("sync_read", "{}"),
    ("performance_read", r#"{"range":"hour"}"#),
    (
        "alert_raise",
        r#"{"request":{"client_id":"CLIENT","severity":"notice","text":"x"}}"#,
    ),
];

/// Whether the page gets a picture.
async fn shows_photo(window: &Window, photo: &str) -> Result<bool> {
    let loaded = window
        .client()?
        .execute_async(
            "const [id, done] = arguments; const image = new Image(); \
             image.onload = () => done(image.naturalWidth > 0); image.onerror = () => done(false); \
             image.src = `photo://localhost/${id}?w=320&v=${Math.random()}`",
            vec![json!(photo)],
        )
        .await?;
    Ok(loaded == true)
}

async fn nothing_answers(window: &Window, client: &str) -> Result<()> {
    for (command, arguments) in LOCKED {
        let arguments = serde_json::from_str(&arguments.replace("CLIENT", client))?;
        let answer = window.invoke(command, arguments).await?;
        assert_eq!(answer.unwrap_err(), "locked", "{command}");
    }
    Ok(())
}

#[tokio::test]
async fn reception_signs_in_locks_comes_back_by_pin_and_hands_over() -> Result<()> {
    let programs = Programs::built()?;
    let clinic = Clinic::make(&programs, 60, 2)?;
    let window = Window::at(&programs, &clinic, "desk", "reception").await?;
    let desk = window.somebody("reception").await?;
    window.click(&desk.name).await?;
    window
        .fill(
            &format!("Senha de {}", desk.first_name()),
            "uma senha errada",
        )
        .await?;
    window.click("Entrar").await?;
    window.see("Senha incorreta").await?;
    window.click("Usar").await?;
    window.click("Entrar").await?;
    window.fill("PIN (4 a 8 dígitos)", "258036").await?;
    window.fill("Repita o PIN", "258036").await?;
    window.click("Criar PIN").await?;
    window.see("Bloquear").await?;
    let rail = window.texts("nav .item").await?;
    let offered = |name: &str| rail.iter().any(|item| item == name);
    assert!(
        offered("Hoje") && offered("Agenda") && offered("Pacientes"),
        "{rail:?}"
    );
    assert!(!offered("Fotos") && !offered("Desempenho"), "{rail:?}");
    for command in ["photos_recent", "performance_read"] {
        let asked = json!({ "after": null, "range": "hour" });
        assert_eq!(
            window.invoke(command, asked).await?.unwrap_err(),
            "not_allowed",
            "{command}"
        );
    }
    let page = window
        .call("clients_page", json!({ "after": null }))
        .await?;
    let client = page["clients"][0]["id"].as_str().unwrap().to_owned();

    window.click("Bloquear").await?;
    window.see("Bloqueado").await?;
    nothing_answers(&window, &client).await?;
    let by_pin = format!("PIN de {}", desk.first_name());
    window.fill(&by_pin, "258037").await?;
    window.press(key::ENTER).await?;
    window.see("PIN incorreto").await?;
    window.fill(&by_pin, "258036").await?;
    window.press(key::ENTER).await?;
    window.see("Sala de espera").await?;

    window.press(&format!("{}l", key::CONTROL)).await?;
    window.see("Bloqueado").await?;
    nothing_answers(&window, &client).await?;
    window.click("Trocar de pessoa").await?;
    window.see("Quem está aí?").await?;
    nothing_answers(&window, &client).await?;
    let manager = window.sign_in("manager").await?;
    window.see(&manager.name).await?;
    let rail = window.texts("nav .item").await?;
    assert!(rail.iter().any(|item| item == "Desempenho"), "{rail:?}");
    window.close().await
}

#[tokio::test]
async fn pictures_answer_only_to_somebody_at_work_who_may_see_them() -> Result<()> {
    let programs = Programs::built()?;
    let clinic = Clinic::make(&programs, 60, 2)?;
    let window = Window::at(&programs, &clinic, "room", "treatment_room").await?;
    window.sign_in("practitioner").await?;
    let recent = window
        .until("a photo from the server", async |window| {
            let photos = window
                .call("photos_recent", json!({ "after": null }))
                .await?;
            Ok(photos[0]["id"].as_str().map(str::to_owned))
        })
        .await?;
    window
        .until("its pixels", async |window| {
            Ok(shows_photo(window, &recent).await?.then_some(()))
        })
        .await?;
    window.click("Bloquear").await?;
    window.see("Bloqueado").await?;
    assert!(!shows_photo(&window, &recent).await?);
    window.click("Trocar de pessoa").await?;
    window.see("Quem está aí?").await?;
    assert!(!shows_photo(&window, &recent).await?);
    window.sign_in("reception").await?;
    assert!(!shows_photo(&window, &recent).await?);
    window.close().await
}
