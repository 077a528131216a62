//! Records of visits.

use super::{Answer, call};
use engine::Engine;
use engine::view::agenda::Outcome;
use engine::view::clinical::{RecordRequest, RecordView};
use tauri::State;

/// Signs and locks the record of a visit.
#[tauri::command]
#[specta::specta]
pub async fn record_sign(engine: State<'_, Engine>, request: RecordRequest) -> Answer<Outcome> {
    call(&engine, "record_sign", move |engine| {
        engine.record_sign(request)
    })
    .await
}

/// Opens a record; audited.
#[tauri::command]
#[specta::specta]
pub async fn record_read(engine: State<'_, Engine>, id: String) -> Answer<RecordView> {
    call(&engine, "record_read", move |engine| engine.record_read(id)).await
}
