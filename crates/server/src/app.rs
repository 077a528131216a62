//! What every part of the running server shares.

use crate::authority::writer::Writer;
use crate::blobs::BlobFolder;
use crate::data::DataDir;
use crate::http::token::Nonces;
use crate::hub::Hub;
use crate::hub::changes::Shared;
use crate::metrics::{Metrics, Sizes};
use crate::rate::RateLimit;
use crate::settings::Settings;
use domain::id::{ClinicId, DeviceId};
use domain::port::{Clock, Entropy};
use std::net::IpAddr;
use std::sync::Arc;
use store::{Store, StoreError, Tx};
use sync::message::{EpochId, RefusalCause};
use sync::server::ChangesRead;
use vault::token::{TokenError, TokenKey};

/// The rate limits.
pub struct Limits {
    /// Requests of any kind, per address.
    pub requests: RateLimit<IpAddr>,
    /// Enrolments, per address.
    pub enrolments: RateLimit<IpAddr>,
    /// Tokens, per device.
    pub tokens: RateLimit<DeviceId>,
}

impl Limits {
    /// The limits of the settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            requests: RateLimit::per_minute(settings.requests_per_minute),
            enrolments: RateLimit::per_minute(settings.enrolments_per_minute),
            tokens: RateLimit::per_minute(settings.tokens_per_minute),
        }
    }
}

/// The running server.
pub struct App {
    /// Its folder.
    pub data: DataDir,
    /// Its values.
    pub settings: Settings,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub entropy: Arc<dyn Entropy>,
    /// The clinic's database.
    pub store: Store,
    /// Which clinic it serves.
    pub clinic: ClinicId,
    /// Which life of the database this is.
    pub epoch: EpochId,
    /// Makes and checks tokens.
    pub tokens: TokenKey,
    /// Nonces of token requests.
    pub nonces: Nonces,
    /// Decides about actions.
    pub writer: Writer,
    /// Sealed photos.
    pub blobs: BlobFolder,
    /// The connections.
    pub hub: Arc<Hub>,
    /// Changes on their way out.
    pub changes: Shared<ChangesRead>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Rate limits.
    pub limits: Limits,
}

impl App {
    /// Reads in one transaction, off the async threads.
    pub async fn read<R, F>(self: &Arc<Self>, body: F) -> Result<R, StoreError>
    where
        R: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<R, StoreError> + Send + 'static,
    {
        let store = self.store.clone();
        joined(tokio::task::spawn_blocking(move || store.read(body)).await)
    }

    /// Writes in one transaction, off the async threads.
    pub async fn write<R, F>(self: &Arc<Self>, body: F) -> Result<R, StoreError>
    where
        R: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<R, StoreError> + Send + 'static,
    {
        let store = self.store.clone();
        joined(tokio::task::spawn_blocking(move || store.write(body)).await)
    }

    /// The last place taken.
    pub async fn read_head(self: &Arc<Self>) -> Result<u64, StoreError> {
        use domain::store_port::AuthorityStore;
        self.read(|tx| tx.head()).await
    }

    /// For how many milliseconds `token` is good, when it is one of `device`.
    pub fn check_token(&self, token: &str, device: DeviceId) -> Result<u64, RefusalCause> {
        let now = self.clock.now();
        let claims = self
            .tokens
            .verify_token(token, now)
            .map_err(|error| match error {
                TokenError::Expired => RefusalCause::TokenExpired,
                TokenError::Forged => RefusalCause::TokenForged,
            })?;
        if claims.device != device || claims.clinic != self.clinic {
            return Err(RefusalCause::TokenForged);
        }
        let end_ms = claims.exp.saturating_mul(1000);
        Ok(u64::try_from(end_ms.saturating_sub(now.0)).unwrap_or(0))
    }

    /// Sizes for the metrics.
    pub fn sizes(&self) -> Sizes {
        let bytes = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
        let database = self.data.database();
        let mut wal = database.clone().into_os_string();
        wal.push("-wal");
        Sizes {
            head: self.hub.head(),
            database_bytes: bytes(&database),
            wal_bytes: bytes(wal.as_ref()),
        }
    }
}

/// A blocking task that panicked or was dropped counts as a failure of the storage.
fn joined<R>(done: Result<Result<R, StoreError>, tokio::task::JoinError>) -> Result<R, StoreError> {
    done.unwrap_or_else(|error| Err(StoreError::from(std::io::Error::other(error))))
}
