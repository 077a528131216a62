//! The open console: its database, pictures, outbox, caches, seat and link, and what the link asks of them.

use crate::caches::Caches;
use crate::config::Config;
use crate::core::Core;
use crate::error::AppError;
use crate::events::{Events, MOST_CLIENTS};
use crate::net::{Account, Host, HostFailed, Link, LinkState, LinkStatus, Server};
use crate::photos::Imports;
use crate::session::{Seat, SeatView, Session};
use crate::view::app::Phase;
use crate::view::event::EngineEvent;
use domain::bucket::DeviceProfile;
use domain::codec;
use domain::id::{ClinicId, DeviceId, IncarnationId, StaffId};
use domain::role::Permission;
use domain::row::{ClinicProfile, Row, RowKey, Staff, Table};
use domain::store_port::{ReplicaStore as _, RowStore as _};
use domain::time::{ClinicZone, Day, Timestamp};
use monitor::{Area, Recorder};
use replica::{Replica, Report};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};
use store::audit::Entry;
use store::{Blobs, Store, StoreError, Tx};
use sync::console::{OutboxItem, WaitingBlob};
use sync::message::BlobRefusal;
use sync::standing::{Standing, StoreJob, StoreReport};
use vault::VaultError;
use vault::key::DatabaseKey;
use vault::signature::SigningKey;
use vault::slots::KeySlots;

/// State under which the console's own record is kept in its database.
const RECORD: &str = "console";
/// State that says that a first snapshot was complete once.
const FILLED: &str = "filled";
/// State that says when the server last receipted an action.
const LAST_RECEIPT: &str = "last_receipt_at";
/// Files handed to the link's queue at most.
const MOST_WAITING_BLOBS: usize = 512;

/// Who this console is, as enrolment made it. Kept in its encrypted database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ConsoleRecord {
    /// The server's address and pin.
    pub(crate) server: Server,
    /// The device's identity.
    pub(crate) device: DeviceId,
    /// Its private signing key (32 bytes).
    #[serde(with = "serde_bytes")]
    pub(crate) key: Vec<u8>,
    /// What the console is called.
    pub(crate) name: String,
    /// What it may hold.
    pub(crate) profile: DeviceProfile,
    /// The clinic.
    pub(crate) clinic: ClinicId,
}

impl ConsoleRecord {
    /// Reads the record of a database; `None` when enrolment was never finished.
    pub(crate) fn load(store: &Store) -> Result<Option<Self>, AppError> {
        let bytes = store.read(|tx| tx.state(RECORD))?;
        bytes
            .map(|bytes| codec::decode(&bytes).map_err(|error| StoreError::from(error).into()))
            .transpose()
    }

    /// Keeps the record.
    pub(crate) fn save(&self, store: &Store) -> Result<(), AppError> {
        Ok(store.write(|tx| tx.state_put(RECORD, &codec::encode(self)))?)
    }

    /// Who the console is to its server.
    pub(crate) fn account(&self) -> Result<Account, VaultError> {
        Ok(Account {
            server: self.server.clone(),
            device: self.device,
            key: SigningKey::from_bytes(&self.key)?,
        })
    }
}

/// The clinic with its zone at hand.
#[derive(Clone)]
pub(crate) struct Clinic {
    pub(crate) profile: ClinicProfile,
    pub(crate) zone: ClinicZone,
}

/// The open console.
pub(crate) struct Console {
    /// Itself, for work handed to other threads.
    pub(crate) me: Weak<Self>,
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) caches: Caches,
    pub(crate) recorder: Recorder,
    pub(crate) imports: Imports,
    pub(crate) events: Events,
    pub(crate) slots: Mutex<KeySlots>,
    pub(crate) replica: Mutex<Replica>,
    key: DatabaseKey,
    pseudonyms: DatabaseKey,
    fingerprints: DatabaseKey,
    record: ConsoleRecord,
    seat: Seat,
    clinic: RwLock<Option<Arc<Clinic>>>,
    link: OnceLock<Link>,
    filled: AtomicBool,
    /// Whether the link stands and the data are complete.
    online: AtomicBool,
    filling_rows: AtomicU64,
    telling_sync: AtomicBool,
    /// When actions were committed whose receipt has not come.
    committed: Mutex<HashMap<u64, Instant>>,
}

