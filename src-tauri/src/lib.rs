//! The desktop shell: one window, thin commands, `photo://`, events. Everything else is the engine's.
//!
//! Not for: rules, storage, formats. A command here is one line that hands its arguments on.

mod arguments;
pub mod commands;
mod photo_protocol;

pub use arguments::Arguments;

use engine::view::event::EngineEvent;
use engine::{AppError, Engine};
use serde::Serialize;
use specta::Type;
use tauri::{Manager as _, WebviewUrl, WebviewWindowBuilder};
use tauri_specta::Event as _;

/// The one event of the app; see [`EngineEvent`].
#[derive(Clone, Debug, Serialize, Type, tauri_specta::Event)]
pub struct EngineNotice(pub EngineEvent);

/// The commands and events as the interface's bindings are generated from and as the window may call them.
pub fn contract() -> tauri_specta::Builder<tauri::Wry> {
    use commands::{agenda, app, clients, clinical, performance, photos, sync};
    tauri_specta::Builder::<tauri::Wry>::new()
        .disable_serde_phases()
        .commands(tauri_specta::collect_commands![
            agenda::agenda_range,
            agenda::appointment_card,
            agenda::slots_find,
            agenda::appointment_book,
            agenda::appointment_move,
            agenda::appointment_status,
            agenda::catalogue,
            app::app_state,
            app::console_enrol,
            app::recovery_kit,
            app::recovery_test,
            app::recovery_open,
            app::passphrase_open,
            app::staff_tiles,
            app::session_sign_in,
            app::session_set_pin,
            app::session_lock,
            app::session_unlock,
            app::session_sign_out,
            app::session_touch,
            app::preferences_save,
            clients::client_search,
            clients::clients_page,
            clients::client_register,
            clients::client_edit,
            clients::client_profile,
            clients::client_timeline,
            clients::client_reveal,
            clients::consent_sign,
            clients::consent_revoke,
            clients::alert_raise,
            clients::alert_end,
            clinical::record_sign,
            clinical::record_read,
            performance::performance_read,
            performance::cache_clear,
            performance::cache_warm,
            performance::performance_export,
            performance::screen_painted,
            photos::photos_import,
            photos::photos_imports,
            photos::photos_of,
            photos::photos_recent,
            photos::photo_tag,
            photos::photo_withdraw,
            photos::photos_pick,
            sync::sync_read,
            sync::sync_now,
            sync::parked_retry,
            sync::parked_rebook,
            sync::parked_discard,
        ])
        .events(tauri_specta::collect_events![EngineNotice])
}

/// Starts the engine, opens the window and runs until it is closed.
pub fn run(arguments: Arguments) -> Result<(), AppError> {
    let engine = Engine::start(arguments.config()?)?;
    let contract = contract();
    let protocol_engine = engine.clone();
    let window_engine = engine.clone();
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .manage(engine.clone())
        .invoke_handler(contract.invoke_handler())
        .register_asynchronous_uri_scheme_protocol("photo", move |_, request, responder| {
            photo_protocol::answer(protocol_engine.clone(), &request, responder);
        })
        .setup(move |app| {
            contract.mount_events(app);
            let handle = app.handle().clone();
            window_engine.subscribe(move |event| {
                // Nobody listens before the page has loaded or after the window is gone; both are fine.
                drop(EngineNotice(event).emit(&handle));
            });
            WebviewWindowBuilder::new(app, "main", WebviewUrl::App("index.html".into()))
                .title("Espelho")
                .inner_size(1366.0, 768.0)
                .min_inner_size(1024.0, 640.0)
                .maximized(arguments.maximized)
                .build()?;
            Ok(())
        })
        .build(tauri::generate_context!())
        .map_err(|error| {
            AppError::new("window", format!("the window could not be opened: {error}"))
        })?;
    app.run(|handle, event| {
        if let tauri::RunEvent::Exit = event {
            handle.state::<Engine>().shut_down();
        }
    });
    Ok(())
}
