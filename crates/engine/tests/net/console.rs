//! A console reduced to what the link needs: a real database with a replica in it, and a folder of sealed files.

use crate::clinic::Clinic;
use domain::action::{Action, Actor, RegisterClient};
use domain::blob::BlobId;
use domain::bucket::BucketSet;
use domain::id::{ClientId, DeviceId, IncarnationId};
use domain::port::{Clock, Entropy};
use domain::row::Client;
use domain::time::Timestamp;
use engine::net::{Account, Host, HostFailed, Link, LinkStatus};
use replica::{Replica, ReplicaError};
use server::system::OsEntropy;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use store::{Blobs, Key, Options, Store, StoreError};
use sync::console::{OutboxItem, WaitingBlob};
use sync::message::BlobRefusal;
use sync::standing::{Standing, StoreJob, StoreReport};
use uuid::Uuid;
use vault::signature::Purpose;

fn fresh() -> Uuid {
    Uuid::from_bytes(OsEntropy.bytes())
}

/// What the console has on its disk, and what it was told.
pub struct Desk {
    store: Store,
    replica: Mutex<Replica>,
    pub blobs: Blobs,
    pub waiting: Mutex<Vec<WaitingBlob>>,
    pub uploaded: Mutex<Vec<BlobId>>,
    pub statuses: Mutex<Vec<LinkStatus>>,
    /// Lets every question about records fail.
    pub broken: AtomicBool,
    _folder: tempfile::TempDir,
}

type Failed = ReplicaError<StoreError>;

impl Desk {
    pub fn new(device: DeviceId) -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            page_cache_mib: 8,
            readers: 2,
            held: BucketSet::default(),
        };
        let store = Store::open(&folder.path().join("console.db"), &Key::Plain, &options).unwrap();
        let mut replica = Replica::new();
        let life = IncarnationId(fresh());
        store
            .write(|tx| replica.open(tx, device, b"marker", life))
            .unwrap();
        Arc::new(Self {
            store,
            replica: Mutex::new(replica),
            blobs: Blobs::open(&folder.path().join("blobs")).unwrap(),
            waiting: Mutex::default(),
            uploaded: Mutex::default(),
            statuses: Mutex::default(),
            broken: AtomicBool::new(false),
            _folder: folder,
        })
    }

    fn replica(&self) -> Result<MutexGuard<'_, Replica>, HostFailed> {
        if self.broken.load(SeqCst) {
            return Err(HostFailed);
        }
        Ok(self.replica.lock().unwrap())
    }

    /// Whether a client is here, decided by the server or not.
    pub fn knows(&self, client: ClientId) -> bool {
        let found = self.store.read(|tx| tx.get::<Client>(client));
        found.unwrap().is_some()
    }

    /// How many actions wait for a decision.
    pub fn pending(&self) -> usize {
        let mut replica = self.replica.lock().unwrap();
        let waiting = self.store.read(|tx| replica.to_send(tx, 0, 10_000));
        waiting.unwrap().len()
    }

    /// Registers somebody, as the receptionist would.
    pub fn register(&self, clinic: &Clinic) -> ClientId {
        let id = ClientId(fresh());
        let action = Action::from(RegisterClient {
            id,
            name: "Maria Souza".to_owned(),
            social_name: None,
            cpf: None,
            phone: None,
            email: None,
            birth_date: None,
        });
        let person = &clinic.receptionist;
        let actor = Actor {
            staff: person.id,
            at: clinic.clock.now(),
        };
        let sign = |bytes: &[u8]| person.keys.signing.sign(Purpose::Action, bytes);
        let mut replica = self.replica.lock().unwrap();
        self.store
            .write(|tx| {
                replica
                    .enqueue(tx, &action, actor, &sign)
                    .map_err(|error| StoreError::Corrupt(error.to_string()))
            })
            .unwrap();
        id
    }

    /// Makes a sealed file that the server lacks.
    pub fn add_blob(&self, bytes: &[u8]) -> BlobId {
        let blob = vault::stream::blob_id(bytes);
        self.blobs.put(blob, bytes).unwrap();
        let len = bytes.len() as u64;
        self.waiting.lock().unwrap().push(WaitingBlob { blob, len });
        blob
    }
}