impl Console {
    /// Puts an open database to work and begins to talk to the server.
    pub(crate) fn open(
        core: &Core,
        recorder: Recorder,
        store: Store,
        slots: KeySlots,
        key: &DatabaseKey,
        record: ConsoleRecord,
    ) -> Result<Arc<Self>, AppError> {
        let config = core.config.clone();
        let marker = core.files.marker(&*config.entropy)?;
        let fresh = IncarnationId::make(&*config.clock, &*config.entropy);
        let mut replica = Replica::new();
        store.write(|tx| replica.open(tx, record.device, &marker, fresh))?;
        let filled = store.read(|tx| tx.state(FILLED))?.is_some();
        let blobs = Blobs::open(&core.files.blobs())?;
        let account = record.account()?;
        let imports = Imports::open(&store)?;
        let console = Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            seat: Seat::new(Duration::from_secs(
                u64::from(config.preset.idle_lock_minutes) * 60,
            )),
            caches: Caches::new(&config.preset),
            imports,
            events: core.events.clone(),
            slots: Mutex::new(slots),
            replica: Mutex::new(replica),
            key: key.duplicate(),
            pseudonyms: key.derive("audit pseudonyms"),
            fingerprints: key.derive("photo fingerprints"),
            clinic: RwLock::new(None),
            link: OnceLock::new(),
            filled: AtomicBool::new(filled),
            online: AtomicBool::new(false),
            filling_rows: AtomicU64::new(0),
            telling_sync: AtomicBool::new(false),
            committed: Mutex::new(HashMap::new()),
            config,
            store,
            blobs,
            recorder,
            record,
        });
        console.listen();
        let host: Arc<dyn Host> = Arc::clone(&console) as Arc<dyn Host>;
        let link = Link::start(
            core.runtime.handle(),
            account,
            host,
            Arc::clone(&console.config.entropy),
        );
        // Nobody else sets it: the console was made three statements ago.
        let _ = console.link.set(link);
        Ok(console)
    }

    /// Follows the commits of the store.
    fn listen(&self) {
        let me = Weak::clone(&self.me);
        self.store.on_commit(move |keys| {
            let Some(me) = me.upgrade() else { return };
            if keys.iter().any(|key| key.table == Table::ClinicProfile) {
                *me.clinic.write().unwrap_or_else(PoisonError::into_inner) = None;
            }
            me.events.committed(keys);
            if keys.iter().any(|key| key.table == Table::Staff) {
                me.check_occupant();
            }
        });
        let me = Weak::clone(&self.me);
        self.events.ask(move |keys| me.upgrade()?.clients_of(keys));
    }

    /// The person at work may have been taken off the staff, or given other roles.
    fn check_occupant(&self) {
        let Some(occupant) = self.seat.occupant() else {
            return;
        };
        let me = Weak::clone(&self.me);
        // Off the writer's thread, which still holds the writer.
        self.events.defer(move || {
            let me = me.upgrade()?;
            let now = me.store.read(|tx| tx.get::<Staff>(occupant)).ok()??;
            let same = me
                .seat
                .session()
                .is_none_or(|session| session.staff().roles == now.roles);
            if now.active && same {
                return None;
            }
            me.seat.expel(occupant).then(|| {
                me.caches.clear_all();
                EngineEvent::Phase
            })
        });
    }

    /// The clients that rows are about; `None` when they are too many to name or not all can be told.
    fn clients_of(&self, keys: &BTreeSet<RowKey>) -> Option<BTreeSet<String>> {
        if keys.len() > MOST_CLIENTS {
            return None;
        }
        let rows = self.store.read(|tx| {
            keys.iter()
                .map(|key| tx.row(key))
                .collect::<Result<Vec<_>, StoreError>>()
        });
        let mut clients = BTreeSet::new();
        for row in rows.ok()? {
            // A row that is gone cannot tell whose it was.
            clients.extend(client_of(&row?));
        }
        Some(clients)
    }

    pub(crate) fn record(&self) -> &ConsoleRecord {
        &self.record
    }

    /// The database's key, for a new key slot.
    pub(crate) fn key(&self) -> &DatabaseKey {
        &self.key
    }

    pub(crate) fn seat(&self) -> &Seat {
        &self.seat
    }

    /// The link; it is there from the end of [`Console::open`] on.
    pub(crate) fn link(&self) -> Option<&Link> {
        self.link.get()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.config.clock.now()
    }

    /// The clinic's own data; `None` before they have arrived.
    pub(crate) fn clinic(&self) -> Result<Option<Arc<Clinic>>, AppError> {
        if let Some(clinic) = &*self.clinic.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Some(Arc::clone(clinic)));
        }
        let Some(profile) = self.store.read(|tx| tx.clinic())? else {
            return Ok(None);
        };
        let zone = ClinicZone::named(&profile.zone).unwrap_or_else(ClinicZone::sao_paulo);
        let clinic = Arc::new(Clinic { profile, zone });
        *self.clinic.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&clinic));
        Ok(Some(clinic))
    }

    /// The clinic's own data, where somebody is at work and so they have arrived.
    pub(crate) fn the_clinic(&self) -> Result<Arc<Clinic>, AppError> {
        self.clinic()?.ok_or_else(|| AppError::not_found("clinic"))
    }

    /// Today in the clinic's zone.
    pub(crate) fn today(&self, clinic: &Clinic) -> Day {
        clinic.zone.day(self.now())
    }

    /// Reads and measures the query under its name.
    pub(crate) fn read<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, AppError> {
        let begun = Instant::now();
        let answer = self.store.read(work);
        self.recorder
            .record(Area::Query, name, begun.elapsed(), answer.is_ok());
        Ok(answer?)
    }

    /// The replica's hand. Taken before a transaction is begun, never inside one: so its index always describes the
    /// database, and nobody waits in a circle.
    pub(crate) fn replica(&self) -> MutexGuard<'_, Replica> {
        self.replica.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A keyed name for the audit trail, so that erasure never breaks its chain.
    pub(crate) fn pseudonym(&self, id: &[u8]) -> [u8; 32] {
        self.pseudonyms.fingerprint(id)
    }

    /// Tells equal picture files apart from different ones without telling what they are.
    pub(crate) fn fingerprint(&self, file: &[u8]) -> [u8; 32] {
        self.fingerprints.fingerprint(file)
    }

    /// Remembers that somebody looked at something.
    pub(crate) fn audit(
        &self,
        actor: StaffId,
        what: &str,
        subject: Option<&[u8]>,
    ) -> Result<(), AppError> {
        let subject = subject.map(|id| self.pseudonym(id));
        Ok(self.store.write(|tx| {
            tx.audit(&Entry {
                at: self.now(),
                actor: Some(actor),
                what,
                subject: subject.as_ref().map(<[u8; 32]>::as_slice),
                evidence: None,
            })
        })?)
    }

    /// Remembers a refused attempt. The refusal stands whether or not it can be remembered.
    pub(crate) fn audit_denial(&self, session: &Session, needed: Permission) {
        let what = format!("denied {needed:?}");
        if let Err(error) = self.audit(session.staff().id, &what, None) {
            tracing::error!(code = %error.code, "a refused attempt was not remembered");
        }
    }

    /// Everything that must go when the console is locked, besides the session itself.
    pub(crate) fn locked(&self) {
        self.caches.clear_all();
        self.tell_sync();
    }

    /// Which of its phases the console is in.
    pub(crate) fn phase(&self) -> Result<Phase, AppError> {
        if !self
            .slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recovery_tested()
        {
            return Ok(Phase::NeedsRecoveryTest);
        }
        if !self.filled.load(SeqCst) {
            let rows = self.filling_rows.load(SeqCst);
            let expected = self.link().and_then(|link| link.status().snapshot_rows);
            return Ok(Phase::Filling {
                rows: u32::try_from(rows).unwrap_or(u32::MAX),
                expected: expected
                    .map(|expected| u32::try_from(expected.max(rows)).unwrap_or(u32::MAX)),
            });
        }
        let now = self.now();
        Ok(match self.seat.view(now) {
            SeatView::Nobody => Phase::SignedOut,
            SeatView::Away {
                staff,
                pin,
                attempts_left,
            } => Phase::Locked {
                staff: self.tile(&staff, false, now),
                pin,
                attempts_left,
            },
            SeatView::AtWork { session, pin_set } => Phase::SignedIn {
                session: self.session_view(&session, pin_set, now),
            },
        })
    }

    /// Notes when an action was committed, for the time to its receipt.
    pub(crate) fn note_committed(&self, position: u64) {
        self.committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(position, Instant::now());
    }

    /// Tells the window of the state of sync, once for changes that come quickly one after another.
    pub(crate) fn tell_sync(&self) {
        let Some(me) = self.me.upgrade() else { return };
        if self.telling_sync.swap(true, SeqCst) {
            return;
        }
        self.events.defer(move || {
            me.telling_sync.store(false, SeqCst);
            match me.sync_view() {
                Ok(sync) => Some(EngineEvent::Sync { sync }),
                Err(error) => {
                    tracing::warn!(code = %error.code, "the state of sync cannot be read");
                    None
                }
            }
        });
    }

    /// Stops what runs in the background. Data are safe at any moment.
    pub(crate) fn close(&self) {
        self.imports.stop();
        if let Some(link) = self.link() {
            link.stop();
        }
        if let Err(error) = self.store.checkpoint() {
            tracing::warn!(%error, "the log was not written into the database; the next start does it");
        }
    }

    /// What a storage job of the link brought.
    fn after_job(&self, job: &StoreJob, report: &Report) {
        let mut committed = self
            .committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for position in &report.done {
            if let Some(at) = committed.remove(position) {
                self.recorder
                    .record(Area::Sync, "receipt", at.elapsed(), true);
            }
        }
        for (position, _) in &report.parked {
            committed.remove(position);
        }
        drop(committed);
        let filling = !self.filled.load(SeqCst);
        let told = match job {
            StoreJob::SnapshotPage { rows, .. } => {
                self.filling_rows.fetch_add(rows.len() as u64, SeqCst);
                filling
            }
            StoreJob::SnapshotFinish { .. } => !self.filled.swap(true, SeqCst),
            _ => false,
        };
        if told {
            self.events.send(EngineEvent::Phase);
        }
    }
}

