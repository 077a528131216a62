//! Starting and stopping the server.

use crate::admin::{self, AdminError};
use crate::app::{App, Limits};
use crate::authority::writer::{Bench, Writer};
use crate::blobs::BlobFolder;
use crate::data::{DataDir, Serving};
use crate::hub::Hub;
use crate::hub::changes::Shared;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::system::{OsEntropy, SystemClock};
use crate::tls::{Identity, TlsError};
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use domain::id::ClinicId;
use domain::port::{Clock, Entropy};
use domain::read::{Answer, Read};
use domain::row::Row;
use domain::store_port::{AuthorityStore, ReplicaStore as _, RowStore};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{Store, StoreError};
use sync::message::{EpochId, RefusalCause};
use tokio::task::JoinHandle;
use vault::token::TokenKey;

/// How often the server looks for devices that another process has revoked, and for rows it has written.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// What a server starts with.
#[derive(Clone)]
pub struct Config {
    /// The clinic's folder.
    pub data: DataDir,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The values.
    pub settings: Settings,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub entropy: Arc<dyn Entropy>,
}

impl Config {
    /// With the operating system's clock and random numbers.
    pub fn new(data: DataDir, listen: SocketAddr, settings: Settings) -> Self {
        Self {
            data,
            listen,
            settings,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        }
    }
}

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Folder, key or database.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The database holds no clinic.
    #[error("the database holds no clinic; create one with `clinic-server init`")]
    NoClinic,
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address.
    #[error("cannot listen on {listen}: {cause}")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Anything else of the system.
    #[error("the server could not start: {0}")]
    System(#[from] std::io::Error),
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Admin(error.into())
    }
}

/// The clinic server.
pub struct Server;

/// A server that runs until [`Running::stop`].
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// SHA-256 of its certificate in hexadecimal.
    pub certificate_pin: String,
    app: Arc<App>,
    handle: Handle<SocketAddr>,
    serving: JoinHandle<std::io::Result<()>>,
    watching: JoinHandle<()>,
}

impl Server {
    /// Opens the clinic and listens. Returns once connections are accepted.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        let listen = config.listen;
        let data = config.data.clone();
        // Opening derives nothing but checks every page's first use; keep it off the async threads all the same.
        let opened = tokio::task::spawn_blocking(move || open(config))
            .await
            .map_err(std::io::Error::other)?;
        let (app, identity) = opened?;
        let failed = |cause| StartError::Listen { listen, cause };
        let listener = std::net::TcpListener::bind(listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let certificate_pin = identity.pin().to_string();
        data.write_serving(&Serving {
            address: address.to_string(),
            certificate_pin: certificate_pin.clone(),
            process: std::process::id(),
        })
        .map_err(AdminError::from)?;
        let handle = Handle::new();
        let tls = RustlsConfig::from_config(identity.server_config()?);
        // A receipt is a small frame that must not wait for the acknowledgement of the one before it.
        let acceptor = RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor::new());
        let service = crate::http::router(Arc::clone(&app))
            .into_make_service_with_connect_info::<SocketAddr>();
        let server = axum_server::from_tcp(listener)?
            .acceptor(acceptor)
            .handle(handle.clone());
        let serving = tokio::spawn(server.serve(service));
        let watching = tokio::spawn(watch(Arc::clone(&app)));
        tracing::info!(%address, "serving");
        Ok(Running {
            address,
            certificate_pin,
            app,
            handle,
            serving,
            watching,
        })
    }
}

impl Running {
    /// Stops taking connections, tells those that are there, waits for what was begun, and closes the database.
    pub async fn stop(self) {
        let drain = Duration::from_secs(self.app.settings.drain_seconds);
        self.watching.abort();
        self.app.hub.end_all(RefusalCause::Draining);
        self.handle.graceful_shutdown(Some(drain));
        if tokio::time::timeout(drain, self.app.hub.empty())
            .await
            .is_err()
        {
            tracing::warn!("some connections did not end in time");
        }
        self.handle.shutdown();
        if let Ok(Err(error)) = self.serving.await {
            tracing::error!(%error, "the listener failed");
        }
        let app = Arc::clone(&self.app);
        let stopped = tokio::task::spawn_blocking(move || app.writer.stop()).await;
        if stopped.is_err() {
            tracing::error!("the writer did not stop");
        }
        self.app.data.remove_serving();
        tracing::info!("stopped");
    }
}

