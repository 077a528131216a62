//! `POST /enrol`: a one-time code and a public key become a device.

use super::answer::Refused;
use crate::app::App;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, State};
use domain::bucket::DeviceProfile;
use domain::id::{ClinicId, DeviceId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use store::device::Device;
use store::{StoreError, Tx};
use vault::token::EnrolmentCode;

/// What a console says to enrol.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The code, however it was typed.
    pub code: String,
    /// The console's own Ed25519 public key: 32 bytes in hexadecimal.
    pub device_public_key: String,
    /// What the console calls itself, for the list of devices. Empty: the name given with the code.
    pub name: String,
}

/// What it gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolAnswer {
    /// Its identity from now on.
    pub device: DeviceId,
    /// The clinic it belongs to.
    pub clinic: ClinicId,
    /// What it is called.
    pub name: String,
    /// What it may hold.
    pub profile: DeviceProfile,
    /// Its first token.
    pub token: String,
    /// The server's time.
    pub server_time: Timestamp,
}

/// Enrols a console.
pub(crate) async fn enrol(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    body: Result<Json<EnrolRequest>, JsonRejection>,
) -> Result<Json<EnrolAnswer>, Refused> {
    app.limits.enrolments.take(peer.ip()).map_err(|wait| {
        app.metrics.rate_limited.add(1);
        Refused::TooMany(wait)
    })?;
    let Json(request) = body.map_err(|error| Refused::BadRequest(error.status().to_string()))?;
    let public = public_key(&request.device_public_key)?;
    let name = request.name.trim().to_owned();
    if name.chars().count() > 80 || name.chars().any(char::is_control) {
        return Err(Refused::BadRequest("the name is too long".to_owned()));
    }
    let code = EnrolmentCode::parse(&request.code).ok_or_else(|| {
        app.metrics.auth_refused.add(1);
        Refused::EnrolmentCode
    })?;
    let now = app.clock.now();
    let id = DeviceId::make(&*app.clock, &*app.entropy);
    let made = app
        .write(move |tx| take_in(tx, &code, id, &public, &name, now))
        .await
        .map_err(|error| {
            tracing::error!(%error, "the storage failed");
            Refused::Failed
        })?;
    let Some(Enrolled { name, profile }) = made else {
        app.metrics.auth_refused.add(1);
        return Err(Refused::EnrolmentCode);
    };
    app.metrics.enrolments.add(1);
    tracing::info!(device = %id, ?profile, "enrolled");
    Ok(Json(EnrolAnswer {
        device: id,
        clinic: app.clinic,
        name,
        profile,
        token: app.tokens.make_token(id, app.clinic, profile, now),
        server_time: now,
    }))
}

/// What a good code made of a console.
struct Enrolled {
    name: String,
    profile: DeviceProfile,
}

/// Uses the code up and makes the device, in one transaction; `None` when the code is not good.
fn take_in(
    tx: &mut Tx<'_>,
    code: &EnrolmentCode,
    id: DeviceId,
    public: &[u8; 32],
    name: &str,
    now: Timestamp,
) -> Result<Option<Enrolled>, StoreError> {
    let Ok(enrolment) = tx.take_enrolment(&code.hash(), now)? else {
        return Ok(None);
    };
    let name = if name.is_empty() {
        enrolment.name
    } else {
        name.to_owned()
    };
    tx.put_device(&Device {
        id,
        name: name.clone(),
        profile: enrolment.profile,
        public: public.to_vec(),
        enrolled_at: now,
        revoked_at: None,
        last_seen: None,
    })?;
    Ok(Some(Enrolled {
        name,
        profile: enrolment.profile,
    }))
}

fn public_key(text: &str) -> Result<[u8; 32], Refused> {
    hex::decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| {
            Refused::BadRequest("device_public_key is not 32 bytes in hexadecimal".to_owned())
        })
}
