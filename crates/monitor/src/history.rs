//! The history: an encrypted database of its own.

use crate::interval::{Interval, Resolution, coarser};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use vault::key::DatabaseKey;

const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_history.sql")];

/// Why the history could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The key does not fit, or the file is no database any more; both look the same. The file is left as it is.
    #[error(
        "the measurements do not open with this key; the file was left untouched. Move it away to begin a new one"
    )]
    WrongKey,
    /// A newer version of the app has written it.
    #[error(
        "the measurements have version {found} and this app knows {known}; install the newer app. Nothing was changed"
    )]
    NewerSchema {
        /// Version of the file.
        found: u32,
        /// Newest version this build knows.
        known: u32,
    },
    /// The disk is full.
    #[error("the disk is full, so this second's measurements were not kept; free some space")]
    DiskFull,
    /// A stored interval cannot be read.
    #[error(
        "the measurements of the interval {at} are damaged ({cause}); move the file away to begin a new one"
    )]
    Damaged {
        /// Begin of the interval in milliseconds since the Unix epoch.
        at: i64,
        /// What does not fit.
        cause: String,
    },
    /// Anything else the database said.
    #[error("the measurements' database refused: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::WrongKey,
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Sqlite(error),
        }
    }
}

/// The database of measurements.
///
/// Seconds are written as they come. A minute is written once, when the first second after it comes, and an hour when
/// the first minute after it is: what is not closed yet is merged when read, so nothing is lost when the app ends in
/// between and nothing large is rewritten every second.
pub struct History {
    connection: Mutex<Connection>,
}

impl History {
    /// Opens or makes the database.
    ///
    /// # Errors
    /// When the key does not fit, a newer app has written it, or the disk refuses. An existing file is then unchanged.
    pub fn open(path: &Path, key: &DatabaseKey) -> Result<Self, HistoryError> {
        let connection = Connection::open(path)?;
        // Exposed to hand it to SQLCipher, which keeps its own copy for the connection's life.
        connection.pragma_update(None, "key", key.to_sqlcipher_raw().expose())?;
        // Locking every page of key-derived memory makes everything several times slower; the key itself is in this
        // process anyway.
        connection.pragma_update(None, "cipher_memory_security", false)?;
        // The first read decides whether the key fits; nothing may be written before it and the version are known.
        let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let known = MIGRATIONS.len() as u32;
        if found > known {
            return Err(HistoryError::NewerSchema { found, known });
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // A lost second of measurements is no loss; a flush every second would be.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "cache_size", -1024)?;
        for (number, sql) in (1_u32..).zip(MIGRATIONS).skip(found as usize) {
            // Dropping a connection rolls back, so a migration that fails leaves no half.
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {sql} PRAGMA user_version = {number}; COMMIT;"
            ))?;
        }
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a second, closes the minute and the hour that ended before it, and then deletes what is older than it may
    /// be; all of it or nothing.
    ///
    /// # Errors
    /// When the disk is full or the database refuses.
    pub fn append(&self, second: &Interval) -> Result<(), HistoryError> {
        if second.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection();
        let tx = connection.transaction()?;
        let mut closed_any = false;
        for resolution in [Resolution::Minute, Resolution::Hour] {
            let closed = closed_until(&tx, resolution)?;
            let begin = resolution.begin(second.at);
            if second.at < closed {
                // The clock went back: what is closed already gets it, too.
                put(
                    &tx,
                    resolution,
                    &Interval {
                        at: begin,
                        ..second.clone()
                    },
                )?;
            } else if let Some(finer) = resolution.finer() {
                for interval in coarser(&stored(&tx, closed..begin, finer)?, resolution) {
                    put(&tx, resolution, &interval)?;
                    closed_any = true;
                }
            }
        }
        put(&tx, Resolution::Second, second)?;
        if closed_any {
            for resolution in [Resolution::Second, Resolution::Minute, Resolution::Hour] {
                let sql = format!("DELETE FROM {} WHERE at < ?1", table(resolution));
                tx.prepare_cached(&sql)?
                    .execute([second.at.saturating_sub(resolution.kept_millis())])?;
            }
        }
        tx.commit()?;
        Ok(())
    }

