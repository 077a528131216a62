//! What waits for the storage: one job at a time, in the order it came from the server.

use super::window::Window;
use crate::message::Changes;
use crate::packed::{PackError, unpack};
use crate::standing::{Batch, Settled, Standing, StoreJob};
use domain::bucket::Bucket;
use std::collections::VecDeque;

/// Something for the storage, as it came.
#[derive(Debug)]
pub(super) enum Queued {
    Job(StoreJob),
    Changes(Changes),
    Page {
        bucket: Bucket,
        rows: Vec<u8>,
        last: bool,
    },
}

/// The job under way.
#[derive(Debug)]
pub(super) struct Running {
    /// The connection it came from.
    pub(super) connection: u64,
    pub(super) settled: Vec<Settled>,
    pub(super) is_page: bool,
    pub(super) is_fork: bool,
}

/// The queue. Bounded by the server: it sends at most two ranges or one page ahead of what is stored.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    pub(super) running: Option<Running>,
    queue: VecDeque<Queued>,
    /// The cursor after everything queued.
    pub(super) stream_at: u64,
}

/// Longest queue before the server is taken for broken.
const MOST_QUEUED: usize = 32;

impl Jobs {
    pub(super) fn clear(&mut self) {
        self.queue.clear();
    }

    /// Queues; false when the server sends without waiting for what is stored.
    #[must_use]
    pub(super) fn push(&mut self, queued: Queued) -> bool {
        self.queue.push_back(queued);
        self.queue.len() <= MOST_QUEUED
    }

    pub(super) fn is_idle(&self) -> bool {
        self.running.is_none() && self.queue.is_empty()
    }

    /// The next job for the storage.
    pub(super) fn next(
        &mut self,
        standing: &Standing,
        window: &Window,
        connection: u64,
    ) -> Result<Option<StoreJob>, PackError> {
        if self.running.is_some() {
            return Ok(None);
        }
        let mut settled = Vec::new();
        let job = match self.queue.pop_front() {
            Some(Queued::Job(job)) => job,
            Some(Queued::Page { bucket, rows, last }) => StoreJob::SnapshotPage {
                bucket,
                rows: unpack(&rows)?,
                last,
            },
            Some(Queued::Changes(changes)) => {
                settled = window.ready(changes.to);
                StoreJob::Apply(Batch {
                    from: changes.from,
                    to: changes.to,
                    changes: unpack(&changes.rows)?,
                    settled: settled.clone(),
                    checksums: changes.checksums,
                })
            }
            None => {
                // While a snapshot fills the buckets, pending actions are not applied, so decisions wait for its end.
                settled = window.ready(standing.cursor);
                if settled.is_empty() || standing.snapshot.is_some() {
                    return Ok(None);
                }
                StoreJob::Apply(Batch {
                    from: standing.cursor,
                    to: standing.cursor,
                    settled: settled.clone(),
                    ..Batch::default()
                })
            }
        };
        self.running = Some(Running {
            connection,
            settled,
            is_page: matches!(job, StoreJob::SnapshotPage { .. }),
            is_fork: matches!(job, StoreJob::Fork(_)),
        });
        Ok(Some(job))
    }
}
