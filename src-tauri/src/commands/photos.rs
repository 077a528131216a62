//! Photos. Pixels do not pass here but through `photo://`.

use super::{Answer, call};
use engine::Engine;
use engine::view::agenda::Outcome;
use engine::view::photos::{ImportRequest, ImportView, PhotoCard, TagRequest};
use tauri::State;

/// Begins to import dropped files.
#[tauri::command]
#[specta::specta]
pub async fn photos_import(
    engine: State<'_, Engine>,
    request: ImportRequest,
) -> Answer<ImportView> {
    call(&engine, "photos_import", move |engine| {
        engine.photos_import(request)
    })
    .await
}

/// Imports under way and just finished.
#[tauri::command]
#[specta::specta]
pub async fn photos_imports(engine: State<'_, Engine>) -> Answer<Vec<ImportView>> {
    call(&engine, "photos_imports", move |engine| {
        engine.photos_imports()
    })
    .await
}

/// A client's photos, newest first.
#[tauri::command]
#[specta::specta]
pub async fn photos_of(engine: State<'_, Engine>, client_id: String) -> Answer<Vec<PhotoCard>> {
    call(&engine, "photos_of", move |engine| {
        engine.photos_of(client_id)
    })
    .await
}

/// Everybody's photos, newest first; `after` is the last id of the page before.
#[tauri::command]
#[specta::specta]
pub async fn photos_recent(
    engine: State<'_, Engine>,
    after: Option<String>,
) -> Answer<Vec<PhotoCard>> {
    call(&engine, "photos_recent", move |engine| {
        engine.photos_recent(after)
    })
    .await
}

/// Names region, view and phase.
#[tauri::command]
#[specta::specta]
pub async fn photo_tag(engine: State<'_, Engine>, request: TagRequest) -> Answer<Outcome> {
    call(&engine, "photo_tag", move |engine| {
        engine.photo_tag(request)
    })
    .await
}

/// Takes a photo back from the wrong client, or undoes that.
#[tauri::command]
#[specta::specta]
pub async fn photo_withdraw(
    engine: State<'_, Engine>,
    id: String,
    withdrawn: bool,
) -> Answer<Outcome> {
    call(&engine, "photo_withdraw", move |engine| {
        engine.photo_withdraw(id, withdrawn)
    })
    .await
}

/// Asks for files with the operating system's picker, then imports them. `None`: the picker was closed.
#[tauri::command]
#[specta::specta]
pub async fn photos_pick(
    window: tauri::WebviewWindow,
    engine: State<'_, Engine>,
    request: ImportRequest,
) -> Answer<Option<ImportView>> {
    use tauri_plugin_dialog::DialogExt as _;
    let (answer, picked) = tokio::sync::oneshot::channel();
    window
        .dialog()
        .file()
        .set_parent(&window)
        .add_filter(
            "JPEG, PNG, WebP",
            &["jpg", "jpeg", "png", "webp", "JPG", "JPEG", "PNG"],
        )
        .pick_files(move |files| drop(answer.send(files)));
    let Some(files) = picked.await.ok().flatten() else {
        return Ok(None);
    };
    let paths = files
        .into_iter()
        .filter_map(|file| file.into_path().ok())
        .map(|path| path.display().to_string())
        .collect();
    let request = ImportRequest { paths, ..request };
    call(&engine, "photos_import", move |engine| {
        engine.photos_import(request)
    })
    .await
    .map(Some)
}
