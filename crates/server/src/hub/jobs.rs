//! What a connection's machine asks the storage for.
//!
//! A snapshot is not one long read transaction: pages are read one by one, each as the rows stand at that moment, while
//! the clinic goes on working. That is enough, because the machine follows the snapshot with every change since the place
//! at which it began. A row written after its page was read is in those changes; one written before was in the page
//! already and comes again, as the same row; one deleted meanwhile comes as a deletion. Checksums are sent with a batch
//! that reaches the head, read in the same transaction, so they are compared only where both sides mean the same place.

use super::changes::Question;
use crate::app::App;
use crate::authority::Outcome;
use crate::blobs::{BlobError, Progress};
use domain::blob::BlobId;
use domain::bucket::{Bucket, BucketSet};
use domain::id::DeviceId;
use domain::row::{Row, RowKey};
use domain::store_port::{AuthorityStore, Decision};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Instant;
use store::StoreError;
use sync::message::{BlobRefusal, BucketChecksum, Hello, RefusalCause};
use sync::packed::{PackError, pack};
use sync::server::{ChangesRead, Effect, Input, Session, Verdict};

/// Most bytes of packed rows in one message: a frame less what surrounds them.
const LARGEST_PACK: usize = sync::message::LONGEST_FRAME - 16 * 1024;

/// Starts storage jobs for one connection.
pub struct Jobs {
    app: Arc<App>,
    device: Option<DeviceId>,
    buckets: BucketSet,
}

impl Jobs {
    /// Jobs of a connection that has not said who it is.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            device: None,
            buckets: BucketSet::default(),
        }
    }

    /// Takes down who it is.
    pub fn admit(&mut self, session: &Session) {
        self.device = Some(session.device);
        self.buckets = session.buckets;
    }

    /// Starts what the machine asks for; the future's output is the answer. `None` for effects that are not jobs.
    pub fn start(&self, effect: Effect) -> Option<BoxFuture<'static, Input>> {
        let app = Arc::clone(&self.app);
        let (device, buckets) = (self.device, self.buckets);
        Some(match effect {
            Effect::Verify(hello) => async move { admit(&app, *hello).await }.boxed(),
            Effect::VerifyToken(token) => async move { renew(&app, device, token).await }.boxed(),
            Effect::Execute { envelopes } => {
                let device = device?;
                async move { execute(&app, device, buckets, envelopes).await }.boxed()
            }
            Effect::ReadChanges {
                from,
                buckets,
                limit,
            } => async move { changes(&app, from, buckets, limit).await }.boxed(),
            Effect::ReadSnapshotPage {
                bucket,
                after,
                limit,
            } => async move { snapshot_page(app, bucket, after, limit).await }.boxed(),
            Effect::OfferBlob { blob, len } => {
                blob_job(app, buckets, blob, move |app| app.blobs.offset(blob, len))
            }
            Effect::StoreBlobPart {
                blob,
                offset,
                bytes,
                len,
            } => blob_job(app, buckets, blob, move |app| {
                app.blobs.append(blob, len, offset, &bytes)
            }),
            Effect::ReadBlob { blob, offset, max } => {
                async move { read_blob(app, buckets, blob, offset, max).await }.boxed()
            }
            Effect::Progress { .. } | Effect::Send(_) | Effect::Close(_) | Effect::Warn(_) => {
                return None;
            }
        })
    }
}

fn failed(error: &StoreError) -> Input {
    tracing::error!(%error, "the storage failed");
    Input::StorageFailed
}

