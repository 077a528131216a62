//! Putting the server's rows under the pending actions.
//!
//! A batch makes some rows *dirty*: their content changes for somebody. From there the set of actions to run again grows to
//! a fixed point:
//! 1. whoever reads or changed a dirty row;
//! 2. whoever changed a row that one of those changed, because taking one back takes the row back to its confirmed content;
//! 3. later actions that read what one of those changed, because it may come out otherwise;
//! 4. later actions that changed what one of those reads, because it must not see the future when it runs again.
//!
//! All of them are taken back, the server's rows are written, and they run once in outbox order. Should one come out so
//! that it meets a later action outside the set, the set grows and they are run again; the report counts it.
//!
//! A row that arrives exactly as people see it already, which is what almost every acknowledgement brings, is not dirty: it
//! only loses its image.

use crate::error::ReplicaError;
use crate::index::{Known, reads_of};
use crate::outbox::write_effects;
use crate::progress;
use crate::replica::Replica;
use domain::action::Refusal;
use domain::bucket::BucketSet;
use domain::codec;
use domain::envelope::Envelope;
use domain::read::Read;
use domain::rejection::Rejection;
use domain::row::{Row, RowChange, RowKey};
use domain::store_port::{Decision, OutboxEntry, OutboxState, ReplicaStore, RunError, evaluate};
use std::collections::{BTreeMap, BTreeSet};
use sync::standing::{Batch, Settled};

/// What applying something changed.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// Rows that may look different now.
    pub changed: BTreeSet<RowKey>,
    /// Actions run again, each counted as often as it ran.
    pub executions: usize,
    /// Actions that left the outbox because the server has done them.
    pub done: Vec<u64>,
    /// Actions that the server refused, which wait for a person now.
    pub parked: Vec<(u64, Rejection)>,
    /// Actions that do not fit any more; the server still decides about them.
    pub unfitting: Vec<u64>,
    /// Buckets whose confirmed rows do not add up to what the server has.
    pub mismatched: BucketSet,
}

/// What a key will be confirmed as.
type Confirmed = BTreeMap<RowKey, Option<Row>>;

