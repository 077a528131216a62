//! Migrations: numbered SQL files, applied once each, never edited.

use crate::StoreError;
use rusqlite::Connection;

/// Every migration in order. The number of a database is how many of them it has.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_clinic.sql")];

/// The schema this build writes.
pub const SCHEMA: u32 = MIGRATIONS.len() as u32;

/// Brings the database to [`SCHEMA`], each step in a transaction of its own.
pub(crate) fn run(connection: &Connection) -> Result<(), StoreError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > SCHEMA {
        return Err(StoreError::NewerSchema {
            found,
            known: SCHEMA,
        });
    }
    for (number, sql) in (1_u32..).zip(MIGRATIONS).skip(found as usize) {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let step = connection
            .execute_batch(sql)
            .and_then(|()| connection.pragma_update(None, "user_version", number))
            .and_then(|()| connection.execute_batch("COMMIT"));
        if let Err(error) = step {
            // The error of the step is what matters; the roll-back may fail only because nothing was begun.
            let _ = connection.execute_batch("ROLLBACK");
            return Err(error.into());
        }
    }
    Ok(())
}
