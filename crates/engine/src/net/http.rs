//! The two requests of a console, `/enrol` and `/token`: JSON over HTTP/1.1 over the pinned TLS.

use super::Account;
use super::address::EnrolLink;
use super::tls::{DialError, Dialer};
use domain::bucket::DeviceProfile;
use domain::id::{ClinicId, DeviceId};
use domain::port::Entropy;
use domain::time::Timestamp;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use sync::console::OfflineCause;
use sync::message::RefusalCause;
use tokio::task::JoinHandle;
use vault::signature::SigningKey;

/// How long a whole request may take, from the name's resolution to the last byte.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer that is read, in bytes. The longest real one has a few hundred.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Why a request to the server failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HttpError {
    /// Nobody was reached.
    #[error(
        "the server at {server} cannot be reached ({cause}); check that it runs and that this PC is on the clinic's network"
    )]
    Unreachable {
        /// `host:port`.
        server: String,
        /// What the system said.
        cause: String,
    },
    /// The server did not answer in time.
    #[error("the server at {server} did not answer within {} s; try again", PATIENCE.as_secs())]
    Silent {
        /// `host:port`.
        server: String,
    },
    /// Another certificate than the pinned one.
    #[error(
        "who answers at {server} is not the server this console knows: its certificate has changed; ask whoever runs the server before you enrol again"
    )]
    CertificateChanged {
        /// `host:port`.
        server: String,
    },
    /// The enrolment code is wrong, used or too old.
    #[error("the enrolment code is wrong, already used or expired; make a new one on the server")]
    CodeRefused,
    /// The device was taken out of service.
    #[error("this console was revoked; enrol it again if that was a mistake")]
    DeviceRevoked,
    /// The server does not know the device, or its key.
    #[error("the server does not know this console; enrol it again")]
    DeviceUnknown,
    /// The server counts too many requests.
    #[error("too many attempts; wait {} s", wait.as_secs())]
    TooMany {
        /// How long to wait.
        wait: Duration,
    },
    /// The server takes no more connections now.
    #[error("the server has as many connections as it may hold; try again later")]
    ServerFull,
    /// The server is going down.
    #[error("the server is stopping; try again later")]
    ServerStopping,
    /// The server could not do it.
    #[error("the server could not do it; its log says why")]
    ServerFailed,
    /// The server answers what this build does not know.
    #[error(
        "the server's answer cannot be understood ({what}); see whether this console or the server has to be updated"
    )]
    Unreadable {
        /// What was seen.
        what: String,
    },
}

impl HttpError {
    /// Stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Silent { .. } => "silent",
            Self::CertificateChanged { .. } => "certificate_changed",
            Self::CodeRefused => "code_refused",
            Self::DeviceRevoked => "device_revoked",
            Self::DeviceUnknown => "device_unknown",
            Self::TooMany { .. } => "too_many",
            Self::ServerFull => "server_full",
            Self::ServerStopping => "server_stopping",
            Self::ServerFailed => "server_failed",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    /// Whether trying the same again may help.
    pub fn may_pass(&self) -> bool {
        !self.offline_cause().needs_a_person() && *self != Self::CodeRefused
    }

    /// The same in the words of the connection.
    pub(super) fn offline_cause(&self) -> OfflineCause {
        match self {
            Self::Unreachable { .. } => OfflineCause::Unreachable,
            Self::Silent { .. } => OfflineCause::Silent,
            Self::CertificateChanged { .. } => OfflineCause::CertificateChanged,
            Self::DeviceRevoked => OfflineCause::Refused(RefusalCause::DeviceRevoked),
            Self::DeviceUnknown => OfflineCause::Refused(RefusalCause::DeviceUnknown),
            Self::TooMany { .. } => OfflineCause::Refused(RefusalCause::TooFast),
            Self::ServerFull => OfflineCause::Refused(RefusalCause::TooManyConnections),
            Self::ServerStopping => OfflineCause::Refused(RefusalCause::Draining),
            Self::ServerFailed => OfflineCause::Refused(RefusalCause::Internal),
            Self::CodeRefused => OfflineCause::Refused(RefusalCause::Other),
            Self::Unreadable { .. } => OfflineCause::Unreadable,
        }
    }
}

#[derive(Serialize)]
struct EnrolRequest<'a> {
    code: String,
    device_public_key: String,
    name: &'a str,
}

