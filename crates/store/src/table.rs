//! The columns of each kind of row. What is written here is the whole of what the store knows about a row's fields.

use crate::column::Column;
use domain::row::*;
use rusqlite::{CachedStatement, Connection, Row as SqlRow, ToSql};

/// A kind of row with its columns.
pub(crate) trait Stored: Entity {
    /// Column names in order, `id` first, separated by commas.
    const COLUMNS: &'static str;
    /// Inserts or replaces one row; parameters in column order.
    const UPSERT: &'static str;
    /// Binds the row's values.
    fn bind(&self, statement: &mut CachedStatement<'_>) -> rusqlite::Result<usize>;
    /// Reads a row whose columns are selected in order.
    fn read(row: &SqlRow<'_>) -> rusqlite::Result<Self>;
}

/// Declares the columns of every kind once; statements, binding and reading follow from them.
macro_rules! stored {
    ($($name:ident in $table:literal [$first:ident $(, $field:ident)*];)*) => {
        $(impl Stored for $name {
            const COLUMNS: &'static str = concat!(stringify!($first) $(, ", ", stringify!($field))*);
            const UPSERT: &'static str = concat!(
                "INSERT INTO ", $table, " (", stringify!($first) $(, ", ", stringify!($field))*, ") VALUES (:",
                stringify!($first) $(, ", :", stringify!($field))*, ") ON CONFLICT (id) DO UPDATE SET ",
                "id = excluded.id" $(, ", ", stringify!($field), " = excluded.", stringify!($field))*
            );
            fn bind(&self, statement: &mut CachedStatement<'_>) -> rusqlite::Result<usize> {
                let values: &[&dyn ToSql] = &[&self.$first.to_column() $(, &self.$field.to_column())*];
                statement.execute(values)
            }
            fn read(row: &SqlRow<'_>) -> rusqlite::Result<Self> {
                let mut column = 0;
                let mut next = || { column += 1; column - 1 };
                Ok(Self { $first: get(row, next())? $(, $field: get(row, next())?)* })
            }
        })*

        /// Reads one row of any kind.
        pub(crate) fn fetch(connection: &Connection, key: &RowKey) -> rusqlite::Result<Option<Row>> {
            match key.table {
                $(Table::$name => fetch_as::<$name>(connection, key).map(|row| row.map(Row::$name)),)*
            }
        }

        /// Every row of a kind in key order after `after`, at most `limit`.
        pub(crate) fn page(
            connection: &Connection, table: Table, after: Option<&[u8]>, limit: usize,
        ) -> rusqlite::Result<Vec<Row>> {
            match table {
                $(Table::$name => select::<$name>(
                    connection,
                    "WHERE id > ?1 ORDER BY id LIMIT ?2",
                    &[&after.unwrap_or_default(), &i64::try_from(limit).unwrap_or(i64::MAX)],
                ).map(|rows| rows.into_iter().map(Row::$name).collect()),)*
            }
        }

        /// Writes one row of any kind. Clients go through [`crate::writer`], which adds their search key.
        pub(crate) fn upsert(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
            match row {
                $(Row::$name(row) => { row.bind(&mut connection.prepare_cached(<$name as Stored>::UPSERT)?)?; })*
            }
            Ok(())
        }
    };
}

stored! {
    ClinicProfile in "clinic" [id, name, zone, opens_minute, closes_minute, clinical_public, demo];
    Staff in "staff" [id, name, roles, council, color, active, takes_appointments, signing_public, credential];
    Room in "room" [id, name, active];
    Treatment in "treatment" [id, name, category, duration_minutes, price, areas, needs_consent, needs_lot, active];
    Product in "product" [id, name, category, anvisa, unit];
    Client in "client" [id, name, social_name, cpf, phone, email, birth_date, registered_at, registered_by];
    Alert in "alert" [id, client, severity, text, since, by, ended_at];
    Consent in "consent" [id, client, purpose, text_version, text_hash, signer, signed_at, recorded_by, revoked_at];
    Appointment in "appointment" [
        id, client, staff, room, treatment, day, start_minute, duration_minutes, status, arrived_at, started_at,
        finished_at, note, booked_by, booked_at
    ];
    VisitTicks in "visit_ticks" [id, notes, photos, lots, payment];
    ClientKeyGrant in "client_key" [id, client, sealed, made_at];
    Encounter in "encounter" [
        id, client, appointment, practitioner, treatment, areas, notes, at, day, locked_at, addendum_to
    ];
    Photo in "photo" [
        id, client, encounter, appointment, region, view, phase, taken_at, imported_at, imported_by, width, height,
        thumbhash, fingerprint, original_bytes, original, client_key, wrapped_key, sealed_details, renditions,
        withdrawn_at
    ];
    Lot in "lot" [id, product, code, expires, received, remaining];
    LotUse in "lot_use" [id, encounter, lot, client, quantity, day];
    Payment in "payment" [
        id, client, appointment, amount, method, instalments, at, day, taken_by, refund_of
    ];
}

fn get<T: Column>(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<T> {
    let value = row.get_ref(column)?;
    T::from_column(value).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, value.data_type(), Box::new(error))
    })
}

/// Reads a value of a domain type from a column of any query.
pub(crate) fn column<T: Column>(row: &SqlRow<'_>, at: usize) -> rusqlite::Result<T> {
    get(row, at)
}

fn fetch_as<T: Stored>(connection: &Connection, key: &RowKey) -> rusqlite::Result<Option<T>> {
    select::<T>(connection, "WHERE id = ?1", &[&key.id.to_column()])
        .map(|rows| rows.into_iter().next())
}

/// Rows of a kind by any condition.
pub(crate) fn select<T: Stored>(
    connection: &Connection,
    condition: &str,
    parameters: &[&dyn ToSql],
) -> rusqlite::Result<Vec<T>> {
    let sql = format!(
        "SELECT {} FROM {} {condition}",
        T::COLUMNS,
        T::TABLE.sql_name()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map(parameters, T::read)?.collect()
}

/// Deletes one row.
pub(crate) fn delete(connection: &Connection, key: &RowKey) -> rusqlite::Result<()> {
    let sql = format!("DELETE FROM {} WHERE id = ?1", key.table.sql_name());
    connection
        .prepare_cached(&sql)?
        .execute([key.id.to_column()])
        .map(drop)
}
