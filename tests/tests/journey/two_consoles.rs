//! Two consoles and a server that goes and comes: what one did offline arrives at the other, and a place that was taken
//! meanwhile comes back to whoever booked it.

use crate::booking;
use anyhow::Result;
use serde_json::json;
use system_tests::window::key;
use system_tests::{Clinic, Programs, Window};

const REGISTERED: &str = "Maré Offline da Conceição";

/// Registers a client while the server is away.
async fn register(window: &Window) -> Result<()> {
    window.press(&format!("{}j", key::CONTROL)).await?;
    window.fill("Nome completo", REGISTERED).await?;
    window.fill("Telefone", "11976543210").await?;
    window.click_at("aside footer button[type=submit]").await?;
    window.see("Maré cadastrad").await
}

/// The sync panel shows what came back, and its button books another place.
async fn rebook(window: &Window) -> Result<()> {
    window.see("1 item precisa de você").await?;
    window.go("Sincronização").await?;
    window.see("Precisam de alguém").await?;
    window.see("Esse horário já está ocupado.").await?;
    let parked = window.sync().await?["parked"].clone();
    assert_eq!(parked[0]["refusal"]["code"], "slot_taken", "{parked}");
    assert_eq!(parked[0]["mine"], true, "{parked}");
    assert!(
        parked[0]["refusal"]["free"]
            .as_array()
            .is_some_and(|free| !free.is_empty()),
        "{parked}"
    );
    window
        .click_at("[data-testid^='parked-'] .free button")
        .await?;
    window.see("Remarcado para").await?;
    window.see_no_more("Precisam de alguém").await?;
    window.synced().await
}

/// How many visits a client has ahead at this console.
async fn next_visit(window: &Window, name: &str) -> Result<serde_json::Value> {
    let id = booking::client(window, name).await?;
    let profile = window.call("client_profile", json!({ "id": id })).await?;
    Ok(profile["next_visit"].clone())
}

#[tokio::test]
async fn what_was_done_offline_arrives_and_a_taken_place_comes_back_to_its_author() -> Result<()> {
    let programs = Programs::built()?;
    let mut clinic = Clinic::make(&programs, 60, 2)?;
    let desk = Window::at(&programs, &clinic, "desk", "reception").await?;
    desk.sign_in("reception").await?;
    desk.synced().await?;
    let office = Window::at(&programs, &clinic, "office", "management").await?;
    office.sign_in("reception").await?;
    office.synced().await?;
    let page = desk.call("clients_page", json!({ "after": null })).await?;
    let other = page["clients"][0]["name"].as_str().unwrap().to_owned();
    let treatment = booking::treatment(&desk).await?;

    clinic.stop_server();
    desk.see("Offline, nada pendente").await?;
    register(&desk).await?;
    desk.go("Hoje").await?;
    let offer = booking::offers(&desk, REGISTERED, &treatment).await?[0].clone();
    booking::take(&desk, &offer, " agendado").await?;
    desk.see("Offline, 2 pendentes").await?;
    desk.close().await?;
    let desk = Window::again(&programs, &clinic, "desk").await?;
    desk.sign_in("reception").await?;
    desk.go("Sincronização").await?;
    desk.see("Esperando recibo").await?;
    let shown = desk.text().await?;
    for word in ["Cadastro", "Agendamento", REGISTERED, "sem rede"] {
        assert!(shown.contains(word), "{word} is not named:\n{shown}");
    }
    let wanted = next_visit(&desk, REGISTERED).await?;
    assert_eq!(wanted["pending"], true, "{wanted}");
    desk.close().await?;

    clinic.start_server()?;
    office.synced().await?;
    office.go("Hoje").await?;
    let offered = booking::offers(&office, &other, &treatment).await?;
    assert!(
        offered.contains(&offer),
        "{offer:?} is free at the other console: {offered:?}"
    );
    booking::take(&office, &offer, " agendado").await?;
    office.synced().await?;

    let desk = Window::again(&programs, &clinic, "desk").await?;
    desk.sign_in("reception").await?;
    rebook(&desk).await?;
    let mine = next_visit(&desk, REGISTERED).await?;
    assert_ne!(
        (&mine["start_minute"], &mine["staff_id"], &mine["day"]),
        (&wanted["start_minute"], &wanted["staff_id"], &wanted["day"])
    );
    office.go("Pacientes").await?;
    office.find("mare offline", REGISTERED).await?;
    office
        .until("the visit that was booked anew", async |window| {
            Ok((next_visit(window, REGISTERED).await?["id"] == mine["id"]).then_some(()))
        })
        .await?;
    desk.close().await?;
    office.close().await
}
