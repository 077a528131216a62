//! One transaction, and the ports of the domain on it.

use crate::column::Column as _;
use crate::table::{self, Stored, column, select};
use crate::writer::{self, Checksums};
use crate::{StoreError, audit};
use domain::bucket::{Bucket, BucketSet};
use domain::codec;
use domain::envelope::ActionId;
use domain::id::{DeviceId, IncarnationId};
use domain::read::{Answer, Read};
use domain::row::*;
use domain::store_port::{
    AuthorityStore, Checksum, Decision, Executed, OutboxEntry, ReplicaStore, RowStore,
};
use rusqlite::{Connection, OptionalExtension as _, params};

/// A transaction of the store: a consistent snapshot for readers, everything or nothing for the writer.
pub struct Tx<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) held: BucketSet,
    pub(crate) checksums: Checksums,
    pub(crate) changed: Vec<RowKey>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(connection: &'c Connection, held: BucketSet) -> Self {
        Self {
            connection,
            held,
            checksums: Checksums::default(),
            changed: Vec::new(),
        }
    }

    /// One row by its typed id.
    pub fn get<T: Entity>(&self, id: T::Id) -> Result<Option<T>, StoreError> {
        let row = table::fetch(self.connection, &id.into())?;
        Ok(row.and_then(T::from_row))
    }

    /// Every row of a kind, in key order. For small tables: staff, rooms, treatments, products.
    #[expect(
        private_bounds,
        reason = "what is stored is this crate's own knowledge"
    )]
    pub fn all<T: Stored>(&self) -> Result<Vec<T>, StoreError> {
        Ok(select::<T>(self.connection, "ORDER BY id", &[])?)
    }
}

fn known<T: Into<Row>>(rows: Vec<T>) -> Answer {
    Answer::Known(rows.into_iter().map(Into::into).collect())
}

impl RowStore for Tx<'_> {
    type Error = StoreError;

    fn held(&self) -> BucketSet {
        self.held
    }

    fn read(&mut self, read: &Read) -> Result<Answer, StoreError> {
        let c = self.connection;
        Ok(match read {
            Read::Row(key) => {
                table::fetch(c, key)?.map_or(Answer::Absent, |row| Answer::Known(vec![row]))
            }
            Read::ClientByCpf(cpf) => {
                known(select::<Client>(c, "WHERE cpf = ?1", &[&cpf.to_column()])?)
            }
            Read::StaffDay(staff, day) => known(select::<Appointment>(
                c,
                "WHERE staff = ?1 AND day = ?2",
                &[&staff.to_column(), &day.to_column()],
            )?),
            Read::RoomDay(room, day) => known(select::<Appointment>(
                c,
                "WHERE room = ?1 AND day = ?2",
                &[&room.to_column(), &day.to_column()],
            )?),
            Read::ClientKeys(client) => known(select::<ClientKeyGrant>(
                c,
                "WHERE client = ?1 ORDER BY made_at",
                &[&client.to_column()],
            )?),
            Read::PaymentsOf(visit) => known(select::<Payment>(
                c,
                "WHERE appointment = ?1",
                &[&visit.to_column()],
            )?),
            Read::Clinic => known(select::<ClinicProfile>(c, "", &[])?),
        })
    }

    fn row(&mut self, key: &RowKey) -> Result<Option<Row>, StoreError> {
        Ok(table::fetch(self.connection, key)?)
    }

    fn write(&mut self, change: &RowChange) -> Result<(), StoreError> {
        if !self.held.contains(change.key.table.bucket()) {
            return Ok(());
        }
        if writer::write(self.connection, &mut self.checksums, change)? {
            self.changed.push(change.key);
        }
        Ok(())
    }
}

const OUTBOX: &str = "sequence, envelope, state, touched, reads, provisional, sent_at";

fn outbox_entry(
    row: &rusqlite::Row<'_>,
) -> rusqlite::Result<Result<OutboxEntry, codec::DecodeError>> {
    let (state, touched, reads): (Vec<u8>, Vec<u8>, Vec<u8>) =
        (row.get(2)?, row.get(3)?, row.get(4)?);
    let sequence = column(row, 0)?;
    let envelope = row.get(1)?;
    let provisional = row.get(5)?;
    let sent_at = column(row, 6)?;
    let decoded = || {
        Ok(OutboxEntry {
            sequence,
            envelope,
            state: codec::decode(&state)?,
            touched: codec::decode(&touched)?,
            reads: codec::decode(&reads)?,
            provisional,
            sent_at,
        })
    };
    Ok(decoded())
}

