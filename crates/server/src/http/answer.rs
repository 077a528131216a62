//! Answers that are not a success: one JSON form for all of them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Body of every error: `{"code": "...", "message": "...", "server_time": ...}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// Stable name of the cause, for programs.
    pub code: String,
    /// What it means and what to do, in English, for logs. Never personal data.
    pub message: String,
    /// The server's time in milliseconds since 1970, where the console's was too far from it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub server_time: Option<i64>,
}

/// Why a request was refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// Too many requests.
    #[error("too many requests; wait {} s", .0.as_secs().max(1))]
    TooMany(Duration),
    /// The body is not what the route expects.
    #[error("the request's body cannot be read: {0}")]
    BadRequest(String),
    /// The enrolment code is wrong, used or expired: which of these is not said, so that guessing learns nothing.
    #[error("the enrolment code is wrong, already used or expired; make a new one on the server")]
    EnrolmentCode,
    /// The device is unknown or its signature is wrong.
    #[error("the device is not enrolled here or its signature does not fit")]
    UnknownDevice,
    /// The device was revoked.
    #[error("this device was revoked; enrol it again if that was a mistake")]
    Revoked,
    /// The time in the request is too far from the server's; sign again with the one in the answer.
    #[error("the time is too far from the server's; sign again with the server's time")]
    Clock {
        /// The server's time.
        server_time: i64,
    },
    /// As many connections as the server may hold.
    #[error("the server has as many connections as it may hold; try again later")]
    Full,
    /// The server is stopping.
    #[error("the server is stopping; try again later")]
    Stopping,
    /// Something failed here; the log says what.
    #[error("the server could not do it; its log says why")]
    Failed,
}

impl Refused {
    fn parts(&self) -> (StatusCode, &'static str) {
        match self {
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::EnrolmentCode => (StatusCode::FORBIDDEN, "enrolment_code"),
            Self::UnknownDevice => (StatusCode::UNAUTHORIZED, "unknown_device"),
            Self::Revoked => (StatusCode::FORBIDDEN, "revoked"),
            Self::Clock { .. } => (StatusCode::UNAUTHORIZED, "clock"),
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, "full"),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code) = self.parts();
        let server_time = match self {
            Self::Clock { server_time } => Some(server_time),
            _ => None,
        };
        let body = Json(Problem {
            code: code.to_owned(),
            message: self.to_string(),
            server_time,
        });
        let mut response = (status, body).into_response();
        let wait = match self {
            Self::TooMany(wait) => Some(wait.as_secs() + 1),
            Self::Full | Self::Stopping => Some(5),
            _ => None,
        };
        if let Some(seconds) = wait {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