/// Checks a greeting: its token, the device, whether it was revoked.
async fn admit(app: &Arc<App>, hello: Hello) -> Input {
    let token_lives_ms = match app.check_token(&hello.token, hello.device) {
        Ok(lives) => lives,
        Err(cause) => return Input::NotAdmitted(cause),
    };
    let (epoch, server_time) = (app.epoch, app.clock.now());
    let read = app.read(move |tx| {
        let Some(device) = tx.device(hello.device)? else {
            return Ok(Err(RefusalCause::DeviceUnknown));
        };
        if device.revoked_at.is_some() {
            return Ok(Err(RefusalCause::DeviceRevoked));
        }
        let buckets = device.profile.buckets();
        let mut rows = 0;
        for bucket in buckets.iter() {
            rows += AuthorityStore::checksum(tx, bucket)?.rows;
        }
        Ok(Ok(Session {
            device: hello.device,
            buckets,
            token_lives_ms,
            epoch,
            head: tx.head()?,
            executed_through: tx.last_sequence(hello.device, hello.incarnation)?,
            rows,
            server_time,
        }))
    });
    match read.await {
        Ok(Ok(session)) => Input::Admitted(session),
        Ok(Err(cause)) => Input::NotAdmitted(cause),
        Err(error) => failed(&error),
    }
}

/// Checks a renewed token of the same device. A device revoked meanwhile is ended by the watch over revocations.
async fn renew(app: &Arc<App>, device: Option<DeviceId>, token: String) -> Input {
    let Some(device) = device else {
        return Input::NotAdmitted(RefusalCause::OutOfOrder);
    };
    match app.check_token(&token, device) {
        Ok(lives_ms) => Input::TokenRenewed { lives_ms },
        Err(cause) => Input::NotAdmitted(cause),
    }
}

async fn execute(
    app: &Arc<App>,
    device: DeviceId,
    buckets: BucketSet,
    envelopes: Vec<Vec<u8>>,
) -> Input {
    let arrived = Instant::now();
    let Some(outcomes) = app.writer.execute(device, envelopes).await else {
        return Input::StorageFailed;
    };
    let took = arrived.elapsed();
    let mut verdicts = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        verdicts.push(match outcome {
            Outcome::Decided { id, decision, .. } => {
                app.metrics.receipts.record(took);
                Verdict::Decided {
                    incarnation: id.incarnation,
                    sequence: id.sequence,
                    decision: as_seen_by(decision, buckets),
                }
            }
            Outcome::Gap { id, expected } => Verdict::Gap {
                incarnation: id.incarnation,
                expected,
            },
            Outcome::Forked { id } => Verdict::Forked {
                incarnation: id.incarnation,
                sequence: id.sequence,
            },
            Outcome::Malformed => return Input::End(RefusalCause::ForeignDevice),
        });
    }
    Input::Executed(verdicts)
}

/// A reason must not tell of rows that the device may not hold.
fn as_seen_by(decision: Decision, buckets: BucketSet) -> Decision {
    match decision {
        Decision::Rejected { reason } => Decision::Rejected {
            reason: reason.for_device(buckets),
        },
        applied @ Decision::Applied { .. } => applied,
    }
}

async fn changes(app: &Arc<App>, from: u64, buckets: BucketSet, limit: usize) -> Input {
    let question = Question {
        cursor: from,
        buckets,
        head: app.hub.head(),
    };
    let counted = Arc::clone(app);
    let read = async {
        counted.metrics.batches_read.add(1);
        app.read(move |tx| read_changes(tx, from, buckets, limit))
            .await
    };
    match app.changes.get(question, read).await {
        Ok(batch) => {
            app.metrics.batches_sent.add(1);
            Input::Changes(ChangesRead::clone(&batch))
        }
        Err(error) => failed(&error),
    }
}

/// Reads a range small enough for one frame, with checksums when it reaches the head.
fn read_changes<S>(
    tx: &mut S,
    from: u64,
    buckets: BucketSet,
    limit: usize,
) -> Result<ChangesRead, StoreError>
where
    S: AuthorityStore<Error = StoreError>,
{
    let head = tx.head()?;
    let mut limit = limit;
    let (rows, to) = loop {
        let (changes, to) = tx.changes_since(from, buckets, limit)?;
        match fitting(pack(&changes)) {
            Some(rows) => break (rows, to),
            None if limit > 1 => limit = (limit / 4).max(1),
            None => return Err(too_large()),
        }
    };
    let mut checksums = Vec::new();
    if to >= head {
        for bucket in buckets.iter() {
            checksums.push(BucketChecksum {
                bucket,
                checksum: tx.checksum(bucket)?,
            });
        }
    }
    Ok(ChangesRead {
        from,
        to,
        head,
        rows,
        checksums,
    })
}

