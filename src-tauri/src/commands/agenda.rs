//! The agenda, booking, the way of a visit.

use super::{Answer, call};
use engine::Engine;
use engine::view::agenda::{
    AgendaView, AppointmentCard, BookRequest, MoveRequest, Outcome, SlotQuery, SlotView,
    StatusRequest,
};
use engine::view::catalogue::CatalogueView;
use tauri::State;

/// The agenda of one to seven days.
#[tauri::command]
#[specta::specta]
pub async fn agenda_range(
    engine: State<'_, Engine>,
    from: String,
    to: String,
) -> Answer<AgendaView> {
    call(&engine, "agenda_range", move |engine| {
        engine.agenda_range(from, to)
    })
    .await
}

/// One appointment.
#[tauri::command]
#[specta::specta]
pub async fn appointment_card(engine: State<'_, Engine>, id: String) -> Answer<AppointmentCard> {
    call(&engine, "appointment_card", move |engine| {
        engine.appointment_card(id)
    })
    .await
}

/// Free places, nearest to the wanted time first.
#[tauri::command]
#[specta::specta]
pub async fn slots_find(engine: State<'_, Engine>, query: SlotQuery) -> Answer<Vec<SlotView>> {
    call(&engine, "slots_find", move |engine| {
        engine.slots_find(query)
    })
    .await
}

/// Books.
#[tauri::command]
#[specta::specta]
pub async fn appointment_book(engine: State<'_, Engine>, request: BookRequest) -> Answer<Outcome> {
    call(&engine, "appointment_book", move |engine| {
        engine.appointment_book(request)
    })
    .await
}

/// Moves to another time, professional or room.
#[tauri::command]
#[specta::specta]
pub async fn appointment_move(engine: State<'_, Engine>, request: MoveRequest) -> Answer<Outcome> {
    call(&engine, "appointment_move", move |engine| {
        engine.appointment_move(request)
    })
    .await
}

/// Confirms, checks in, starts, finishes, marks as no-show, cancels, or takes the last step back.
#[tauri::command]
#[specta::specta]
pub async fn appointment_status(
    engine: State<'_, Engine>,
    request: StatusRequest,
) -> Answer<Outcome> {
    call(&engine, "appointment_status", move |engine| {
        engine.appointment_status(request)
    })
    .await
}

/// What can be done, where, by whom, with what.
#[tauri::command]
#[specta::specta]
pub async fn catalogue(engine: State<'_, Engine>) -> Answer<CatalogueView> {
    call(&engine, "catalogue", move |engine| engine.catalogue()).await
}