impl Replica {
    /// Applies a batch: rows, decisions and cursor.
    pub fn apply_batch<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        batch: &Batch,
    ) -> Result<Report, ReplicaError<S::Error>> {
        let mut progress = progress::progress(tx)?;
        if batch.from != progress.cursor || batch.to < batch.from {
            return Err(ReplicaError::OutOfOrder {
                from: batch.from,
                cursor: progress.cursor,
            });
        }
        let settled: Vec<Settled> = batch
            .settled
            .iter()
            .filter(|one| !matches!(one.decision, Decision::Applied { seq } if seq > batch.to))
            .cloned()
            .collect();
        let mut report = self.reconcile(tx, &batch.changes, &settled)?;
        progress.cursor = batch.to;
        progress::put_progress(tx, &progress)?;
        let held = tx.held();
        let mut mismatched = Vec::new();
        for theirs in &batch.checksums {
            if held.contains(theirs.bucket) && tx.checksum(theirs.bucket)? != theirs.checksum {
                mismatched.push(theirs.bucket);
            }
        }
        report.mismatched = mismatched.into_iter().collect();
        Ok(report)
    }

    /// Puts rows under the pending actions and carries decisions out.
    pub(crate) fn reconcile<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        changes: &[RowChange],
        settled: &[Settled],
    ) -> Result<Report, ReplicaError<S::Error>> {
        self.sight(tx)?;
        let mut report = Report::default();
        let settled = self.settle(tx, settled, &mut report)?;
        let mut confirmed: Confirmed = Confirmed::new();
        let held = tx.held();
        for change in changes {
            if held.contains(change.key.table.bucket()) {
                confirmed.insert(change.key, change.new.clone());
            }
        }
        let again = self.affected(tx, &mut confirmed, &settled, &mut report)?;
        self.take_back(tx, &again, &mut confirmed)?;
        for (key, row) in confirmed {
            if tx.row(&key)? != row {
                tx.write(&RowChange { key, new: row })?;
            }
        }
        self.run_again(tx, again, &mut report)?;
        if !settled.is_empty() || report.executions > 0 {
            self.moved_on(tx)?;
        }
        Ok(report)
    }

    /// Takes decided actions out of the outbox or parks them, and out of the index; their rows follow.
    fn settle<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        settled: &[Settled],
        report: &mut Report,
    ) -> Result<BTreeMap<u64, Known>, ReplicaError<S::Error>> {
        let mut gone = BTreeMap::new();
        for one in settled {
            // Not in the index: carried out before, or already parked.
            let Some(known) = self.index.get(one.position).cloned() else {
                continue;
            };
            match &one.decision {
                Decision::Applied { .. } => {
                    tx.outbox_remove(one.position)?;
                    report.done.push(one.position);
                }
                Decision::Rejected { reason } => {
                    if let Some(mut entry) = tx.outbox_get(one.position)? {
                        entry.state = OutboxState::Parked(reason.clone());
                        entry.touched.clear();
                        tx.outbox_put(&entry)?;
                    }
                    report.parked.push((one.position, reason.clone()));
                }
            }
            gone.insert(one.position, known);
        }
        Ok(gone)
    }

    /// Which actions must run again. Adds to `confirmed` the rows of decided actions that the batch does not bring, takes
    /// decided actions out of the index, and drops the images of rows that no pending action changed any more.
    fn affected<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        confirmed: &mut Confirmed,
        settled: &BTreeMap<u64, Known>,
        report: &mut Report,
    ) -> Result<BTreeSet<u64>, ReplicaError<S::Error>> {
        let mut found = BTreeSet::new();
        let own: BTreeSet<RowKey> = settled
            .values()
            .flat_map(|known| known.touched.iter().copied())
            .collect();
        let keys: BTreeSet<RowKey> = confirmed.keys().chain(&own).copied().collect();
        for key in keys {
            let visible = tx.row(&key)?;
            let image = tx.image(&key)?;
            let before = image.clone().unwrap_or_else(|| visible.clone());
            let after = confirmed
                .entry(key)
                .or_insert_with(|| before.clone())
                .clone();
            let touchers = self.index.touchers(&key);
            let pending: BTreeSet<u64> = touchers
                .iter()
                .filter(|position| !settled.contains_key(position))
                .copied()
                .collect();
            let latest = touchers.iter().rfind(|p| settled.contains_key(p)).copied();
            let reads: BTreeSet<Read> = [&visible, &before, &after]
                .into_iter()
                .flatten()
                .flat_map(reads_of)
                .chain([Read::Row(key)])
                .collect();
            let readers = self.index.readers_of(&reads);
            // An earlier reader ran before the decided action changed the row; now it comes after.
            let overtaken = latest.is_some_and(|latest| {
                readers
                    .range(..latest)
                    .any(|position| !settled.contains_key(position))
            });
            let clean = if pending.is_empty() {
                after == visible && !overtaken
            } else {
                after == before && latest.is_none()
            };
            if clean {
                if pending.is_empty() && image.is_some() {
                    tx.image_remove(&key)?;
                }
                confirmed.remove(&key);
                continue;
            }
            report.changed.insert(key);
            if pending.is_empty() && image.is_some() {
                tx.image_remove(&key)?;
            }
            found.extend(pending);
            found.extend(readers);
            for position in touchers.iter().filter(|p| settled.contains_key(p)) {
                found.extend(self.index.after_effects(*position));
            }
        }
        for position in settled.keys() {
            self.index.remove(*position);
            found.remove(position);
        }
        found.retain(|position| self.index.get(*position).is_some());
        Ok(self.closed_over(found))
    }

    /// The smallest set around `seeds` that can be run again without the others.
    fn closed_over(&self, seeds: BTreeSet<u64>) -> BTreeSet<u64> {
        let mut found = BTreeSet::new();
        let mut queue: Vec<u64> = seeds.into_iter().collect();
        while let Some(position) = queue.pop() {
            if !found.insert(position) {
                continue;
            }
            let Some(known) = self.index.get(position) else {
                continue;
            };
            queue.extend(
                known
                    .touched
                    .iter()
                    .flat_map(|key| self.index.touchers(key)),
            );
            queue.extend(self.index.after_effects(position));
            queue.extend(self.index.in_the_way(position));
        }
        found
    }

    /// Takes actions back: rows they changed are due their confirmed content, which is added to `confirmed` where the
    /// batch does not bring another.
    fn take_back<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        positions: &BTreeSet<u64>,
        confirmed: &mut Confirmed,
    ) -> Result<(), ReplicaError<S::Error>> {
        let keys: BTreeSet<RowKey> = positions
            .iter()
            .filter_map(|position| self.index.get(*position))
            .flat_map(|known| known.touched.iter().copied())
            .collect();
        for key in keys {
            if let Some(image) = tx.image(&key)? {
                confirmed.entry(key).or_insert(image);
                tx.image_remove(&key)?;
            }
        }
        Ok(())
    }

    /// Runs actions in outbox order on top of what is there. Their effects must have been taken back.
    pub(crate) fn run_again<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        mut again: BTreeSet<u64>,
        report: &mut Report,
    ) -> Result<(), ReplicaError<S::Error>> {
        let mut before: BTreeMap<u64, Known> = BTreeMap::new();
        loop {
            for position in &again {
                if let Some(known) = self.index.get(*position)
                    && !before.contains_key(position)
                {
                    report.changed.extend(known.touched.iter().copied());
                    before.insert(*position, known.clone());
                }
            }
            let mut met = BTreeSet::new();
            for position in &again {
                report.executions += 1;
                let (known, reason) = run_one(tx, *position)?;
                report.changed.extend(known.touched.iter().copied());
                self.index.put(*position, known);
                report.unfitting.retain(|other| other != position);
                if reason.is_some() {
                    report.unfitting.push(*position);
                }
                met.extend(self.met_by(*position, before.get(position), &again));
            }
            if met.is_empty() {
                return Ok(());
            }
            met.extend(again.iter().copied());
            again = self.closed_over(met);
            let mut confirmed = Confirmed::new();
            self.take_back(tx, &again, &mut confirmed)?;
            for (key, row) in confirmed {
                tx.write(&RowChange { key, new: row })?;
            }
        }
    }

    /// Later actions outside the set that an action meets only since it came out otherwise.
    fn met_by(
        &self,
        position: u64,
        before: Option<&Known>,
        again: &BTreeSet<u64>,
    ) -> BTreeSet<u64> {
        let Some(now) = self.index.get(position) else {
            return BTreeSet::new();
        };
        let fresh: BTreeSet<Read> = match before {
            Some(before) => now.concerns.difference(&before.concerns).cloned().collect(),
            None => now.concerns.clone(),
        };
        let mut met = self.index.readers_of(&fresh);
        for key in &now.touched {
            if before.is_none_or(|before| !before.touched.contains(key)) {
                met.extend(self.index.touchers(key));
            }
        }
        met.split_off(&(position + 1))
            .difference(again)
            .copied()
            .collect()
    }
}

