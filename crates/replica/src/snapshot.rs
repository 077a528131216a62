//! Filling buckets anew, and changes of what may be held.
//!
//! While a snapshot fills the buckets, pending actions are taken back: most of what they read is not there yet. They run
//! again when the snapshot is complete. Its mark is kept in the transaction of each page, so that an interrupted snapshot
//! goes on where it stopped and an incomplete one is never taken for complete.

use crate::error::ReplicaError;
use crate::progress;
use crate::rebase::Report;
use crate::replica::Replica;
use domain::bucket::{Bucket, BucketSet};
use domain::row::{Row, RowChange};
use domain::store_port::ReplicaStore;
use domain::time::Timestamp;
use sync::message::{EpochId, SnapshotMark};

fn without(set: BucketSet, taken: BucketSet) -> BucketSet {
    set.iter()
        .filter(|bucket| !taken.contains(*bucket))
        .collect()
}

impl Replica {
    /// Takes over what the server said at the greeting.
    pub(crate) fn adopt<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        epoch: EpochId,
        buckets: BucketSet,
        server_time: Timestamp,
    ) -> Result<Report, ReplicaError<S::Error>> {
        let mut report = Report::default();
        let mut progress = progress::progress(tx)?;
        let lost = without(tx.held(), buckets);
        if tx.held() != buckets {
            self.take_all_back(tx, &mut report)?;
            for bucket in lost.iter() {
                tx.clear_bucket(bucket)?;
            }
            tx.set_held(buckets)?;
            if progress.snapshot.is_none() {
                self.run_all_again(tx, &mut report)?;
            }
        }
        progress.complete = without(progress.complete, lost);
        if let Some(mark) = &mut progress.snapshot {
            mark.left = without(mark.left, lost);
        }
        if progress.epoch != Some(epoch) {
            progress.epoch = Some(epoch);
            progress.cursor = 0;
            progress.complete = BucketSet::default();
            progress.snapshot = None;
        }
        progress.server_time = Some(server_time);
        progress::put_progress(tx, &progress)?;
        Ok(report)
    }

    /// Empties buckets before a snapshot of them.
    pub(crate) fn snapshot_reset<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        at_seq: u64,
        buckets: BucketSet,
    ) -> Result<Report, ReplicaError<S::Error>> {
        let mut report = Report::default();
        self.take_all_back(tx, &mut report)?;
        for bucket in buckets.iter() {
            tx.clear_bucket(bucket)?;
        }
        let mut progress = progress::progress(tx)?;
        progress.complete = progress.complete.iter().chain(buckets.iter()).collect();
        progress.snapshot = Some(SnapshotMark {
            at_seq,
            left: buckets,
            after: None,
        });
        progress::put_progress(tx, &progress)?;
        Ok(report)
    }

    /// Stores rows of a snapshot.
    pub(crate) fn snapshot_page<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        bucket: Bucket,
        rows: &[Row],
        last: bool,
    ) -> Result<Report, ReplicaError<S::Error>> {
        let mut progress = progress::progress(tx)?;
        let Some(mark) = &mut progress.snapshot else {
            return Err(ReplicaError::NoSnapshot);
        };
        let mut report = Report::default();
        for row in rows.iter().filter(|row| row.key().table.bucket() == bucket) {
            let key = row.key();
            report.changed.insert(key);
            if tx.image(&key)?.is_some() {
                // Somebody works on this row meanwhile; their action runs again at the end.
                tx.image_put(&key, Some(row))?;
            } else {
                tx.write(&RowChange::put(row.clone()))?;
            }
        }
        if last {
            mark.left = without(mark.left, [bucket].into_iter().collect());
            mark.after = None;
        } else {
            mark.after = rows.last().map(Row::key).or(mark.after);
        }
        progress::put_progress(tx, &progress)?;
        Ok(report)
    }

    /// The snapshot is complete: everything pending runs again on top of it.
    pub(crate) fn snapshot_finish<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        at_seq: u64,
    ) -> Result<Report, ReplicaError<S::Error>> {
        let mut progress = progress::progress(tx)?;
        let complete = progress
            .snapshot
            .take()
            .is_some_and(|mark| mark.at_seq == at_seq && mark.left == BucketSet::default());
        if !complete {
            return Err(ReplicaError::NoSnapshot);
        }
        let mut report = Report::default();
        self.take_all_back(tx, &mut report)?;
        self.run_all_again(tx, &mut report)?;
        progress.cursor = at_seq;
        progress::put_progress(tx, &progress)?;
        Ok(report)
    }

    /// Takes every pending action back, so that the rows are the confirmed ones.
    fn take_all_back<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        report: &mut Report,
    ) -> Result<(), ReplicaError<S::Error>> {
        self.sight(tx)?;
        for position in self.index.positions() {
            let Some(mut known) = self.index.get(position).cloned() else {
                continue;
            };
            if known.touched.is_empty() {
                continue;
            }
            for key in std::mem::take(&mut known.touched) {
                report.changed.insert(key);
                if let Some(image) = tx.image(&key)? {
                    tx.write(&RowChange { key, new: image })?;
                    tx.image_remove(&key)?;
                }
            }
            known.concerns.clear();
            known.vague.clear();
            self.index.put(position, known);
            if let Some(mut entry) = tx.outbox_get(position)? {
                entry.touched.clear();
                tx.outbox_put(&entry)?;
            }
        }
        self.moved_on(tx)
    }

    fn run_all_again<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        report: &mut Report,
    ) -> Result<(), ReplicaError<S::Error>> {
        self.sight(tx)?;
        let all = self.index.positions();
        self.run_again(tx, all, report)?;
        self.moved_on(tx)
    }
}
