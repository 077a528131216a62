//! The commands the interface may call. Each is thin: it hands its arguments to the engine on a blocking thread and
//! returns what the engine answers. Every command is listed in a capability and measured under its own name.

pub mod agenda;
pub mod app;
pub mod clients;
pub mod clinical;
pub mod performance;
pub mod photos;
pub mod sync;

use engine::{AppError, Engine};

/// What every command returns.
pub type Answer<T> = Result<T, AppError>;

/// Runs one engine call off the async threads, measured under the command's name.
pub(crate) async fn call<T: Send + 'static>(
    engine: &Engine,
    name: &'static str,
    run: impl FnOnce(&Engine) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let engine = engine.clone();
    tokio::task::spawn_blocking(move || engine.measured(name, run))
        .await
        .map_err(|_| {
            AppError::new(
                "internal",
                "the command stopped unexpectedly; nothing was lost, try again",
            )
        })?
}
