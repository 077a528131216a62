//! Clients.

use super::{Answer, call};
use engine::Engine;
use engine::view::agenda::Outcome;
use engine::view::clients::{
    AlertRequest, ClientContact, ClientHit, ClientPage, ClientProfile, ConsentRequest, EditRequest,
    RegisterOutcome, RegisterRequest, TimelinePage,
};
use tauri::State;

/// Finds clients by part of the name, CPF, phone or birth date.
#[tauri::command]
#[specta::specta]
pub async fn client_search(
    engine: State<'_, Engine>,
    text: String,
    most: u32,
) -> Answer<Vec<ClientHit>> {
    call(&engine, "client_search", move |engine| {
        engine.client_search(text, most)
    })
    .await
}

/// Clients by name.
#[tauri::command]
#[specta::specta]
pub async fn clients_page(engine: State<'_, Engine>, after: Option<String>) -> Answer<ClientPage> {
    call(&engine, "clients_page", move |engine| {
        engine.clients_page(after)
    })
    .await
}

/// Registers a client.
#[tauri::command]
#[specta::specta]
pub async fn client_register(
    engine: State<'_, Engine>,
    request: RegisterRequest,
) -> Answer<RegisterOutcome> {
    call(&engine, "client_register", move |engine| {
        engine.client_register(request)
    })
    .await
}

/// Corrects one field.
#[tauri::command]
#[specta::specta]
pub async fn client_edit(
    engine: State<'_, Engine>,
    request: EditRequest,
) -> Answer<RegisterOutcome> {
    call(&engine, "client_edit", move |engine| {
        engine.client_edit(request)
    })
    .await
}

/// A client at one glance.
#[tauri::command]
#[specta::specta]
pub async fn client_profile(engine: State<'_, Engine>, id: String) -> Answer<ClientProfile> {
    call(&engine, "client_profile", move |engine| {
        engine.client_profile(id)
    })
    .await
}

/// Everything that happened, newest first.
#[tauri::command]
#[specta::specta]
pub async fn client_timeline(
    engine: State<'_, Engine>,
    id: String,
    before: Option<String>,
) -> Answer<TimelinePage> {
    call(&engine, "client_timeline", move |engine| {
        engine.client_timeline(id, before)
    })
    .await
}

/// Contact data in full; audited.
#[tauri::command]
#[specta::specta]
pub async fn client_reveal(engine: State<'_, Engine>, id: String) -> Answer<ClientContact> {
    call(&engine, "client_reveal", move |engine| {
        engine.client_reveal(id)
    })
    .await
}

/// Takes down a consent.
#[tauri::command]
#[specta::specta]
pub async fn consent_sign(engine: State<'_, Engine>, request: ConsentRequest) -> Answer<Outcome> {
    call(&engine, "consent_sign", move |engine| {
        engine.consent_sign(request)
    })
    .await
}

/// Takes down its revocation.
#[tauri::command]
#[specta::specta]
pub async fn consent_revoke(engine: State<'_, Engine>, id: String) -> Answer<Outcome> {
    call(&engine, "consent_revoke", move |engine| {
        engine.consent_revoke(id)
    })
    .await
}

/// Raises a safety alert.
#[tauri::command]
#[specta::specta]
pub async fn alert_raise(engine: State<'_, Engine>, request: AlertRequest) -> Answer<Outcome> {
    call(&engine, "alert_raise", move |engine| {
        engine.alert_raise(request)
    })
    .await
}

/// Ends a safety alert.
#[tauri::command]
#[specta::specta]
pub async fn alert_end(engine: State<'_, Engine>, id: String) -> Answer<Outcome> {
    call(&engine, "alert_end", move |engine| engine.alert_end(id)).await
}
