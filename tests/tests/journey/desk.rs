//! Reception: today, checking in, booking, finding and registering.

use crate::booking;
use anyhow::{Context, Result};
use domain::cpf::Cpf;
use domain::row::Client;
use serde_json::{Value, json};
use server::data::DataDir;
use store::fold;
use system_tests::window::key;
use system_tests::{Clinic, Programs, Window};

/// The clients as the server has them.
fn clients(clinic: &Clinic) -> Result<Vec<Client>> {
    let store = server::admin::open_store(&DataDir::at(clinic.server_folder()))?;
    Ok(store.read(|tx| tx.all::<Client>())?)
}

/// A visit of today whose client has not come yet. Late in the day there may be none; then one is booked at the hour that
/// opens the clinic, as for somebody who came without an appointment.
async fn expected(window: &Window) -> Result<Value> {
    let state = window.call("app_state", json!({})).await?;
    let today = state["today"].clone();
    let range = json!({ "from": today, "to": today });
    let coming = |agenda: &Value| {
        let mut visits: Vec<Value> = agenda["appointments"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        visits.retain(|visit| visit["status"] == "scheduled" || visit["status"] == "confirmed");
        visits.sort_by_key(|visit| visit["start_minute"].as_i64());
        visits.into_iter().next()
    };
    let agenda = window.call("agenda_range", range.clone()).await?;
    if let Some(visit) = coming(&agenda) {
        return Ok(visit);
    }
    let treatment = booking::treatment(window).await?;
    let page = window
        .call("clients_page", json!({ "after": null }))
        .await?;
    for start in (agenda["opens_minute"].as_i64().unwrap_or(0)..)
        .step_by(15)
        .take(40)
    {
        let slot = json!({ "day": today, "start_minute": start, "duration_minutes": treatment["duration_minutes"],
            "staff_id": agenda["staff"][0]["id"], "room_id": agenda["rooms"][0]["id"] });
        let request = json!({ "client_id": page["clients"][0]["id"], "treatment_id": treatment["id"], "slot": slot, "note": null });
        let outcome = window
            .call("appointment_book", json!({ "request": request }))
            .await?;
        if outcome["kind"] == "done" {
            break;
        }
    }
    coming(&window.call("agenda_range", range).await?).context("nobody can be expected today")
}

#[tokio::test]
async fn reception_sees_today_checks_in_and_books_without_double_booking() -> Result<()> {
    let programs = Programs::built()?;
    let clinic = Clinic::make(&programs, 60, 2)?;
    let window = Window::at(&programs, &clinic, "desk", "reception").await?;
    window.sign_in("reception").await?;
    let visit = expected(&window).await?;
    let (id, name) = (
        visit["id"].as_str().unwrap(),
        visit["client_name"].as_str().unwrap(),
    );
    window.present(&format!("[data-card='{id}']")).await?;
    let state = window.call("app_state", json!({})).await?;
    let range = json!({ "from": state["today"], "to": state["today"] });
    let agenda = window.call("agenda_range", range).await?;
    for visit in agenda["appointments"].as_array().unwrap() {
        if visit["status"] != "cancelled" {
            let card = format!("[data-card='{}']", visit["id"].as_str().unwrap());
            window.present(&card).await?;
        }
    }
    window.click(&format!("Chegou: {name}")).await?;
    window.see("Na espera").await?;
    window
        .until("the client in the waiting room", async |window| {
            let waiting = window
                .texts("[aria-labelledby=waiting-title] .open")
                .await?;
            Ok(waiting.iter().any(|line| line.contains(name)).then_some(()))
        })
        .await?;
    let card = window.call("appointment_card", json!({ "id": id })).await?;
    assert_eq!(card["status"], "arrived");

    let treatment = booking::treatment(&window).await?;
    let who = clients(&clinic)?
        .into_iter()
        .find(|client| client.social_name.is_none())
        .unwrap();
    let offers = booking::offers(&window, &who.name, &treatment).await?;
    let offer = offers[0].clone();
    booking::take(&window, &offer, " agendado").await?;
    window.synced().await?;
    let again = booking::offers(&window, &who.name, &treatment).await?;
    assert!(!again.contains(&offer), "{offer:?} is taken and offered");
    assert!(!again.is_empty());
    window.close().await
}

#[tokio::test]
async fn reception_finds_people_by_what_they_say_and_registers_each_once() -> Result<()> {
    let programs = Programs::built()?;
    let clinic = Clinic::make(&programs, 60, 2)?;
    let all = clients(&clinic)?;
    let known = all
        .iter()
        .find(|client| {
            let plain = client.social_name.is_none() && client.birth_date.is_some();
            plain && client.cpf.is_some() && client.phone.is_some() && !client.name.is_ascii()
        })
        .context("nobody has an accent in their name")?;
    let window = Window::at(&programs, &clinic, "desk", "reception").await?;
    window.sign_in("reception").await?;
    window.go("Pacientes").await?;
    let part: Vec<String> = fold(&known.name)
        .split(' ')
        .map(|word| word.chars().take(4).collect())
        .collect();
    window.find(&part.join(" "), &known.name).await?;
    let cpf = known.cpf.clone().unwrap();
    for typed in [cpf.digits().to_owned(), cpf.formatted()] {
        assert_eq!(
            window.find(&typed, &known.name).await?.len(),
            1,
            "a CPF is one person's"
        );
    }
    let phone = known.phone.as_ref().unwrap().digits().to_owned();
    let national = phone.strip_prefix("55").unwrap_or(&phone);
    window.find(national, &known.name).await?;
    let born = known.birth_date.unwrap().date();
    let typed = format!("{:02}/{:02}/{}", born.day(), born.month(), born.year());
    window.find(&typed, &known.name).await?;

    let fresh = Cpf::from_base([7, 1, 4, 8, 2, 9, 3, 5, 6])
        .unwrap()
        .formatted();
    let broken = format!(
        "{}{}",
        &fresh[..fresh.len() - 1],
        if fresh.ends_with('0') { '1' } else { '0' }
    );
    window.press(&format!("{}j", key::CONTROL)).await?;
    window
        .fill("Nome completo", "Tainá Queiroz Brandão")
        .await?;
    window.fill("CPF", &broken).await?;
    window.fill("Telefone", "11987651234").await?;
    window.click_at("aside footer button[type=submit]").await?;
    window.see("Os dígitos do CPF não conferem.").await?;
    window.fill("CPF", &fresh).await?;
    window.click_at("aside footer button[type=submit]").await?;
    window.see("Tainá cadastrado").await?;
    window.synced().await?;
    assert!(clients(&clinic)?.iter().any(|client| {
        client
            .cpf
            .as_ref()
            .is_some_and(|cpf| cpf.formatted() == fresh)
    }));

    window.press(&format!("{}j", key::CONTROL)).await?;
    window.fill("Nome completo", "Tainá Repetida").await?;
    window.fill("CPF", &fresh).await?;
    window.click_at("aside footer button[type=submit]").await?;
    window.see("Este CPF já está cadastrado").await?;
    window.click("Abrir ficha de Tainá").await?;
    window
        .until("the file of who has the CPF", async |window| {
            let titles = window.texts("main h1").await?;
            Ok(titles
                .iter()
                .any(|title| title == "Tainá Queiroz Brandão")
                .then_some(()))
        })
        .await?;
    window.close().await
}
