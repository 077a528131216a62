//! From a click on one console to the server's receipt, and to the other console.

use super::{Figures, Samples};
use anyhow::{Context, Result, ensure};
use domain::row::AppointmentStatus;
use engine::Engine;
use engine::view::agenda::{AppointmentCard, Outcome, StatusRequest};
use engine::view::event::{EngineEvent, Topic};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const ACTIONS: usize = 400;
const PATIENCE: Duration = Duration::from_secs(20);

/// The next event that satisfies `wanted`.
fn wait(events: &Receiver<EngineEvent>, wanted: impl Fn(&EngineEvent) -> bool) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match events.recv_timeout(PATIENCE) {
            Ok(event) if wanted(&event) => return Ok(()),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    anyhow::bail!("nothing arrived within {} s", PATIENCE.as_secs())
}

fn listen(engine: &Engine) -> Receiver<EngineEvent> {
    let (sender, receiver) = channel();
    engine.subscribe(move |event| {
        // The benchmark has ended.
        let _ = sender.send(event);
    });
    receiver
}

/// Two steps between which an appointment goes to and fro.
fn step(card: &AppointmentCard) -> Option<AppointmentStatus> {
    match card.status {
        AppointmentStatus::Scheduled => Some(AppointmentStatus::Confirmed),
        AppointmentStatus::Confirmed => Some(AppointmentStatus::Scheduled),
        _ => None,
    }
}

/// Changes appointments of the coming days on `here`, one at a time, and waits for the receipt and for `there`.
///
/// # Errors
/// When an action is refused or does not arrive.
pub fn measure(
    here: &Engine,
    there: &Engine,
    today: &str,
    until: &str,
    figures: &mut Figures,
) -> Result<()> {
    let (own, other) = (listen(here), listen(there));
    let mut cards: Vec<AppointmentCard> = here
        .agenda_range(today.to_owned(), until.to_owned())?
        .appointments
        .into_iter()
        .filter(|card| step(card).is_some())
        .collect();
    ensure!(!cards.is_empty(), "no appointment can be changed");
    let (mut receipts, mut arrivals) = (Samples::new(), Samples::new());
    for round in 0..ACTIONS {
        let at = round % cards.len();
        let card = cards.get_mut(at).context("an appointment")?;
        let to = step(card).context("a step")?;
        let request = StatusRequest {
            id: card.id.clone(),
            from: card.status,
            to,
        };
        let outcome = here.appointment_status(request)?;
        let committed = Instant::now();
        ensure!(
            matches!(outcome, Outcome::Done { .. }),
            "an action was refused: {outcome:?}"
        );
        wait(
            &own,
            |event| matches!(event, EngineEvent::Sync { sync } if sync.waiting.is_empty()),
        )?;
        receipts.add(committed.elapsed());
        wait(
            &other,
            |event| matches!(event, EngineEvent::Changed { topics, .. } if topics.contains(&Topic::Agenda)),
        )?;
        let seen = there.appointment_card(card.id.clone())?;
        arrivals.add(committed.elapsed());
        ensure!(seen.status == to, "the second console has another status");
        card.status = to;
    }
    figures.millis("action_receipt", &receipts);
    // To the row read on the second console; what painting adds is measured in the real window.
    figures.millis("second_console.read", &arrivals);
    Ok(())
}