fn open(config: Config) -> Result<(Arc<App>, Identity), StartError> {
    let store = admin::open_store(&config.data)?;
    let identity = Identity::read(&config.data)?;
    let (clinic, head) = store.read(|tx| Ok::<_, StoreError>((clinic_of(tx)?, tx.head()?)))?;
    let clinic = clinic.ok_or(StartError::NoClinic)?;
    let (epoch, tokens) = life_of(&store, &*config.entropy)?;
    let metrics = Arc::new(Metrics::default());
    let hub = Arc::new(Hub::new(config.settings.connections, head));
    let writer = Writer::start(Bench {
        store: store.clone(),
        hub: Arc::clone(&hub),
        metrics: Arc::clone(&metrics),
        clock: Arc::clone(&config.clock),
        most: usize::try_from(config.settings.actions_per_commit).unwrap_or(usize::MAX),
    })?;
    let app = App {
        blobs: BlobFolder::open(config.data.blobs(), config.settings.blob_bytes)?,
        limits: Limits::new(&config.settings),
        data: config.data,
        settings: config.settings,
        clock: config.clock,
        entropy: config.entropy,
        store,
        clinic,
        epoch,
        tokens,
        nonces: crate::http::token::Nonces::default(),
        writer,
        hub,
        changes: Shared::default(),
        metrics,
    };
    Ok((Arc::new(app), identity))
}

fn clinic_of<S: RowStore>(tx: &mut S) -> Result<Option<ClinicId>, S::Error> {
    Ok(match tx.read(&Read::Clinic)? {
        Answer::Known(rows) => rows.first().and_then(|row| match row {
            Row::ClinicProfile(clinic) => Some(clinic.id),
            _ => None,
        }),
        Answer::Absent | Answer::NotHeld => None,
    })
}

/// The epoch and the token key: made on the first start, kept in the encrypted database. A restore replaces both.
fn life_of(store: &Store, entropy: &dyn Entropy) -> Result<(EpochId, TokenKey), StoreError> {
    store.write(|tx| {
        let mut kept = |name: &str, fresh: Vec<u8>| -> Result<Vec<u8>, StoreError> {
            if let Some(value) = tx.state(name)? {
                return Ok(value);
            }
            tx.state_put(name, &fresh)?;
            Ok(fresh)
        };
        let mut random = [0_u8; 16];
        entropy.fill(&mut random);
        let epoch = kept("epoch", random.to_vec())?;
        let tokens = kept("token_key", TokenKey::make(entropy).to_bytes().to_vec())?;
        let malformed = || StoreError::Corrupt("the server's own keys".to_owned());
        Ok((
            EpochId(epoch.try_into().map_err(|_| malformed())?),
            TokenKey::from_bytes(&tokens).map_err(|_| malformed())?,
        ))
    })
}

/// Notices what other processes did to the database: revoked devices end, new rows wake everybody.
async fn watch(app: Arc<App>) {
    loop {
        tokio::time::sleep(WATCH_EVERY).await;
        match app.read_head().await {
            Ok(head) => app.hub.announce(head),
            Err(error) => tracing::error!(%error, "the storage failed"),
        }
        let connected = app.hub.devices();
        let revoked = app
            .read(move |tx| {
                let mut revoked = Vec::new();
                for id in connected {
                    let gone = tx
                        .device(id)?
                        .is_none_or(|device| device.revoked_at.is_some());
                    if gone {
                        revoked.push(id);
                    }
                }
                Ok(revoked)
            })
            .await;
        match revoked {
            Ok(revoked) => {
                for device in revoked {
                    tracing::info!(%device, "revoked");
                    app.hub.end_device(device, RefusalCause::DeviceRevoked);
                }
            }
            Err(error) => tracing::error!(%error, "the storage failed"),
        }
    }
}
