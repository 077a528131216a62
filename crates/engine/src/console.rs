//! The open console: its database, pictures, outbox, caches, seat and link.

use crate::caches::Caches;
use crate::config::Config;
use crate::core::Core;
use crate::error::AppError;
use crate::events::{Events, MOST_CLIENTS};
use crate::net::{Host, Link};
use crate::photos::Imports;
use crate::record::ConsoleRecord;
use crate::session::{Seat, SeatView, Session};
use crate::view::app::Phase;
use crate::view::event::EngineEvent;
use domain::codec;
use domain::id::{IncarnationId, StaffId};
use domain::role::Permission;
use domain::row::{ClinicProfile, Row, RowKey, Staff, Table};
use domain::store_port::{ReplicaStore as _, RowStore as _};
use domain::time::{ClinicZone, Day, Timestamp};
use monitor::{Area, Recorder};
use replica::{Replica, Report};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::audit::Entry;
use store::{Blobs, Store, StoreError, Tx};
use sync::standing::StoreJob;
use vault::key::DatabaseKey;
use vault::slots::KeySlots;

/// State that says that a first snapshot was complete once.
pub(crate) const FILLED: &str = "filled";
/// State that says when the server last receipted an action.
pub(crate) const LAST_RECEIPT: &str = "last_receipt_at";

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
    /// Threads that read this console's data; joined before the process may end.
    threads: Mutex<Vec<JoinHandle<()>>>,
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
            threads: Mutex::new(Vec::new()),
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

    /// Keeps a thread until it has ended: an encrypted database must not be closed by a process that is ending around it.
    pub(crate) fn keep_thread(&self, thread: JoinHandle<()>) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
    }

    /// Stops what runs in the background. Data are safe at any moment.
    pub(crate) fn close(&self) {
        // Nobody is at work any more, which also ends what works for them.
        self.seat.leave();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A panic was logged when it happened.
            let _ = thread.join();
        }
        self.imports.stop();
        if let Some(link) = self.link() {
            link.stop();
        }
        if let Err(error) = self.store.checkpoint() {
            tracing::warn!(%error, "the log was not written into the database; the next start does it");
        }
    }

    /// Takes down whether the link stands and the data are complete; true when that has just come about.
    pub(crate) fn came_online(&self, online: bool) -> bool {
        !self.online.swap(online, SeqCst) && online
    }

    /// What a storage job of the link brought.
    pub(crate) fn after_job(&self, job: &StoreJob, report: &Report) {
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

/// When the server last receipted an action of this console.
pub(crate) fn last_receipt(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    match tx.state(LAST_RECEIPT)? {
        Some(bytes) => Ok(Some(codec::decode(&bytes)?)),
        None => Ok(None),
    }
}
