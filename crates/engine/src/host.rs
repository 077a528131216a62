//! What the link asks of the console: storage jobs, the outbox, sealed files, and who is told of its state.

use crate::console::{Console, FILLED, LAST_RECEIPT};
use crate::net::{Host, HostFailed, LinkState, LinkStatus};
use domain::blob::BlobId;
use domain::codec;
use domain::id::IncarnationId;
use domain::store_port::ReplicaStore as _;
use domain::time::Timestamp;
use monitor::Area;
use std::time::Instant;
use store::StoreError;
use sync::console::{OutboxItem, WaitingBlob};
use sync::message::BlobRefusal;
use sync::standing::{Standing, StoreJob, StoreReport};

/// Files handed to the link's queue at most.
const MOST_WAITING_BLOBS: usize = 512;

fn failed(what: &'static str) -> impl FnOnce(&dyn std::error::Error) -> HostFailed {
    move |error| {
        tracing::error!(%error, what, "the console's storage failed");
        HostFailed
    }
}

impl Host for Console {
    fn standing(&self) -> Result<Standing, HostFailed> {
        let replica = self.replica();
        self.store
            .read(|tx| replica.standing(tx))
            .map_err(|error| failed("standing")(&error))
    }

    fn run(&self, job: &StoreJob) -> Result<StoreReport, HostFailed> {
        let fresh = IncarnationId::make(&*self.config.clock, &*self.config.entropy);
        let now = self.now();
        let begun = Instant::now();
        let mut replica = self.replica();
        let done = self.store.write(|tx| {
            let (answer, report) = replica.run(tx, job, fresh)?;
            if !report.done.is_empty() {
                tx.state_put(LAST_RECEIPT, &codec::encode(&now))?;
            }
            if matches!(job, StoreJob::SnapshotFinish { .. }) {
                tx.state_put(FILLED, &[1])?;
            }
            Ok::<_, replica::ReplicaError<StoreError>>((answer, report))
        });
        drop(replica);
        self.recorder
            .record(Area::Sync, job_name(job), begun.elapsed(), done.is_ok());
        let (answer, report) = done.map_err(|error| failed("storage job")(&error))?;
        self.after_job(job, &report);
        Ok(answer)
    }

    fn outbox_after(&self, position: u64, limit: usize) -> Result<Vec<OutboxItem>, HostFailed> {
        let mut replica = self.replica();
        self.store
            .read(|tx| replica.to_send(tx, position, limit))
            .map_err(|error| failed("outbox")(&error))
    }

    fn outbox_unreadable(&self, position: u64) {
        tracing::error!(position, "an outbox entry cannot be read and is not sent");
        self.tell_sync();
    }

    fn blobs_waiting(&self) -> Result<Vec<WaitingBlob>, HostFailed> {
        self.store
            .read(|tx| replica::upload::waiting(tx, MOST_WAITING_BLOBS))
            .map_err(|error| failed("waiting pictures")(&error))
    }

    fn blob_part(&self, blob: BlobId, offset: u64, max: usize) -> Result<Vec<u8>, HostFailed> {
        self.blobs
            .part(blob, offset, max)
            .map_err(|error| failed("sealed picture")(&error))
    }

    fn blob_progress(&self, blob: BlobId, sent: u64) {
        if let Err(error) = self.store.write(|tx| tx.set_blob_sent(blob, sent)) {
            tracing::warn!(%error, "the progress of an upload was not kept");
        }
        self.tell_sync();
    }

    fn blob_uploaded(&self, blob: BlobId) {
        let now = self.now();
        // Until it is kept, the file is offered again after the next connection and answered at once.
        if let Err(error) = self.store.write(|tx| tx.set_blob_uploaded(blob, now)) {
            tracing::warn!(%error, "the receipt of a picture was not kept");
        }
        self.tell_sync();
    }

    fn blob_refused(&self, blob: BlobId, cause: BlobRefusal) {
        tracing::error!(%blob, ?cause, "the server does not take a sealed picture");
        self.recorder.count_failure("photo_refused");
    }

    fn blob_write(&self, blob: BlobId, offset: u64, bytes: &[u8]) -> Result<u64, HostFailed> {
        self.blobs
            .write_part(blob, offset, bytes)
            .map_err(|error| failed("arriving picture")(&error))
    }

    fn blob_complete(&self, blob: BlobId) {
        match self.blobs.accept(blob) {
            Ok(()) => self.imports.arrived(blob),
            Err(error) => {
                tracing::warn!(%error, "an arriving picture was damaged and is fetched again");
                self.recorder.count_failure("photo_damaged");
                if let Some(link) = self.link() {
                    link.want_blob(blob, 0);
                }
            }
        }
    }

    fn blob_missing(&self, blob: BlobId) {
        self.imports.missing(blob);
    }

    fn status_changed(&self, status: &LinkStatus) {
        let online = status.connection == LinkState::Online && !status.filling;
        if self.came_online(online) {
            self.prefetch_photos();
        }
        self.tell_sync();
    }

    fn server_time(&self) -> Option<Timestamp> {
        let replica = self.replica();
        self.store
            .read(|tx| replica.progress(tx))
            .ok()
            .and_then(|progress| progress.server_time)
    }
}

fn job_name(job: &StoreJob) -> &'static str {
    match job {
        StoreJob::Adopt { .. } => "adopt",
        StoreJob::Apply(_) => "apply",
        StoreJob::SnapshotReset { .. } => "snapshot_reset",
        StoreJob::SnapshotPage { .. } => "snapshot_page",
        StoreJob::SnapshotFinish { .. } => "snapshot_finish",
        StoreJob::Fork(_) => "fork",
    }
}
