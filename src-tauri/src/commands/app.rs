//! Set-up, sign-in, lock, preferences.

use super::{Answer, call};
use engine::Engine;
use engine::view::app::{
    AppState, EnrolOutcome, EnrolRequest, Preferences, RecoveryAnswer, SessionView, StaffTile,
};
use tauri::State;

/// What the window shows first.
#[tauri::command]
#[specta::specta]
pub async fn app_state(engine: State<'_, Engine>) -> Answer<AppState> {
    call(&engine, "app_state", move |engine| engine.app_state()).await
}

/// Joins a clinic with a one-time code.
#[tauri::command]
#[specta::specta]
pub async fn console_enrol(
    engine: State<'_, Engine>,
    request: EnrolRequest,
) -> Answer<EnrolOutcome> {
    call(&engine, "console_enrol", move |engine| {
        engine.console_enrol(request)
    })
    .await
}

/// The recovery kit that has not been proved yet; new words where the console was closed in between.
#[tauri::command]
#[specta::specta]
pub async fn recovery_kit(engine: State<'_, Engine>) -> Answer<EnrolOutcome> {
    call(&engine, "recovery_kit", move |engine| engine.recovery_kit()).await
}

/// Checks that the recovery words were kept; `false` asks again.
#[tauri::command]
#[specta::specta]
pub async fn recovery_test(
    engine: State<'_, Engine>,
    answers: Vec<RecoveryAnswer>,
) -> Answer<bool> {
    call(&engine, "recovery_test", move |engine| {
        engine.recovery_test(answers)
    })
    .await
}

/// Reopens the data with the recovery words and puts the key back into the keyring.
#[tauri::command]
#[specta::specta]
pub async fn recovery_open(engine: State<'_, Engine>, words: String) -> Answer<AppState> {
    call(&engine, "recovery_open", move |engine| {
        engine.recovery_open(words)
    })
    .await
}

/// Reopens the data with the passphrase.
#[tauri::command]
#[specta::specta]
pub async fn passphrase_open(engine: State<'_, Engine>, passphrase: String) -> Answer<AppState> {
    call(&engine, "passphrase_open", move |engine| {
        engine.passphrase_open(passphrase)
    })
    .await
}

/// People who may sign in here.
#[tauri::command]
#[specta::specta]
pub async fn staff_tiles(engine: State<'_, Engine>) -> Answer<Vec<StaffTile>> {
    call(&engine, "staff_tiles", move |engine| engine.staff_tiles()).await
}

/// Opens the day with a password.
#[tauri::command]
#[specta::specta]
pub async fn session_sign_in(
    engine: State<'_, Engine>,
    staff_id: String,
    password: String,
) -> Answer<SessionView> {
    call(&engine, "session_sign_in", move |engine| {
        engine.session_sign_in(staff_id, password)
    })
    .await
}

/// Sets the PIN that reopens the console for the next twelve hours.
#[tauri::command]
#[specta::specta]
pub async fn session_set_pin(engine: State<'_, Engine>, pin: String) -> Answer<SessionView> {
    call(&engine, "session_set_pin", move |engine| {
        engine.session_set_pin(pin)
    })
    .await
}

/// Locks at once: content keys are dropped.
#[tauri::command]
#[specta::specta]
pub async fn session_lock(engine: State<'_, Engine>) -> Answer<()> {
    call(&engine, "session_lock", move |engine| engine.session_lock()).await
}

/// Reopens with the PIN.
#[tauri::command]
#[specta::specta]
pub async fn session_unlock(engine: State<'_, Engine>, pin: String) -> Answer<SessionView> {
    call(&engine, "session_unlock", move |engine| {
        engine.session_unlock(pin)
    })
    .await
}

/// Ends the session, so that somebody else can sign in.
#[tauri::command]
#[specta::specta]
pub async fn session_sign_out(engine: State<'_, Engine>) -> Answer<()> {
    call(&engine, "session_sign_out", move |engine| {
        engine.session_sign_out()
    })
    .await
}

/// Tells the engine that somebody is there.
#[tauri::command]
#[specta::specta]
pub async fn session_touch(engine: State<'_, Engine>) -> Answer<()> {
    call(&engine, "session_touch", move |engine| {
        engine.session_touch()
    })
    .await
}

/// Keeps the looks of this console.
#[tauri::command]
#[specta::specta]
pub async fn preferences_save(engine: State<'_, Engine>, preferences: Preferences) -> Answer<()> {
    call(&engine, "preferences_save", move |engine| {
        engine.preferences_save(preferences)
    })
    .await
}