impl ReplicaStore for Tx<'_> {
    fn outbox_put(&mut self, entry: &OutboxEntry) -> Result<(), StoreError> {
        let sql =
            format!("INSERT OR REPLACE INTO outbox ({OUTBOX}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        self.connection.prepare_cached(&sql)?.execute(params![
            entry.sequence.to_column(),
            entry.envelope,
            codec::encode(&entry.state),
            codec::encode(&entry.touched),
            codec::encode(&entry.reads),
            entry.provisional,
            entry.sent_at.to_column(),
        ])?;
        Ok(())
    }

    fn outbox_get(&mut self, sequence: u64) -> Result<Option<OutboxEntry>, StoreError> {
        let sql = format!("SELECT {OUTBOX} FROM outbox WHERE sequence = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement
            .query_row([sequence.to_column()], outbox_entry)
            .optional()?;
        Ok(found.transpose()?)
    }

    fn outbox_from(&mut self, sequence: u64) -> Result<Vec<OutboxEntry>, StoreError> {
        let sql = format!("SELECT {OUTBOX} FROM outbox WHERE sequence >= ?1 ORDER BY sequence");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let entries = statement.query_map([sequence.to_column()], outbox_entry)?;
        entries.map(|entry| Ok(entry??)).collect()
    }

    fn outbox_remove(&mut self, sequence: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM outbox WHERE sequence = ?1")?
            .execute([sequence.to_column()])?;
        Ok(())
    }

    fn image(&mut self, key: &RowKey) -> Result<Option<Option<Row>>, StoreError> {
        let found: Option<Option<Vec<u8>>> = self
            .connection
            .prepare_cached("SELECT row FROM confirmed_image WHERE tbl = ?1 AND id = ?2")?
            .query_row(params![key.table as u8, key.id.to_column()], |row| {
                row.get(0)
            })
            .optional()?;
        found
            .map(|row| row.map(|bytes| codec::decode(&bytes)).transpose())
            .transpose()
            .map_err(Into::into)
    }

    fn image_put(&mut self, key: &RowKey, confirmed: Option<&Row>) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO confirmed_image (tbl, id, row) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![
                key.table as u8,
                key.id.to_column(),
                confirmed.map(codec::encode)
            ])?;
        Ok(())
    }

    fn image_remove(&mut self, key: &RowKey) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM confirmed_image WHERE tbl = ?1 AND id = ?2")?
            .execute(params![key.table as u8, key.id.to_column()])?;
        Ok(())
    }

    fn state(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT value FROM state WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?)
    }

    fn state_put(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO state (name, value) VALUES (?1, ?2)")?
            .execute(params![name, value])?;
        Ok(())
    }

    fn clear_bucket(&mut self, bucket: Bucket) -> Result<(), StoreError> {
        for table in Table::ALL.iter().filter(|table| table.bucket() == bucket) {
            loop {
                let rows = table::page(self.connection, *table, None, 1000)?;
                if rows.is_empty() {
                    break;
                }
                for row in rows {
                    let change = RowChange {
                        key: row.key(),
                        new: None,
                    };
                    writer::write(self.connection, &mut self.checksums, &change)?;
                    self.changed.push(change.key);
                }
            }
            self.connection
                .execute("DELETE FROM confirmed_image WHERE tbl = ?1", [*table as u8])?;
        }
        self.checksums.clear(bucket);
        Ok(())
    }

    fn set_held(&mut self, held: BucketSet) -> Result<(), StoreError> {
        self.held = held;
        self.state_put(crate::HELD, &codec::encode(&held))
    }

    fn checksum(&mut self, bucket: Bucket) -> Result<Checksum, StoreError> {
        let mut checksum = self.checksums.read(self.connection, bucket)?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT tbl, id, row FROM confirmed_image")?;
        let mut images = statement.query([])?;
        while let Some(image) = images.next()? {
            let Some(table) = Table::from_number(image.get(0)?) else {
                continue;
            };
            if table.bucket() != bucket {
                continue;
            }
            let key = RowKey {
                table,
                id: column(image, 1)?,
            };
            if let Some(current) = table::fetch(self.connection, &key)? {
                checksum.remove(&current);
            }
            if let Some(confirmed) = image.get::<_, Option<Vec<u8>>>(2)? {
                checksum.add(&codec::decode(&confirmed)?);
            }
        }
        Ok(checksum)
    }
}

