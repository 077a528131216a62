//! Booking as a person does it in the panel.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use system_tests::Window;
use system_tests::window::key;

/// A place as the panel offers it: the day's heading and the button's label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// For example `quinta-feira, 26 de novembro`.
    pub day: String,
    /// For example `09:00 Ana Lima, Sala 1`.
    pub label: String,
}

/// The id of the client of this name.
pub async fn client(window: &Window, name: &str) -> Result<String> {
    let hits = window
        .call("client_search", json!({ "text": name, "most": 8 }))
        .await?;
    let found = hits
        .as_array()
        .into_iter()
        .flatten()
        .find(|hit| hit["name"] == name);
    Ok(found
        .and_then(|hit| hit["id"].as_str())
        .with_context(|| format!("{name} is not found"))?
        .to_owned())
}

/// The first treatment that needs no lot.
pub async fn treatment(window: &Window) -> Result<Value> {
    let catalogue = window.call("catalogue", json!({})).await?;
    let found = catalogue["treatments"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|treatment| treatment["needs_lot"] == false);
    found.cloned().context("every treatment needs a lot")
}

/// Opens the panel by its shortcut and says who comes for what, on tomorrow's day or after; gives what is offered.
pub async fn offers(window: &Window, name: &str, treatment: &Value) -> Result<Vec<Offer>> {
    window.press(&format!("{}b", key::CONTROL)).await?;
    window.fill("Quem", name).await?;
    let id = client(window, name).await?;
    window
        .click_at(&format!(".seek-item[data-value=\"{id}\"]"))
        .await?;
    let title = treatment["name"].as_str().unwrap_or_default();
    window.fill("O quê", title).await?;
    let id = treatment["id"].as_str().unwrap_or_default();
    window
        .click_at(&format!(".seek-item[data-value=\"{id}\"]"))
        .await?;
    window.present("[data-slot]").await?;
    window
        .click_at("aside button[aria-label='Próximo']")
        .await?;
    let wanted = tomorrows_times(window, treatment).await?;
    window
        .until("tomorrow's places", async |window| {
            let now = shown(window).await?;
            let times: Vec<&str> = now.iter().map(|offer| &offer.label[..5]).collect();
            Ok((times == wanted).then_some(now))
        })
        .await
}

/// The hours that the engine finds free from tomorrow on, in the panel's order.
async fn tomorrows_times(window: &Window, treatment: &Value) -> Result<Vec<String>> {
    let state = window.call("app_state", json!({})).await?;
    let tomorrow = window
        .run(
            "const day = new Date(`${arguments[0]}T12:00:00Z`); day.setUTCDate(day.getUTCDate() + 1); \
             return day.toISOString().slice(0, 10)",
            vec![state["today"].clone()],
        )
        .await?;
    let query = json!({ "treatment_id": treatment["id"], "staff_id": null, "day": tomorrow,
        "around_minute": null, "duration_minutes": null, "moving": null, "most": 18 });
    let slots = window.call("slots_find", json!({ "query": query })).await?;
    let mut slots: Vec<(String, i64)> = slots
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|slot| {
            Some((
                slot["day"].as_str()?.to_owned(),
                slot["start_minute"].as_i64()?,
            ))
        })
        .collect();
    slots.sort();
    anyhow::ensure!(!slots.is_empty(), "nothing is free from tomorrow on");
    Ok(slots
        .iter()
        .map(|(_, start)| format!("{:02}:{:02}", start / 60, start % 60))
        .collect())
}

/// What is offered now.
pub async fn shown(window: &Window) -> Result<Vec<Offer>> {
    let offers = window
        .run(
            "return [...document.querySelectorAll('.days .slots')].flatMap((slots) => \
               [...slots.querySelectorAll('[data-slot]')].map((slot) => \
                 [slots.previousElementSibling.textContent.trim(), slot.getAttribute('aria-label')]))",
            Vec::new(),
        )
        .await?;
    let offers: Vec<(String, String)> = serde_json::from_value(offers)?;
    Ok(offers
        .into_iter()
        .map(|(day, label)| Offer { day, label })
        .collect())
}

/// Takes an offer and books it; gives what the app said.
pub async fn take(window: &Window, offer: &Offer, said: &str) -> Result<()> {
    let at = shown(window)
        .await?
        .iter()
        .position(|other| other == offer)
        .with_context(|| format!("{offer:?} is not offered"))?;
    window
        .run(
            "document.querySelectorAll('[data-slot]')[arguments[0]].click()",
            vec![json!(at)],
        )
        .await?;
    window.click_at("[data-book]:not([disabled])").await?;
    window.see(said).await
}