    /// The intervals that begin in `range` (milliseconds since the Unix epoch), oldest first; the one that is still
    /// going on holds what it has so far. Intervals in which nothing was measured are absent.
    ///
    /// # Errors
    /// When the database refuses or an interval is damaged.
    pub fn read(
        &self,
        range: Range<i64>,
        resolution: Resolution,
    ) -> Result<Vec<Interval>, HistoryError> {
        read(&self.connection(), range, resolution)
    }
}

fn table(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Second => "second",
        Resolution::Minute => "minute",
        Resolution::Hour => "hour",
    }
}

/// The end of the newest interval that is written: finer intervals before it are already merged into it.
fn closed_until(connection: &Connection, resolution: Resolution) -> Result<i64, HistoryError> {
    let sql = format!("SELECT max(at) FROM {}", table(resolution));
    let newest: Option<i64> = connection
        .prepare_cached(&sql)?
        .query_row([], |row| row.get(0))?;
    Ok(newest.map_or(i64::MIN, |at| at.saturating_add(resolution.millis())))
}

fn read(
    connection: &Connection,
    range: Range<i64>,
    resolution: Resolution,
) -> Result<Vec<Interval>, HistoryError> {
    let mut intervals = stored(connection, range.clone(), resolution)?;
    if let Some(finer) = resolution.finer() {
        // A range may begin in the middle of an interval, which then begins before it.
        let first = resolution.begin(range.start.saturating_add(resolution.millis() - 1));
        let open = first.max(closed_until(connection, resolution)?);
        let past = resolution.begin(range.end.saturating_add(resolution.millis() - 1));
        intervals.extend(coarser(&read(connection, open..past, finer)?, resolution));
    }
    Ok(intervals)
}

fn stored(
    connection: &Connection,
    range: Range<i64>,
    resolution: Resolution,
) -> Result<Vec<Interval>, HistoryError> {
    let sql = format!(
        "SELECT at, body FROM {} WHERE at >= ?1 AND at < ?2 ORDER BY at",
        table(resolution)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([range.start, range.end])?;
    let mut intervals = Vec::new();
    while let Some(row) = rows.next()? {
        let body = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        intervals.push(decode(row.get(0)?, body)?);
    }
    Ok(intervals)
}

/// Writes an interval, merged with what is there of it already.
fn put(
    connection: &Connection,
    resolution: Resolution,
    interval: &Interval,
) -> Result<(), HistoryError> {
    let table = table(resolution);
    let held: Option<Vec<u8>> = connection
        .prepare_cached(&format!("SELECT body FROM {table} WHERE at = ?1"))?
        .query_row([interval.at], |row| row.get(0))
        .optional()?;
    let body = match held {
        Some(body) => {
            let mut merged = decode(interval.at, &body)?;
            merged.merge(interval);
            encode(&merged)?
        }
        None => encode(interval)?,
    };
    connection
        .prepare_cached(&format!(
            "INSERT OR REPLACE INTO {table} (at, body) VALUES (?1, ?2)"
        ))?
        .execute(params![interval.at, body])?;
    Ok(())
}

fn encode(interval: &Interval) -> Result<Vec<u8>, HistoryError> {
    let mut body = Vec::new();
    ciborium::into_writer(interval, &mut body).map_err(|error| HistoryError::Damaged {
        at: interval.at,
        cause: error.to_string(),
    })?;
    Ok(body)
}

fn decode(at: i64, body: &[u8]) -> Result<Interval, HistoryError> {
    let interval: Interval =
        ciborium::from_reader(body).map_err(|error| HistoryError::Damaged {
            at,
            cause: error.to_string(),
        })?;
    Ok(Interval { at, ..interval })
}

#[cfg(test)]
mod tests;
