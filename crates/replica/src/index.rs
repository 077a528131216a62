//! Which pending action read what and changed what, in memory, so that a batch finds the few it meets without looking at
//! all of them.

use crate::error::ReplicaError;
use domain::read::{Read, ReadSet};
use domain::row::{Row, RowKey, Table};
use domain::store_port::{OutboxEntry, OutboxState, ReplicaStore};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Every read whose answer a row takes part in: the inverse of [`Read::concerns`].
pub(crate) fn reads_of(row: &Row) -> Vec<Read> {
    let mut reads = vec![Read::Row(row.key())];
    match row {
        Row::Client(client) => reads.extend(client.cpf.clone().map(Read::ClientByCpf)),
        Row::Appointment(at) => {
            reads.push(Read::StaffDay(at.staff, at.day));
            reads.push(Read::RoomDay(at.room, at.day));
        }
        Row::ClientKeyGrant(key) => reads.push(Read::ClientKeys(key.client)),
        Row::Payment(payment) => reads.extend(payment.appointment.map(Read::PaymentsOf)),
        Row::ClinicProfile(_) => reads.push(Read::Clinic),
        _ => {}
    }
    reads
}

/// The table that a read of several rows looks through; `None` for a read by key.
fn range_table(read: &Read) -> Option<Table> {
    match read {
        Read::Row(_) => None,
        Read::ClientByCpf(_) => Some(Table::Client),
        Read::StaffDay(..) | Read::RoomDay(..) => Some(Table::Appointment),
        Read::ClientKeys(_) => Some(Table::ClientKeyGrant),
        Read::PaymentsOf(_) => Some(Table::Payment),
        Read::Clinic => Some(Table::ClinicProfile),
    }
}

/// What is known of one pending action.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) reads: ReadSet,
    pub(crate) touched: Vec<RowKey>,
    /// Every read that one of its rows takes part in, as it was before the action or as the action left it.
    pub(crate) concerns: BTreeSet<Read>,
    /// Tables in which it changed a row that other pending actions changed too, when the rows between are not known: any
    /// read through such a table may concern it.
    pub(crate) vague: BTreeSet<Table>,
}

type Positions = BTreeSet<u64>;

/// The index. Valid while its stamp is the database's.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) stamp: u64,
    known: BTreeMap<u64, Known>,
    readers: HashMap<Read, Positions>,
    concerned: HashMap<Read, Positions>,
    touchers: HashMap<RowKey, Positions>,
    vague: BTreeMap<Table, Positions>,
}

fn drop_from<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Positions>, key: &K, position: u64) {
    if let Some(positions) = map.get_mut(key) {
        positions.remove(&position);
        if positions.is_empty() {
            map.remove(key);
        }
    }
}

impl Index {
    /// Reads the outbox. Where several actions changed one row, what lay between is not stored, so those are vague until
    /// they run again.
    pub(crate) fn build<S: ReplicaStore>(
        tx: &mut S,
        stamp: u64,
    ) -> Result<Self, ReplicaError<S::Error>> {
        let mut index = Self {
            stamp,
            ..Self::default()
        };
        let entries: Vec<OutboxEntry> = tx
            .outbox_from(0)?
            .into_iter()
            .filter(|entry| !matches!(entry.state, OutboxState::Parked(_)))
            .collect();
        let mut times: HashMap<RowKey, usize> = HashMap::new();
        for key in entries.iter().flat_map(|entry| &entry.touched) {
            *times.entry(*key).or_default() += 1;
        }
        for entry in entries {
            let mut known = Known {
                reads: entry.reads,
                touched: entry.touched,
                ..Known::default()
            };
            for key in &known.touched {
                known.concerns.insert(Read::Row(*key));
                let rows = [tx.row(key)?, tx.image(key)?.flatten()];
                for row in rows.iter().flatten() {
                    known.concerns.extend(reads_of(row));
                }
                if times.get(key).is_some_and(|times| *times > 1) {
                    known.vague.insert(key.table);
                }
            }
            index.put(entry.sequence, known);
        }
        Ok(index)
    }

    pub(crate) fn put(&mut self, position: u64, known: Known) {
        self.remove(position);
        for read in known.reads.iter() {
            self.readers
                .entry(read.clone())
                .or_default()
                .insert(position);
        }
        for read in &known.concerns {
            self.concerned
                .entry(read.clone())
                .or_default()
                .insert(position);
        }
        for key in &known.touched {
            self.touchers.entry(*key).or_default().insert(position);
        }
        for table in &known.vague {
            self.vague.entry(*table).or_default().insert(position);
        }
        self.known.insert(position, known);
    }

    pub(crate) fn remove(&mut self, position: u64) {
        let Some(known) = self.known.remove(&position) else {
            return;
        };
        for read in known.reads.iter() {
            drop_from(&mut self.readers, read, position);
        }
        for read in &known.concerns {
            drop_from(&mut self.concerned, read, position);
        }
        for key in &known.touched {
            drop_from(&mut self.touchers, key, position);
        }
        for table in &known.vague {
            if let Some(positions) = self.vague.get_mut(table) {
                positions.remove(&position);
            }
        }
    }

    pub(crate) fn get(&self, position: u64) -> Option<&Known> {
        self.known.get(&position)
    }

    /// Positions after one, oldest first.
    pub(crate) fn waiting_after(&self, after: u64) -> impl Iterator<Item = u64> {
        self.known
            .range(after.saturating_add(1)..)
            .map(|(position, _)| *position)
    }

    pub(crate) fn positions(&self) -> Positions {
        self.known.keys().copied().collect()
    }

    pub(crate) fn touchers(&self, key: &RowKey) -> Positions {
        self.touchers.get(key).cloned().unwrap_or_default()
    }

    /// Those that read a row with this content, or the row at this key.
    pub(crate) fn readers_of(&self, reads: &BTreeSet<Read>) -> Positions {
        reads
            .iter()
            .filter_map(|read| self.readers.get(read))
            .flatten()
            .copied()
            .collect()
    }

    /// Those whose result may change when this one is taken back or comes out otherwise.
    pub(crate) fn after_effects(&self, position: u64) -> Positions {
        let Some(known) = self.get(position) else {
            return Positions::new();
        };
        let mut found = self.readers_of(&known.concerns);
        if !known.vague.is_empty() {
            let through = |read: &Read| range_table(read).is_some_and(|t| known.vague.contains(&t));
            let vaguely = self.readers.iter().filter(|(read, _)| through(read));
            found.extend(vaguely.flat_map(|(_, positions)| positions).copied());
        }
        found.split_off(&(position + 1))
    }

    /// Later ones whose effects this one must not see when it runs again.
    pub(crate) fn in_the_way(&self, position: u64) -> Positions {
        let Some(known) = self.get(position) else {
            return Positions::new();
        };
        let mut found = Positions::new();
        for read in known.reads.iter() {
            found.extend(self.concerned.get(read).into_iter().flatten());
            let vague = range_table(read).and_then(|table| self.vague.get(&table));
            found.extend(vague.into_iter().flatten());
        }
        found.split_off(&(position + 1))
    }
}