fn client_of(row: &Row) -> Option<String> {
    let client = match row {
        Row::Client(row) => row.id,
        Row::Alert(row) => row.client,
        Row::Consent(row) => row.client,
        Row::Appointment(row) => row.client,
        Row::ClientKeyGrant(row) => row.client,
        Row::Encounter(row) => row.client,
        Row::Photo(row) => row.client,
        Row::LotUse(row) => row.client,
        Row::Payment(row) => row.client,
        _ => return None,
    };
    Some(client.to_string())
}

fn failed(what: &'static str) -> impl FnOnce(&dyn std::error::Error) -> HostFailed {
    move |error| {
        tracing::error!(%error, what, "the console's storage failed");
        HostFailed
    }
}

impl Host for Console {
    fn standing(&self) -> Result<Standing, HostFailed> {
        let replica = self.replica();
        self.store
            .read(|tx| replica.standing(tx))
            .map_err(|error| failed("standing")(&error))
    }

    fn run(&self, job: &StoreJob) -> Result<StoreReport, HostFailed> {
        let fresh = IncarnationId::make(&*self.config.clock, &*self.config.entropy);
        let now = self.now();
        let begun = Instant::now();
        let mut replica = self.replica();
        let done = self.store.write(|tx| {
            let (answer, report) = replica.run(tx, job, fresh)?;
            if !report.done.is_empty() {
                tx.state_put(LAST_RECEIPT, &codec::encode(&now))?;
            }
            if matches!(job, StoreJob::SnapshotFinish { .. }) {
                tx.state_put(FILLED, &[1])?;
            }
            Ok::<_, replica::ReplicaError<StoreError>>((answer, report))
        });
        drop(replica);
        self.recorder
            .record(Area::Sync, job_name(job), begun.elapsed(), done.is_ok());
        let (answer, report) = done.map_err(|error| failed("storage job")(&error))?;
        self.after_job(job, &report);
        Ok(answer)
    }

