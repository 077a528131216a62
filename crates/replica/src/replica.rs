//! The replica's hand: opening, running storage jobs, and keeping the index true.

use crate::error::ReplicaError;
use crate::index::Index;
use crate::progress::{self, Life, Opened, Progress};
use crate::rebase::Report;
use domain::codec;
use domain::envelope::{ActionId, Envelope};
use domain::id::{DeviceId, IncarnationId};
use domain::rejection::Rejection;
use domain::store_port::{Decision, ReplicaStore};
use sync::standing::{ForkCause, Settled, Standing, StoreJob, StoreReport};

/// Works on one replica's transactions. Holds no rows and no secrets: only an index of what the pending actions read and
/// changed, which is rebuilt when it does not describe the database any more (after a start or a roll-back).
#[derive(Debug, Default)]
pub struct Replica {
    pub(crate) index: Index,
    seen: bool,
}

impl Replica {
    /// A replica that has not looked at its database yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the outbox of a device. `marker` is a random value kept outside the database, beside it: when it is not the one
    /// the database knows, the database is a restored backup or a copy, and the outbox goes on under `fresh`, a new
    /// incarnation. Afterwards the database knows `marker`.
    pub fn open<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        device: DeviceId,
        marker: &[u8],
        fresh: IncarnationId,
    ) -> Result<Opened, ReplicaError<S::Error>> {
        let Some(mut life) = progress::life_if_any(tx)? else {
            let life = Life {
                device,
                incarnation: fresh,
                marker: marker.to_vec(),
                base: 0,
                next_position: 1,
                last_hash: [0; 32],
            };
            progress::put_life(tx, &life)?;
            return Ok(Opened::New);
        };
        if life.device != device {
            return Err(ReplicaError::OtherDevice);
        }
        if life.marker == marker {
            return Ok(Opened::Same);
        }
        life.fork(fresh);
        life.marker = marker.to_vec();
        progress::put_life(tx, &life)?;
        Ok(Opened::Forked)
    }

    /// Where the console stands, as the connection's machine wants it.
    pub fn standing<S: ReplicaStore>(
        &self,
        tx: &mut S,
    ) -> Result<Standing, ReplicaError<S::Error>> {
        progress::standing(tx)
    }

    /// How far the console came.
    pub fn progress<S: ReplicaStore>(
        &self,
        tx: &mut S,
    ) -> Result<Progress, ReplicaError<S::Error>> {
        progress::progress(tx)
    }

    /// Runs a job of the connection's machine. `fresh` is used if the job begins a new life of the outbox.
    pub fn run<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        job: &StoreJob,
        fresh: IncarnationId,
    ) -> Result<(StoreReport, Report), ReplicaError<S::Error>> {
        let report = match job {
            StoreJob::Adopt {
                epoch,
                buckets,
                server_time,
            } => self.adopt(tx, *epoch, *buckets, *server_time)?,
            StoreJob::Apply(batch) => self.apply_batch(tx, batch)?,
            StoreJob::SnapshotReset { at_seq, buckets } => {
                self.snapshot_reset(tx, *at_seq, *buckets)?
            }
            StoreJob::SnapshotPage { bucket, rows, last } => {
                self.snapshot_page(tx, *bucket, rows, *last)?
            }
            StoreJob::SnapshotFinish { at_seq } => self.snapshot_finish(tx, *at_seq)?,
            StoreJob::Fork(cause) => self.fork(tx, *cause, fresh)?,
        };
        let answer = StoreReport {
            standing: progress::standing(tx)?,
            mismatched: report.mismatched,
        };
        Ok((answer, report))
    }

    /// Begins a new life of the outbox, and parks what the server cannot take any more of the old one.
    fn fork<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        cause: ForkCause,
        fresh: IncarnationId,
    ) -> Result<Report, ReplicaError<S::Error>> {
        let mut life = progress::life(tx)?;
        let report = match cause {
            ForkCause::OldCopy => {
                life.fork(fresh);
                Report::default()
            }
            ForkCause::Unsendable(id) => {
                if life.incarnation == id.incarnation {
                    life.fork(fresh);
                }
                let stranded = self.stranded_from(tx, id)?;
                self.reconcile(tx, &[], &stranded)?
            }
        };
        progress::put_life(tx, &life)?;
        Ok(report)
    }

    /// The actions from `id` on in its life of the outbox, as refused ones.
    fn stranded_from<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        id: ActionId,
    ) -> Result<Vec<Settled>, ReplicaError<S::Error>> {
        let stranded = tx.outbox_from(0)?.into_iter().filter(|entry| {
            codec::decode::<Envelope>(&entry.envelope).is_ok_and(|envelope| {
                envelope.id.incarnation == id.incarnation && envelope.id.sequence >= id.sequence
            })
        });
        Ok(stranded
            .map(|entry| Settled {
                position: entry.sequence,
                decision: Decision::Rejected {
                    reason: Rejection::OutboxForked,
                },
            })
            .collect())
    }

    /// Makes sure that the index describes the database.
    pub(crate) fn sight<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
    ) -> Result<(), ReplicaError<S::Error>> {
        let stamp = progress::stamp(tx)?;
        if !self.seen || self.index.stamp != stamp {
            self.index = Index::build(tx, stamp)?;
            self.seen = true;
        }
        Ok(())
    }

    /// Says that the outbox is another one now.
    pub(crate) fn moved_on<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
    ) -> Result<(), ReplicaError<S::Error>> {
        self.index.stamp += 1;
        progress::put_stamp(tx, self.index.stamp)?;
        Ok(())
    }
}
