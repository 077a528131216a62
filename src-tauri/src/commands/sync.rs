//! What waits, what was refused.

use super::{Answer, call};
use engine::Engine;
use engine::view::agenda::{Outcome, SlotView};
use engine::view::sync::SyncView;
use tauri::State;

/// The state of sync.
#[tauri::command]
#[specta::specta]
pub async fn sync_read(engine: State<'_, Engine>) -> Answer<SyncView> {
    call(&engine, "sync_read", move |engine| engine.sync_read()).await
}

/// Tries to connect at once.
#[tauri::command]
#[specta::specta]
pub async fn sync_now(engine: State<'_, Engine>) -> Answer<()> {
    call(&engine, "sync_now", move |engine| engine.sync_now()).await
}

/// Does a refused action again as it was.
#[tauri::command]
#[specta::specta]
pub async fn parked_retry(engine: State<'_, Engine>, sequence: f64) -> Answer<Outcome> {
    call(&engine, "parked_retry", move |engine| {
        engine.parked_retry(sequence)
    })
    .await
}

/// Does a refused booking or move again at another place.
#[tauri::command]
#[specta::specta]
pub async fn parked_rebook(
    engine: State<'_, Engine>,
    sequence: f64,
    slot: SlotView,
) -> Answer<Outcome> {
    call(&engine, "parked_rebook", move |engine| {
        engine.parked_rebook(sequence, slot)
    })
    .await
}

/// Gives a refused action up.
#[tauri::command]
#[specta::specta]
pub async fn parked_discard(engine: State<'_, Engine>, sequence: f64) -> Answer<()> {
    call(&engine, "parked_discard", move |engine| {
        engine.parked_discard(sequence)
    })
    .await
}