    fn outbox_after(&self, position: u64, limit: usize) -> Result<Vec<OutboxItem>, HostFailed> {
        let mut replica = self.replica();
        self.store
            .read(|tx| replica.to_send(tx, position, limit))
            .map_err(|error| failed("outbox")(&error))
    }

    fn outbox_unreadable(&self, position: u64) {
        tracing::error!(position, "an outbox entry cannot be read and is not sent");
        self.tell_sync();
    }

    fn blobs_waiting(&self) -> Result<Vec<WaitingBlob>, HostFailed> {
        self.store
            .read(|tx| replica::upload::waiting(tx, MOST_WAITING_BLOBS))
            .map_err(|error| failed("waiting pictures")(&error))
    }

    fn blob_part(
        &self,
        blob: domain::blob::BlobId,
        offset: u64,
        max: usize,
    ) -> Result<Vec<u8>, HostFailed> {
        self.blobs
            .part(blob, offset, max)
            .map_err(|error| failed("sealed picture")(&error))
    }

    fn blob_progress(&self, blob: domain::blob::BlobId, sent: u64) {
        if let Err(error) = self.store.write(|tx| tx.set_blob_sent(blob, sent)) {
            tracing::warn!(%error, "the progress of an upload was not kept");
        }
        self.tell_sync();
    }