impl AuthorityStore for Tx<'_> {
    fn decision(&mut self, id: ActionId) -> Result<Option<([u8; 32], Decision)>, StoreError> {
        let found: Option<(Vec<u8>, Vec<u8>)> = self
            .connection
            .prepare_cached("SELECT hash, decision FROM executed WHERE device = ?1 AND incarnation = ?2 AND sequence = ?3")?
            .query_row(
                params![id.device.to_column(), id.incarnation.to_column(), id.sequence.to_column()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((hash, decision)) = found else {
            return Ok(None);
        };
        let hash = hash
            .try_into()
            .map_err(|_| StoreError::Corrupt("an action's hash is not 32 bytes".into()))?;
        Ok(Some((hash, codec::decode(&decision)?)))
    }

    fn last_sequence(
        &mut self,
        device: DeviceId,
        incarnation: IncarnationId,
    ) -> Result<u64, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT coalesce(max(sequence), 0) FROM executed WHERE device = ?1 AND incarnation = ?2")?
            .query_row(params![device.to_column(), incarnation.to_column()], |row| column(row, 0))?)
    }

    fn next_seq(&mut self) -> Result<u64, StoreError> {
        let next = self.head()?.saturating_add(1);
        self.state_put(crate::HEAD, &codec::encode(&next))?;
        Ok(next)
    }

    fn record(&mut self, executed: &Executed<'_>, changed: &[RowKey]) -> Result<(), StoreError> {
        let seq = match executed.decision {
            Decision::Applied { seq } => Some(seq),
            Decision::Rejected { .. } => None,
        };
        const SQL: &str = "INSERT INTO executed (device, incarnation, sequence, seq, actor, name, hash, at, received_at, \
             decision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        self.connection.prepare_cached(SQL)?.execute(params![
            executed.id.device.to_column(),
            executed.id.incarnation.to_column(),
            executed.id.sequence.to_column(),
            seq.to_column(),
            executed.actor.to_column(),
            executed.name,
            executed.hash,
            executed.at.to_column(),
            executed.received_at.to_column(),
            codec::encode(&executed.decision),
        ])?;
        if let Some(seq) = seq {
            let sql = "INSERT OR REPLACE INTO change_log (tbl, id, seq) VALUES (?1, ?2, ?3)";
            let mut statement = self.connection.prepare_cached(sql)?;
            for key in changed {
                statement.execute(params![
                    key.table as u8,
                    key.id.to_column(),
                    seq.to_column()
                ])?;
            }
        }
        self.audit(&audit::Entry {
            at: executed.received_at,
            actor: Some(executed.actor),
            what: executed.name,
            subject: None,
            evidence: Some(&executed.hash),
        })
    }

    fn head(&mut self) -> Result<u64, StoreError> {
        self.state(crate::HEAD)?
            .map_or(Ok(0), |bytes| codec::decode(&bytes).map_err(Into::into))
    }

    fn changes_since(
        &mut self,
        cursor: u64,
        buckets: BucketSet,
        limit: usize,
    ) -> Result<(Vec<RowChange>, u64), StoreError> {
        let head = self.head()?;
        let mut changes = Vec::new();
        let sql = "SELECT seq, tbl, id FROM change_log WHERE seq > ?1 ORDER BY seq";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut logged = statement.query([cursor.to_column()])?;
        let mut complete = cursor;
        while let Some(entry) = logged.next()? {
            let seq: u64 = column(entry, 0)?;
            if changes.len() >= limit && seq > complete {
                return Ok((changes, complete));
            }
            complete = seq;
            let Some(table) = Table::from_number(entry.get(1)?) else {
                continue;
            };
            if buckets.contains(table.bucket()) {
                let key = RowKey {
                    table,
                    id: column(entry, 2)?,
                };
                changes.push(RowChange {
                    key,
                    new: table::fetch(self.connection, &key)?,
                });
            }
        }
        Ok((changes, head))
    }

    fn snapshot_page(
        &mut self,
        bucket: Bucket,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        for table in Table::ALL
            .iter()
            .copied()
            .filter(|table| table.bucket() == bucket)
        {
            let from = match after {
                Some(key) if key.table > table => continue,
                Some(key) if key.table == table => Some(key.id.into_bytes()),
                _ => None,
            };
            let from = from.as_ref().map(<[u8; 16]>::as_slice);
            rows.extend(table::page(
                self.connection,
                table,
                from,
                limit.saturating_sub(rows.len()),
            )?);
            if rows.len() >= limit {
                break;
            }
        }
        Ok(rows)
    }

    fn checksum(&mut self, bucket: Bucket) -> Result<Checksum, StoreError> {
        self.checksums.read(self.connection, bucket)
    }
}