/// What the server says to a new console.
#[derive(Clone, Deserialize)]
pub struct EnrolAnswer {
    /// The console's identity from now on.
    pub device: DeviceId,
    /// The clinic it belongs to.
    pub clinic: ClinicId,
    /// What it may hold.
    pub profile: DeviceProfile,
    /// What the clinic calls the console; empty when the server does not say.
    #[serde(default)]
    pub name: String,
    /// Its first token.
    pub token: String,
    /// The server's time.
    pub server_time: Timestamp,
}

#[derive(Serialize)]
struct TokenRequest {
    device: DeviceId,
    time: Timestamp,
    nonce: String,
    proof: String,
}

/// A token, and the server's time when it was made.
#[derive(Clone, Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) token: String,
    pub(super) server_time: Timestamp,
}

/// An answer that is no success.
#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(default)]
    server_time: Option<i64>,
}

/// What a request came to.
enum Outcome<A> {
    Done(A),
    /// The time in the request was too far from the server's, which is this.
    OtherClock(Timestamp),
}

/// Makes this console a device of the clinic: gives the one-time code and the public half of `key`, which the console keeps.
/// An empty `name` leaves the one that was given with the code.
///
/// # Errors
/// As [`HttpError`] says; nothing is kept on either side then, except that a used code stays used.
pub async fn enrol(
    link: &EnrolLink,
    key: &SigningKey,
    name: &str,
) -> Result<EnrolAnswer, HttpError> {
    let dialer = Dialer::new(&link.server);
    let request = EnrolRequest {
        code: link.code.formatted(),
        device_public_key: hex::encode(key.public()),
        name,
    };
    in_time(&dialer, async {
        match Conversation::open(&dialer)
            .await?
            .post("/enrol", &request)
            .await?
        {
            Outcome::Done(answer) => Ok(answer),
            Outcome::OtherClock(_) => Err(unreadable("401 clock")),
        }
    })
    .await
}

/// Gets a token for the account's device. `time` is the server's as far as it is known; when it is too far off, the server
/// tells its own, and the request is signed again with that.
pub(super) async fn token(
    dialer: &Dialer,
    account: &Account,
    time: Timestamp,
    entropy: &dyn Entropy,
) -> Result<TokenAnswer, HttpError> {
    in_time(dialer, async {
        let mut conversation = Conversation::open(dialer).await?;
        let first = signed(account, time, entropy);
        let servers = match conversation.post("/token", &first).await? {
            Outcome::Done(answer) => return Ok(answer),
            Outcome::OtherClock(servers) => servers,
        };
        let second = signed(account, servers, entropy);
        match conversation.post("/token", &second).await? {
            Outcome::Done(answer) => Ok(answer),
            Outcome::OtherClock(_) => Err(unreadable("401 clock twice")),
        }
    })
    .await
}

/// A request that proves who asks. What is signed is the time's eight bytes, big-endian, then the nonce.
fn signed(account: &Account, time: Timestamp, entropy: &dyn Entropy) -> TokenRequest {
    let mut nonce = [0_u8; 16];
    entropy.fill(&mut nonce);
    let challenge = [time.0.to_be_bytes().as_slice(), &nonce].concat();
    TokenRequest {
        device: account.device,
        time,
        nonce: hex::encode(nonce),
        proof: vault::token::device_proof(&account.key, account.device, &challenge),
    }
}

async fn in_time<T>(
    dialer: &Dialer,
    request: impl Future<Output = Result<T, HttpError>>,
) -> Result<T, HttpError> {
    tokio::time::timeout(PATIENCE, request)
        .await
        .unwrap_or_else(|_| {
            Err(HttpError::Silent {
                server: dialer.server().address.clone(),
            })
        })
}

/// One HTTP connection, on which requests follow each other.
struct Conversation {
    server: String,
    sender: SendRequest<Full<Bytes>>,
    driving: JoinHandle<()>,
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

impl Conversation {
    async fn open(dialer: &Dialer) -> Result<Self, HttpError> {
        let server = dialer.server().address.clone();
        let stream = match dialer.dial().await {
            Ok(stream) => stream,
            Err(DialError::CertificateChanged) => {
                return Err(HttpError::CertificateChanged { server });
            }
            Err(DialError::Unreachable(cause)) => {
                let cause = cause.to_string();
                return Err(HttpError::Unreachable { server, cause });
            }
        };
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| lost(&server, &error))?;
        let driving = tokio::spawn(async move {
            // Whoever waits for an answer is told of the failure.
            let _ = connection.await;
        });
        Ok(Self {
            server,
            sender,
            driving,
        })
    }