impl Host for Desk {
    fn standing(&self) -> Result<Standing, HostFailed> {
        let replica = self.replica()?;
        let standing: Result<_, Failed> = self.store.read(|tx| replica.standing(tx));
        standing.map_err(|_| HostFailed)
    }
    fn run(&self, job: &StoreJob) -> Result<StoreReport, HostFailed> {
        let mut replica = self.replica()?;
        let life = IncarnationId(fresh());
        let done: Result<_, Failed> = self.store.write(|tx| replica.run(tx, job, life));
        done.map(|(report, _)| report).map_err(|_| HostFailed)
    }
    fn outbox_after(&self, position: u64, limit: usize) -> Result<Vec<OutboxItem>, HostFailed> {
        let mut replica = self.replica()?;
        let items: Result<_, Failed> = self.store.read(|tx| replica.to_send(tx, position, limit));
        items.map_err(|_| HostFailed)
    }
    fn outbox_unreadable(&self, position: u64) {
        panic!("entry {position} is an envelope");
    }
    fn blobs_waiting(&self) -> Result<Vec<WaitingBlob>, HostFailed> {
        Ok(self.waiting.lock().unwrap().clone())
    }
    fn blob_part(&self, blob: BlobId, offset: u64, max: usize) -> Result<Vec<u8>, HostFailed> {
        self.blobs.part(blob, offset, max).map_err(|_| HostFailed)
    }
    fn blob_progress(&self, _: BlobId, _: u64) {}
    fn blob_uploaded(&self, blob: BlobId) {
        self.waiting.lock().unwrap().retain(|one| one.blob != blob);
        self.uploaded.lock().unwrap().push(blob);
    }
    fn blob_refused(&self, blob: BlobId, cause: BlobRefusal) {
        panic!("{blob:?} was refused: {cause:?}");
    }
    fn blob_write(&self, blob: BlobId, offset: u64, bytes: &[u8]) -> Result<u64, HostFailed> {
        let written = self.blobs.write_part(blob, offset, bytes);
        written.map_err(|_| HostFailed)
    }
    fn blob_complete(&self, blob: BlobId) {
        self.blobs.accept(blob).unwrap();
    }
    fn blob_missing(&self, blob: BlobId) {
        panic!("{blob:?} is missing on the server");
    }
    fn status_changed(&self, status: &LinkStatus) {
        self.statuses.lock().unwrap().push(*status);
    }
    fn server_time(&self) -> Option<Timestamp> {
        let replica = self.replica().ok()?;
        let progress: Result<_, Failed> = self.store.read(|tx| replica.progress(tx));
        progress.ok()?.server_time
    }
}

/// A console with its link.
pub struct Console {
    pub link: Link,
    pub desk: Arc<Desk>,
}

impl Console {
    /// Starts the link of an account on a fresh database.
    pub fn start(clinic: &Clinic, account: Account) -> Self {
        let desk = Desk::new(account.device);
        Self::start_with(clinic, account, desk)
    }

    /// The same on a database that is there.
    pub fn start_with(clinic: &Clinic, account: Account, desk: Arc<Desk>) -> Self {
        let link = Link::start(
            clinic.runtime.handle(),
            account,
            Arc::clone(&desk) as Arc<dyn Host>,
            Arc::new(OsEntropy),
        );
        Self { link, desk }
    }

    /// Registers somebody and tells the link.
    pub fn register(&self, clinic: &Clinic) -> ClientId {
        let id = self.desk.register(clinic);
        self.link.outbox_changed();
        id
    }

    pub fn is_synced(&self) -> bool {
        self.link.status().synced
    }
}
