//! The HTTP side, over TLS with the pinned certificate.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /enrol` | [`enrol::EnrolRequest`] | 200 [`enrol::EnrolAnswer`]; 403 `enrolment_code` |
//! | `POST /token` | [`token::TokenRequest`] | 200 [`token::TokenAnswer`]; 401 `clock`, 401 `unknown_device`, 403 `revoked` |
//! | `GET /sync` | WebSocket upgrade | the messages of `sync::message`, one per binary frame; 503 `full` |
//! | `GET /health` | - | 200 `{"status":"ok","head":N}` |
//! | `GET /metrics` | - | 200 Prometheus text |
//!
//! **Enrolling.** A person makes a one-time code on the server (`clinic-server enrol`). The console makes an Ed25519 key
//! pair of its own, checks that the server's certificate has the pin that came with the code, and sends code, public key
//! and its name. The code is used up in the transaction that creates the device. Wrong, used and expired codes get the
//! same answer.
//!
//! **Tokens.** A token lives 15 minutes and goes into the first WebSocket message (`hello`), later ones into `refresh`.
//! To get one, the console signs a challenge with its device key: `vault::token::device_proof` over
//! [`token::challenge_bytes`] of a time and 16 random bytes. The time is the *server's*, as the console last knew it: its
//! own clock may be as wrong as it likes. Too far off (5 minutes) is answered 401 `clock` with the server's time in
//! `server_time`, with which the console signs again. Inside that window a nonce is taken once.
//!
//! **Errors** are JSON of the form [`answer::Problem`]. 429 and 503 carry `retry-after`. Every answer carries
//! `x-request-id`.

pub mod answer;
pub mod enrol;
pub mod token;
mod wrap;

use crate::app::App;
use answer::Refused;
use axum::Json;
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;

/// Longest body of a request, in bytes. The largest real one is an enrolment of a few hundred.
const LONGEST_BODY: usize = 8 * 1024;

/// Every route.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/enrol", post(enrol::enrol))
        .route("/token", post(token::token))
        .route("/sync", get(sync))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), wrap::wrap))
        .with_state(app)
}

async fn sync(State(app): State<Arc<App>>, upgrade: WebSocketUpgrade) -> Result<Response, Refused> {
    let Some(seat) = app.hub.enter() else {
        app.metrics.connections_refused.add(1);
        return Err(Refused::Full);
    };
    let message = usize_of(app.settings.message_bytes);
    // A legal message must fit the write buffer, or the library would refuse to send it at all.
    let buffer = usize_of(app.settings.write_buffer_bytes).max(message + 64 * 1024);
    let upgrade = upgrade
        .read_buffer_size(usize_of(app.settings.read_buffer_bytes))
        .write_buffer_size(0)
        .max_write_buffer_size(buffer)
        .max_message_size(message)
        .max_frame_size(message);
    Ok(upgrade.on_upgrade(move |socket| crate::hub::serve(app, socket, seat)))
}

fn usize_of(setting: u64) -> usize {
    usize::try_from(setting).unwrap_or(usize::MAX)
}

async fn health(State(app): State<Arc<App>>) -> Result<Response, Refused> {
    // Asks the database, because a process that is up on a disk that is gone is not healthy.
    let head = app.read_head().await.map_err(|error| {
        tracing::error!(%error, "the storage failed");
        Refused::Failed
    })?;
    Ok(Json(serde_json::json!({"status": "ok", "head": head})).into_response())
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let text = app.metrics.render(app.sizes());
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
