//! Measurements of this console.

use super::{Answer, call};
use engine::Engine;
use engine::view::performance::{
    ExportFormat, ExportView, PerformanceView, ScreenTiming, TimeRange,
};
use tauri::State;

/// Everything the screen shows.
#[tauri::command]
#[specta::specta]
pub async fn performance_read(
    engine: State<'_, Engine>,
    range: TimeRange,
) -> Answer<PerformanceView> {
    call(&engine, "performance_read", move |engine| {
        engine.performance_read(range)
    })
    .await
}

/// Empties one cache.
#[tauri::command]
#[specta::specta]
pub async fn cache_clear(engine: State<'_, Engine>, name: String) -> Answer<()> {
    call(&engine, "cache_clear", move |engine| {
        engine.cache_clear(name)
    })
    .await
}

/// Fills one cache with what today needs.
#[tauri::command]
#[specta::specta]
pub async fn cache_warm(engine: State<'_, Engine>, name: String) -> Answer<()> {
    call(&engine, "cache_warm", move |engine| engine.cache_warm(name)).await
}

/// Writes a file.
#[tauri::command]
#[specta::specta]
pub async fn performance_export(
    engine: State<'_, Engine>,
    format: ExportFormat,
    range: TimeRange,
) -> Answer<ExportView> {
    call(&engine, "performance_export", move |engine| {
        engine.performance_export(format, range)
    })
    .await
}

/// Takes down a time the window measured.
#[tauri::command]
#[specta::specta]
pub async fn screen_painted(engine: State<'_, Engine>, timing: ScreenTiming) -> Answer<()> {
    call(&engine, "screen_painted", move |engine| {
        engine.screen_painted(timing)
    })
    .await
}