fn fitting(packed: Result<Vec<u8>, PackError>) -> Option<Vec<u8>> {
    packed.ok().filter(|bytes| bytes.len() <= LARGEST_PACK)
}

fn too_large() -> StoreError {
    StoreError::Corrupt("a single row does not fit a message".to_owned())
}

async fn snapshot_page(
    app: Arc<App>,
    bucket: Bucket,
    after: Option<RowKey>,
    limit: usize,
) -> Input {
    let read = app.read(move |tx| {
        let mut limit = limit;
        loop {
            let rows = tx.snapshot_page(bucket, after, limit)?;
            match fitting(pack(&rows)) {
                Some(packed) => {
                    return Ok(Input::SnapshotPage {
                        rows: packed,
                        last_key: rows.last().map(Row::key),
                        complete: rows.len() < limit,
                    });
                }
                None if limit > 1 => limit = (limit / 4).max(1),
                None => return Err(too_large()),
            }
        }
    });
    read.await.unwrap_or_else(|error| failed(&error))
}

/// Runs a blob job where the device may hold photos.
fn blob_job(
    app: Arc<App>,
    buckets: BucketSet,
    blob: BlobId,
    work: impl FnOnce(&App) -> Result<Progress, BlobError> + Send + 'static,
) -> BoxFuture<'static, Input> {
    if !buckets.contains(Bucket::Photos) {
        let cause = BlobRefusal::NotAllowed;
        return std::future::ready(Input::BlobRefused { blob, cause }).boxed();
    }
    async move {
        let counted = Arc::clone(&app);
        let done = tokio::task::spawn_blocking(move || work(&app)).await;
        match done {
            Ok(Ok(Progress::Next(offset))) => Input::BlobHave { blob, offset },
            Ok(Ok(Progress::Stored)) => {
                counted.metrics.blobs_stored.add(1);
                Input::BlobStored { blob }
            }
            Ok(Err(error)) => {
                counted.metrics.blobs_refused.add(1);
                tracing::warn!(%blob, %error, "a sealed file was not taken");
                refused(blob, &error)
            }
            Err(error) => {
                tracing::error!(%error, "a blob job ended early");
                Input::StorageFailed
            }
        }
    }
    .boxed()
}

fn refused(blob: BlobId, error: &BlobError) -> Input {
    let cause = match error {
        BlobError::TooLarge { .. } => BlobRefusal::TooLarge,
        BlobError::WrongContent => BlobRefusal::WrongContent,
        BlobError::Disk(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            BlobRefusal::NoSpace
        }
        BlobError::Missing | BlobError::Disk(_) => return Input::StorageFailed,
    };
    Input::BlobRefused { blob, cause }
}

async fn read_blob(
    app: Arc<App>,
    buckets: BucketSet,
    blob: BlobId,
    offset: u64,
    max: usize,
) -> Input {
    if !buckets.contains(Bucket::Photos) {
        return Input::BlobMissing { blob };
    }
    let read = tokio::task::spawn_blocking(move || {
        let total = app.blobs.size(blob)?;
        let bytes = app.blobs.read(blob, offset, max)?;
        Ok::<_, BlobError>((total, bytes))
    });
    match read.await {
        Ok(Ok((total, bytes))) => Input::BlobPart {
            blob,
            offset,
            total,
            bytes,
        },
        Ok(Err(BlobError::Missing)) => Input::BlobMissing { blob },
        Ok(Err(error)) => {
            tracing::error!(%blob, %error, "a sealed file could not be read");
            Input::StorageFailed
        }
        Err(_) => Input::StorageFailed,
    }
}