    async fn post<A: DeserializeOwned>(
        &mut self,
        path: &str,
        question: &impl Serialize,
    ) -> Result<Outcome<A>, HttpError> {
        let body = serde_json::to_vec(question).map_err(|error| unreadable(error.to_string()))?;
        let request = Request::post(path)
            .header(header::HOST, &self.server)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| unreadable(error.to_string()))?;
        let lost = |error| lost(&self.server, &error);
        self.sender.ready().await.map_err(lost)?;
        let (head, body) = self
            .sender
            .send_request(request)
            .await
            .map_err(lost)?
            .into_parts();
        let body = Limited::new(body, LONGEST_ANSWER)
            .collect()
            .await
            .map_err(|_| unreadable("an answer that breaks off or is too long"))?
            .to_bytes();
        if head.status == StatusCode::OK {
            // What serde says could quote the answer, which holds a token.
            return serde_json::from_slice(&body)
                .map(Outcome::Done)
                .map_err(|_| unreadable("an answer of another form"));
        }
        let wait = head
            .headers
            .get(header::RETRY_AFTER)
            .and_then(|wait| wait.to_str().ok()?.parse().ok());
        refused(head.status, &body, wait)
    }
}

/// What an answer that is no success means.
fn refused<A>(
    status: StatusCode,
    body: &[u8],
    wait_seconds: Option<u64>,
) -> Result<Outcome<A>, HttpError> {
    let problem = serde_json::from_slice::<Problem>(body).ok();
    let code = problem.as_ref().map_or("", |problem| problem.code.as_str());
    Err(match (status.as_u16(), code) {
        (401, "clock") => {
            let servers = problem.and_then(|problem| problem.server_time);
            return servers
                .map(|time| Outcome::OtherClock(Timestamp(time)))
                .ok_or_else(|| unreadable("401 clock without a time"));
        }
        (403, "enrolment_code") => HttpError::CodeRefused,
        (403, "revoked") => HttpError::DeviceRevoked,
        (401, "unknown_device") => HttpError::DeviceUnknown,
        (429, _) => HttpError::TooMany {
            wait: Duration::from_secs(wait_seconds.unwrap_or(60)),
        },
        (503, "stopping") => HttpError::ServerStopping,
        (503, _) => HttpError::ServerFull,
        (500.., _) => HttpError::ServerFailed,
        (status, _) => unreadable(format!("status {status}")),
    })
}

fn lost(server: &str, error: &hyper::Error) -> HttpError {
    HttpError::Unreachable {
        server: server.to_owned(),
        cause: error.to_string(),
    }
}

fn unreadable(what: impl Into<String>) -> HttpError {
    HttpError::Unreadable { what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_the_server_has_its_own_name() {
        let cases = [
            (403, "enrolment_code", "code_refused"),
            (403, "revoked", "device_revoked"),
            (401, "unknown_device", "device_unknown"),
            (429, "too_many_requests", "too_many"),
            (503, "full", "server_full"),
            (503, "stopping", "server_stopping"),
            (500, "failed", "server_failed"),
            (400, "bad_request", "unreadable"),
            (418, "", "unreadable"),
        ];
        for (status, told, code) in cases {
            let body = format!(r#"{{"code":"{told}","message":"-"}}"#);
            let status = StatusCode::from_u16(status).unwrap();
            let error = refused::<()>(status, body.as_bytes(), Some(3))
                .err()
                .unwrap();
            assert_eq!(error.code(), code);
        }
    }

    #[test]
    fn the_servers_clock_is_taken_from_its_refusal() {
        let body = br#"{"code":"clock","message":"-","server_time":42}"#;
        let outcome = refused::<()>(StatusCode::UNAUTHORIZED, body, None);
        assert!(matches!(outcome, Ok(Outcome::OtherClock(Timestamp(42)))));
        let without = br#"{"code":"clock","message":"-"}"#;
        let outcome = refused::<()>(StatusCode::UNAUTHORIZED, without, None);
        assert_eq!(outcome.err().unwrap().code(), "unreadable");
    }
}
