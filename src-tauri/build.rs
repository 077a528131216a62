//! Generates the permissions of the app's own commands, so that a command not listed here cannot be called at all.

/// Every command. `cargo xtask tidy` compares this with the `#[tauri::command]` functions.
const COMMANDS: &[&str] = &[
    "agenda_range",
    "alert_end",
    "alert_raise",
    "app_state",
    "appointment_book",
    "appointment_card",
    "appointment_move",
    "appointment_status",
    "cache_clear",
    "cache_warm",
    "catalogue",
    "client_edit",
    "client_profile",
    "client_register",
    "client_reveal",
    "client_search",
    "client_timeline",
    "clients_page",
    "consent_revoke",
    "consent_sign",
    "console_enrol",
    "parked_discard",
    "parked_rebook",
    "parked_retry",
    "passphrase_open",
    "performance_export",
    "performance_read",
    "photo_tag",
    "photo_withdraw",
    "photos_import",
    "photos_imports",
    "photos_of",
    "photos_pick",
    "photos_recent",
    "preferences_save",
    "record_read",
    "record_sign",
    "recovery_kit",
    "recovery_open",
    "recovery_test",
    "screen_painted",
    "session_lock",
    "session_set_pin",
    "session_sign_in",
    "session_sign_out",
    "session_touch",
    "session_unlock",
    "slots_find",
    "staff_tiles",
    "sync_now",
    "sync_read",
];

fn main() {
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error=the desktop shell could not be configured: {error:#}");
        std::process::exit(1);
    }
}