/// Runs one action and stores how it came out.
fn run_one<S: ReplicaStore>(
    tx: &mut S,
    position: u64,
) -> Result<(Known, Option<Rejection>), ReplicaError<S::Error>> {
    let Some(mut entry) = tx.outbox_get(position)? else {
        return Ok((Known::default(), None));
    };
    let as_stored = entry.clone();
    let (changes, provisional, reason) = judge(tx, &entry)?;
    let known = write_effects(tx, &changes, entry.reads.clone())?;
    entry.touched = known.touched.clone();
    entry.provisional = provisional;
    entry.state = match &reason {
        None => OutboxState::Pending,
        Some(reason) => OutboxState::Unfitting(reason.clone()),
    };
    if entry != as_stored {
        tx.outbox_put(&entry)?;
    }
    Ok((known, reason))
}

type Judged = (Vec<RowChange>, bool, Option<Rejection>);

fn judge<S: ReplicaStore>(
    tx: &mut S,
    entry: &OutboxEntry,
) -> Result<Judged, ReplicaError<S::Error>> {
    let refused = |reason| Ok((Vec::new(), false, Some(reason)));
    let Ok(envelope) = codec::decode::<Envelope>(&entry.envelope) else {
        return refused(Rejection::invalid("envelope"));
    };
    let Ok(action) = envelope.action() else {
        return refused(Rejection::UnknownAction);
    };
    match evaluate(tx, &action, envelope.acting()) {
        Ok(effects) => Ok((effects.changes, effects.provisional, None)),
        Err(RunError::Refused(Refusal::Rejected(reason))) => refused(reason),
        Err(RunError::Refused(Refusal::Fault(_))) => {
            // The read's own text may hold a CPF, so only the action's name is logged.
            tracing::error!(action = %envelope.name, "an action reads what it does not declare");
            refused(Rejection::invalid("action"))
        }
        Err(RunError::Store(error)) => Err(error.into()),
    }
}