    fn blob_uploaded(&self, blob: domain::blob::BlobId) {
        let now = self.now();
        // Until it is kept, the file is offered again after the next connection and answered at once.
        if let Err(error) = self.store.write(|tx| tx.set_blob_uploaded(blob, now)) {
            tracing::warn!(%error, "the receipt of a picture was not kept");
        }
        self.tell_sync();
    }

    fn blob_refused(&self, blob: domain::blob::BlobId, cause: BlobRefusal) {
        tracing::error!(%blob, ?cause, "the server does not take a sealed picture");
        self.recorder.count_failure("photo_refused");
    }

    fn blob_write(
        &self,
        blob: domain::blob::BlobId,
        offset: u64,
        bytes: &[u8],
    ) -> Result<u64, HostFailed> {
        self.blobs
            .write_part(blob, offset, bytes)
            .map_err(|error| failed("arriving picture")(&error))
    }

    fn blob_complete(&self, blob: domain::blob::BlobId) {
        match self.blobs.accept(blob) {
            Ok(()) => self.imports.arrived(blob),
            Err(error) => {
                tracing::warn!(%error, "an arriving picture was damaged and is fetched again");
                self.recorder.count_failure("photo_damaged");
                if let Some(link) = self.link() {
                    link.want_blob(blob, 0);
                }
            }
        }
    }

    fn blob_missing(&self, blob: domain::blob::BlobId) {
        self.imports.missing(blob);
    }

    fn status_changed(&self, status: &LinkStatus) {
        let online = status.connection == LinkState::Online && !status.filling;
        if online && !self.online.swap(true, SeqCst) {
            self.prefetch_photos();
        } else if !online {
            self.online.store(false, SeqCst);
        }
        self.tell_sync();
    }

    fn server_time(&self) -> Option<Timestamp> {
        let replica = self.replica();
        self.store
            .read(|tx| replica.progress(tx))
            .ok()
            .and_then(|progress| progress.server_time)
    }
}

/// When the server last receipted an action of this console.
pub(crate) fn last_receipt(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    match tx.state(LAST_RECEIPT)? {
        Some(bytes) => Ok(Some(codec::decode(&bytes)?)),
        None => Ok(None),
    }
}

fn job_name(job: &StoreJob) -> &'static str {
    match job {
        StoreJob::Adopt { .. } => "adopt",
        StoreJob::Apply(_) => "apply",
        StoreJob::SnapshotReset { .. } => "snapshot_reset",
        StoreJob::SnapshotPage { .. } => "snapshot_page",
        StoreJob::SnapshotFinish { .. } => "snapshot_finish",
        StoreJob::Fork(_) => "fork",
    }
}
