//! The one row writer: every change of a row goes through [`write`], which reads what was there before and derives search
//! entries, rollups and the bucket's checksum from old and new. An undo is a change like any other, so whatever is
//! derived follows it back.

use crate::column::Column as _;
use crate::{StoreError, search, table};
use domain::bucket::Bucket;
use domain::row::{Appointment, Payment, Row, RowChange};
use domain::store_port::Checksum;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Checksums of the buckets as they change within one transaction; stored once at its end.
#[derive(Default)]
pub(crate) struct Checksums([Option<Checksum>; Bucket::ALL.len()]);

impl Checksums {
    fn of(&mut self, connection: &Connection, bucket: Bucket) -> Result<&mut Checksum, StoreError> {
        let slot = &mut self.0[usize::from(bucket.number())];
        if slot.is_none() {
            *slot = Some(stored(connection, bucket)?);
        }
        Ok(slot.get_or_insert_with(Checksum::default))
    }

    /// The bucket's checksum, changes of this transaction included.
    pub(crate) fn read(
        &mut self,
        connection: &Connection,
        bucket: Bucket,
    ) -> Result<Checksum, StoreError> {
        self.of(connection, bucket).copied()
    }

    /// Forgets the bucket's rows.
    pub(crate) fn clear(&mut self, bucket: Bucket) {
        self.0[usize::from(bucket.number())] = Some(Checksum::default());
    }

    /// Stores what changed.
    pub(crate) fn store(&self, connection: &Connection) -> Result<(), StoreError> {
        for (number, checksum) in (0_u8..).zip(&self.0) {
            let Some(checksum) = checksum else { continue };
            let sum: Vec<u8> = checksum
                .sum
                .iter()
                .flat_map(|lane| lane.to_le_bytes())
                .collect();
            let rows = i64::try_from(checksum.rows).unwrap_or(i64::MAX);
            connection
                .prepare_cached("INSERT OR REPLACE INTO bucket_checksum (bucket, rows, sum) VALUES (?1, ?2, ?3)")?
                .execute(params![number, rows, sum])?;
        }
        Ok(())
    }
}

fn stored(connection: &Connection, bucket: Bucket) -> Result<Checksum, StoreError> {
    let found: Option<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT rows, sum FROM bucket_checksum WHERE bucket = ?1")?
        .query_row([bucket.number()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((rows, bytes)) = found else {
        return Ok(Checksum::default());
    };
    let mut checksum = Checksum {
        rows: u64::try_from(rows).unwrap_or(0),
        sum: [0; 4],
    };
    for (lane, chunk) in checksum.sum.iter_mut().zip(bytes.chunks_exact(8)) {
        *lane = chunk
            .iter()
            .rev()
            .fold(0, |value, byte| (value << 8) | u64::from(*byte));
    }
    Ok(checksum)
}

/// Writes one row. True when anything changed.
pub(crate) fn write(
    connection: &Connection,
    checksums: &mut Checksums,
    change: &RowChange,
) -> Result<bool, StoreError> {
    let old = table::fetch(connection, &change.key)?;
    if old == change.new {
        return Ok(false);
    }
    let checksum = checksums.of(connection, change.key.table.bucket())?;
    if let Some(old) = &old {
        checksum.remove(old);
        derive(connection, old, -1)?;
    }
    match &change.new {
        Some(new) => {
            checksum.add(new);
            put(connection, new)?;
            derive(connection, new, 1)?;
        }
        None => table::delete(connection, &change.key)?,
    }
    Ok(true)
}

/// Clients carry a folded name beside their own columns.
fn put(connection: &Connection, row: &Row) -> Result<(), StoreError> {
    let Row::Client(client) = row else {
        return Ok(table::upsert(connection, row)?);
    };
    const SQL: &str = "INSERT INTO client (id, name, social_name, cpf, phone, email, birth_date, registered_at, \
         registered_by, folded) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET \
         name = excluded.name, social_name = excluded.social_name, cpf = excluded.cpf, phone = excluded.phone, \
         email = excluded.email, birth_date = excluded.birth_date, registered_at = excluded.registered_at, \
         registered_by = excluded.registered_by, folded = excluded.folded";
    connection.prepare_cached(SQL)?.execute(params![
        client.id.to_column(),
        client.name,
        client.social_name,
        client.cpf.to_column(),
        client.phone.to_column(),
        client.email.to_column(),
        client.birth_date.to_column(),
        client.registered_at.to_column(),
        client.registered_by.to_column(),
        search::sort_key(client),
    ])?;
    Ok(())
}

/// Adds (`sign` 1) or takes back (`sign` -1) what is derived from a row.
fn derive(connection: &Connection, row: &Row, sign: i64) -> Result<(), StoreError> {
    match row {
        Row::Client(client) if sign > 0 => search::add(connection, client)?,
        Row::Client(client) => search::remove(connection, client)?,
        Row::Appointment(appointment) => roll_visit(connection, appointment, sign)?,
        Row::Payment(payment) => roll_payment(connection, payment, sign)?,
        _ => {}
    }
    Ok(())
}

fn roll_visit(connection: &Connection, visit: &Appointment, sign: i64) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO rollup_visits (day, staff, treatment, status, visits, minutes) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET visits = visits + excluded.visits, \
         minutes = minutes + excluded.minutes";
    connection.prepare_cached(SQL)?.execute(params![
        visit.day.to_column(),
        visit.staff.to_column(),
        visit.treatment.to_column(),
        visit.status as i64,
        sign,
        sign * i64::from(visit.duration_minutes),
    ])?;
    if sign < 0 {
        connection
            .prepare_cached(
                "DELETE FROM rollup_visits WHERE day = ?1 AND staff = ?2 AND treatment = ?3 AND status = ?4 AND visits = 0",
            )?
            .execute(params![
                visit.day.to_column(),
                visit.staff.to_column(),
                visit.treatment.to_column(),
                visit.status as i64
            ])?;
    }
    Ok(())
}

fn roll_payment(connection: &Connection, payment: &Payment, sign: i64) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO rollup_payments (day, method, entries, cents) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO UPDATE SET entries = entries + excluded.entries, cents = cents + excluded.cents";
    let cents = sign.saturating_mul(payment.amount.0);
    connection.prepare_cached(SQL)?.execute(params![
        payment.day.to_column(),
        payment.method as i64,
        sign,
        cents
    ])?;
    if sign < 0 {
        connection
            .prepare_cached(
                "DELETE FROM rollup_payments WHERE day = ?1 AND method = ?2 AND entries = 0",
            )?
            .execute(params![payment.day.to_column(), payment.method as i64])?;
    }
    Ok(())
}
