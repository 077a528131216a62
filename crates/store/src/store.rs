//! Opening the database and running transactions: one writer, a small pool of readers.

use crate::{HELD, Options, StoreError, Tx, migrate};
use domain::bucket::BucketSet;
use domain::codec;
use domain::row::RowKey;
use domain::store_port::ReplicaStore as _;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use vault::key::DatabaseKey;

type Listener = Box<dyn Fn(&[RowKey]) + Send + Sync>;

/// The key a database is opened with.
pub enum Key<'a> {
    /// Encrypted by SQLCipher under this key.
    Cipher(&'a DatabaseKey),
    /// Not encrypted. For conformance tests and comparisons only: nothing a clinic runs opens one.
    Plain,
}

impl Key<'_> {
    fn duplicate(&self) -> OwnedKey {
        match self {
            Self::Cipher(key) => OwnedKey::Cipher(key.duplicate()),
            Self::Plain => OwnedKey::Plain,
        }
    }
}

enum OwnedKey {
    Cipher(DatabaseKey),
    Plain,
}

/// Makes reader connections for the pool. A reader is a file that is open: nothing about it can go stale, so a check-out
/// runs no test query.
struct Readers {
    path: PathBuf,
    key: OwnedKey,
    cache_kib: u32,
}

impl r2d2::ManageConnection for Readers {
    type Connection = Connection;
    type Error = StoreError;

    fn connect(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        prepare(&connection, &self.key, self.cache_kib)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn is_valid(&self, _: &mut Connection) -> Result<(), StoreError> {
        Ok(())
    }

    fn has_broken(&self, _: &mut Connection) -> bool {
        false
    }
}

/// One connection is keyed at a time: SQLCipher sets itself up with the first keys of a process, and a right key was once
/// refused while four threads did so at the same moment.
static KEYING: Mutex<()> = Mutex::new(());

/// Settings of every connection. The key comes first: nothing can be read before it.
fn prepare(connection: &Connection, key: &OwnedKey, cache_kib: u32) -> Result<(), StoreError> {
    let turn = KEYING.lock().unwrap_or_else(PoisonError::into_inner);
    if let OwnedKey::Cipher(key) = key {
        let raw = key.to_sqlcipher_raw();
        // Exposed to hand it to SQLCipher, which keeps its own copy for the connection's life.
        connection.pragma_update(None, "key", raw.expose())?;
        // Locking every page of key-derived memory makes everything 5 to 12 times slower; the key itself is in this
        // process anyway.
        connection.pragma_update(None, "cipher_memory_security", false)?;
    }
    connection.busy_timeout(Duration::from_secs(10))?;
    // The first read decides whether the key fits.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    drop(turn);
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// The encrypted database of a console or a server. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: r2d2::Pool<Readers>,
    held: RwLock<BucketSet>,
    generation: AtomicU64,
    listeners: RwLock<Vec<Listener>>,
}

impl Store {
    /// Opens the database at `path`, making or migrating it as needed. A file that does not open is left untouched.
    pub fn open(path: &Path, key: &Key<'_>, options: &Options) -> Result<Self, StoreError> {
        check_sqlite_version()?;
        // The budget is shared: half for the writer, which also answers most reads of a rebase, half for the readers.
        let kib = options.page_cache_mib * 1024;
        let writer = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        let owned = key.duplicate();
        prepare(&writer, &owned, kib / 3)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // FULL: what a person was told is saved survives a power cut.
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "secure_delete", true)?;
        writer.pragma_update(None, "foreign_keys", true)?;
        migrate::run(&writer)?;
        let readers = r2d2::Pool::builder()
            .max_size(options.readers.max(1))
            // All are opened now and kept: a connection that the pool opens or closes in the background may still be
            // at work in the cipher library while the process ends and the library takes itself down.
            .max_lifetime(None)
            .idle_timeout(None)
            .test_on_check_out(false)
            .connection_timeout(Duration::from_secs(10))
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build(Readers {
                path: path.to_owned(),
                key: owned,
                cache_kib: kib * 2 / 3 / options.readers.max(1),
            })
            .map_err(|_| StoreError::NoReader)?;
        let held = Tx::new(&writer, options.held).state(HELD)?;
        let held = held.map_or(Ok(options.held), |bytes| codec::decode(&bytes))?;
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                writer: Mutex::new(writer),
                readers,
                held: RwLock::new(held),
                generation: AtomicU64::new(1),
                listeners: RwLock::new(Vec::new()),
            }),
        })
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// What this store may hold.
    pub fn held(&self) -> BucketSet {
        *self
            .inner
            .held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts commits. Whoever loads something to keep it takes the number *before* reading: a load begun before a commit
    /// then carries a number that is no longer current, because the writer counts up before it returns.
    pub fn generation(&self) -> u64 {
        self.inner.generation.load(SeqCst)
    }

    /// Calls `listener` with the changed rows after every commit that changed any, before the writer returns.
    pub fn on_commit(&self, listener: impl Fn(&[RowKey]) + Send + Sync + 'static) {
        self.inner
            .listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Box::new(listener));
    }

    /// Runs `work` on a consistent snapshot. Nothing is written.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut reader = self.inner.readers.get().map_err(|_| StoreError::NoReader)?;
        let held = self.held();
        let sql = reader.transaction().map_err(StoreError::from)?;
        // Dropping the transaction rolls it back, which for a reader only ends the snapshot.
        work(&mut Tx::new(&sql, held))
    }

    /// Runs `work` and commits, or rolls everything back when it fails.
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = self.writer();
        let held = self.held();
        let sql = writer
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let mut tx = Tx::new(&sql, held);
        let result = work(&mut tx)?;
        tx.checksums.store(&sql)?;
        let (now_held, mut changed) = (tx.held, std::mem::take(&mut tx.changed));
        drop(tx);
        sql.commit().map_err(StoreError::from)?;
        *self
            .inner
            .held
            .write()
            .unwrap_or_else(PoisonError::into_inner) = now_held;
        self.inner.generation.fetch_add(1, SeqCst);
        changed.sort_unstable();
        changed.dedup();
        if !changed.is_empty() {
            for listener in self
                .inner
                .listeners
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
            {
                listener(&changed);
            }
        }
        Ok(result)
    }

    /// Writes everything from the log into the database file and empties the log, so that nothing erased stays in it.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let writer = self.writer();
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        // A panic inside `work` rolled its transaction back; the connection itself is sound.
        self.inner
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_sqlite_version() -> Result<(), StoreError> {
    if rusqlite::version_number() < 3_051_003 {
        return Err(StoreError::OldSqlite(rusqlite::version().to_owned()));
    }
    Ok(())
}
