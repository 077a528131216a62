//! The console's storage as the link uses it: off the async threads, one question after the other.
//!
//! Two lanes run side by side, one for records and one for sealed files, so that checking the hash of a large picture does
//! not hold up a booking. Within a lane, everything happens in the order in which the machine asked.

use super::{Host, HostFailed};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use sync::console::{Effect, Input, WaitingBlob};
use sync::standing::Standing;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// What a lane answers.
#[derive(Debug)]
pub(super) enum Answer {
    /// The answer to a question of the machine.
    Input(Input),
    /// Where the console stands, to start with.
    Standing(Result<Standing, HostFailed>),
    /// The outbox could not be read.
    OutboxFailed,
    /// What waits to be uploaded.
    Blobs(Result<Vec<WaitingBlob>, HostFailed>),
}

type Ask = Box<dyn FnOnce(&dyn Host) -> Result<Option<Answer>, HostFailed> + Send>;

/// A question, and the answer to give when the host fails.
pub(super) struct Work {
    ask: Ask,
    failed: Option<Answer>,
}

impl Work {
    fn new(
        failed: Option<Answer>,
        ask: impl FnOnce(&dyn Host) -> Result<Option<Answer>, HostFailed> + Send + 'static,
    ) -> Self {
        Self {
            ask: Box::new(ask),
            failed,
        }
    }

    /// Something the host is only told.
    fn tell(tell: impl FnOnce(&dyn Host) + Send + 'static) -> Self {
        Self::new(None, |host| {
            tell(host);
            Ok(None)
        })
    }

    /// Asks where the console stands.
    pub(super) fn standing() -> Self {
        Self::new(Some(Answer::Standing(Err(HostFailed))), |host| {
            host.standing()
                .map(|standing| Some(Answer::Standing(Ok(standing))))
        })
    }

    /// Asks what waits to be uploaded.
    pub(super) fn blobs_waiting() -> Self {
        Self::new(Some(Answer::Blobs(Err(HostFailed))), |host| {
            host.blobs_waiting()
                .map(|waiting| Some(Answer::Blobs(Ok(waiting))))
        })
    }

    fn run(self, host: &dyn Host) -> Option<Answer> {
        // A question that is never answered would stop the machine for good, so a panic counts as a failure. The hook has
        // reported it already.
        match catch_unwind(AssertUnwindSafe(|| (self.ask)(host))) {
            Ok(Ok(answer)) => answer,
            Ok(Err(HostFailed)) | Err(_) => self.failed,
        }
    }
}

/// Which lane an effect belongs to.
pub(super) enum Errand {
    /// Actions and rows.
    Records(Work),
    /// Sealed files.
    Blobs(Work),
}

/// What an effect of the machine asks of the storage; `None` when it asks nothing.
pub(super) fn errand(effect: Effect) -> Option<Errand> {
    let input = |input| Ok(Some(Answer::Input(input)));
    let records = match effect {
        Effect::Store(job) => Work::new(Some(Answer::Input(Input::StoreFailed)), move |host| {
            host.run(&job)
                .and_then(|report| input(Input::Stored(report)))
        }),
        Effect::LoadOutbox {
            ticket,
            after,
            limit,
        } => Work::new(Some(Answer::OutboxFailed), move |host| {
            let items = host.outbox_after(after, limit)?;
            input(Input::OutboxBatch { ticket, items })
        }),
        Effect::Unreadable { position } => Work::tell(move |host| host.outbox_unreadable(position)),
        other => return blob_work(other).map(Errand::Blobs),
    };
    Some(Errand::Records(records))
}

fn blob_work(effect: Effect) -> Option<Work> {
    let input = |input| Ok(Some(Answer::Input(input)));
    Some(match effect {
        Effect::ReadBlob { blob, offset, max } => {
            let failed = Answer::Input(Input::BlobUnreadable { blob });
            Work::new(Some(failed), move |host| {
                let bytes = host.blob_part(blob, offset, max)?;
                input(Input::BlobBytes {
                    blob,
                    offset,
                    bytes,
                })
            })
        }
        // A piece that could not be written is not answered: the machine asks for it again when its patience ends, which
        // leaves a full disk some time.
        Effect::WriteBlobPart {
            blob,
            offset,
            bytes,
            ..
        } => Work::new(None, move |host| {
            let have = host.blob_write(blob, offset, &bytes)?;
            input(Input::BlobPartWritten { blob, have })
        }),
        Effect::BlobProgress { blob, sent } => {
            Work::tell(move |host| host.blob_progress(blob, sent))
        }
        Effect::BlobUploaded { blob } => Work::tell(move |host| host.blob_uploaded(blob)),
        Effect::BlobRefused { blob, cause } => {
            Work::tell(move |host| host.blob_refused(blob, cause))
        }
        Effect::BlobComplete { blob } => Work::tell(move |host| host.blob_complete(blob)),
        Effect::BlobMissing { blob } => Work::tell(move |host| host.blob_missing(blob)),
        _ => return None,
    })
}

/// A thread that does one thing after the other.
pub(super) struct Lane {
    work: UnboundedSender<Work>,
    thread: JoinHandle<()>,
}

impl Lane {
    /// Starts it. After `stopping` is set, what still waits is left undone.
    pub(super) fn start(
        runtime: &Handle,
        host: Arc<dyn Host>,
        answers: UnboundedSender<Answer>,
        stopping: Arc<AtomicBool>,
    ) -> Self {
        // Not bounded by itself: the machine has one question of each kind under way at a time.
        let (work, mut waiting) = unbounded_channel::<Work>();
        let thread = runtime.spawn_blocking(move || {
            while let Some(work) = waiting.blocking_recv() {
                if stopping.load(Ordering::Acquire) {
                    return;
                }
                if let Some(answer) = work.run(&*host)
                    && answers.send(answer).is_err()
                {
                    return;
                }
            }
        });
        Self { work, thread }
    }

    /// Takes on work.
    pub(super) fn take_on(&self, work: Work) {
        // The thread ends only together with the link.
        let _ = self.work.send(work);
    }

    /// Lets what is under way finish.
    pub(super) async fn end(self) {
        drop(self.work);
        // Panics of the host were caught; there is nothing else to learn.
        let _ = self.thread.await;
    }
}
