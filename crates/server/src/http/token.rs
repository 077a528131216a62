//! `POST /token`: a device proves who it is and gets a token for the next 15 minutes.

use super::answer::Refused;
use crate::app::App;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use domain::id::DeviceId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use vault::token::{TOKEN_SECONDS, verify_device_proof};

/// How far the time in a request may be from the server's, in milliseconds.
const WINDOW_MS: u64 = 5 * 60 * 1000;

/// What a device says to get a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenRequest {
    /// Which device.
    pub device: DeviceId,
    /// The server's time as the console last knew it.
    pub time: Timestamp,
    /// 16 random bytes in hexadecimal.
    pub nonce: String,
    /// `vault::token::device_proof` over [`challenge_bytes`].
    pub proof: String,
}

/// What it gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// The token.
    pub token: String,
    /// For how long it is good, in milliseconds.
    pub token_lives_ms: u64,
    /// The server's time.
    pub server_time: Timestamp,
}

/// What the proof is over: the time's eight bytes, big-endian, then the nonce.
pub fn challenge_bytes(time: Timestamp, nonce: &[u8; 16]) -> Vec<u8> {
    [time.0.to_be_bytes().as_slice(), nonce].concat()
}

/// Nonces of the window: each is taken once.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<HashMap<(DeviceId, [u8; 16]), Timestamp>>);

impl Nonces {
    /// Whether the nonce is new. Those outside the window are forgotten; a request with one of them fails by its time.
    fn take(&self, device: DeviceId, nonce: [u8; 16], time: Timestamp, now: Timestamp) -> bool {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= 1024 {
            taken.retain(|_, used| within_window(*used, now));
        }
        taken.insert((device, nonce), time).is_none()
    }
}

fn within_window(time: Timestamp, now: Timestamp) -> bool {
    time.0.abs_diff(now.0) <= WINDOW_MS
}

/// Makes a token.
pub(crate) async fn token(
    State(app): State<Arc<App>>,
    body: Result<Json<TokenRequest>, JsonRejection>,
) -> Result<Json<TokenAnswer>, Refused> {
    let Json(request) = body.map_err(|error| Refused::BadRequest(error.status().to_string()))?;
    let nonce: [u8; 16] = hex::decode(&request.nonce)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Refused::BadRequest("nonce is not 16 bytes in hexadecimal".to_owned()))?;
    let id = request.device;
    app.limits.tokens.take(id).map_err(|wait| {
        app.metrics.rate_limited.add(1);
        Refused::TooMany(wait)
    })?;
    let now = app.clock.now();
    let device = app.read(move |tx| tx.device(id)).await.map_err(|error| {
        tracing::error!(%error, "the storage failed");
        Refused::Failed
    })?;
    let refuse = |refused| {
        app.metrics.auth_refused.add(1);
        Err(refused)
    };
    let Some(device) = device else {
        return refuse(Refused::UnknownDevice);
    };
    let challenge = challenge_bytes(request.time, &nonce);
    if !verify_device_proof(&device.public, id, &challenge, &request.proof) {
        return refuse(Refused::UnknownDevice);
    }
    if device.revoked_at.is_some() {
        return refuse(Refused::Revoked);
    }
    if !within_window(request.time, now) {
        return Err(Refused::Clock { server_time: now.0 });
    }
    if !app.nonces.take(id, nonce, request.time, now) {
        return refuse(Refused::UnknownDevice);
    }
    Ok(Json(TokenAnswer {
        token: app.tokens.make_token(id, app.clinic, device.profile, now),
        token_lives_ms: u64::try_from(TOKEN_SECONDS * 1000).unwrap_or(0),
        server_time: now,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_nonce_is_taken_once_per_device() {
        let nonces = Nonces::default();
        let (one, other) = (DeviceId(Uuid::from_u128(1)), DeviceId(Uuid::from_u128(2)));
        let now = Timestamp(1_000);
        assert!(nonces.take(one, [7; 16], now, now));
        assert!(!nonces.take(one, [7; 16], now, now));
        assert!(nonces.take(other, [7; 16], now, now));
    }

    #[test]
    fn memory_of_nonces_is_bounded_by_the_window() {
        let nonces = Nonces::default();
        let device = DeviceId(Uuid::from_u128(1));
        for number in 0..5_000_u64 {
            let mut nonce = [0; 16];
            nonce[..8].copy_from_slice(&number.to_be_bytes());
            let now = Timestamp(i64::try_from(number * WINDOW_MS).unwrap());
            assert!(nonces.take(device, nonce, now, now));
        }
        assert!(nonces.0.lock().unwrap().len() <= 1025);
    }
}
