//! Sealed files on their way: one upload and one download at a time, one piece of each under way, so that a photo never
//! delays a record by more than a piece. What cannot be read or is refused is passed over and blocks nothing.

use super::port::{Effect, WaitingBlob};
use crate::Moment;
use crate::message::{BlobRefusal, ConsoleMessage, LARGEST_CHUNK, encode};
use domain::blob::BlobId;
use serde_bytes::ByteBuf;
use std::collections::{BTreeSet, VecDeque};

/// Smallest piece. Pieces grow while the server answers quickly and shrink while it answers slowly, so that a control
/// message waits about a quarter of a second at most on a thin link.
const SMALLEST_CHUNK: usize = 8 * 1024;
const QUICK_MS: u64 = 100;
const SLOW_MS: u64 = 250;
/// An answer may take so long before the blob is offered or asked for again.
const ANSWER_WITHIN_MS: u64 = 30_000;
/// So many times the server may ask for a blob from an earlier place before it is given up.
const MOST_RESTARTS: u32 = 3;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Offered,
    Reading { offset: u64 },
    Sent { through: u64 },
}

#[derive(Debug)]
struct Upload {
    blob: BlobId,
    len: u64,
    step: Step,
    since: Moment,
    restarts: u32,
}

#[derive(Debug)]
struct Download {
    blob: BlobId,
    have: u64,
    writing: bool,
    since: Moment,
}

/// Both directions.
#[derive(Debug)]
pub(super) struct Blobs {
    waiting: Vec<WaitingBlob>,
    passed_over: BTreeSet<BlobId>,
    upload: Option<Upload>,
    wanted: VecDeque<(BlobId, u64)>,
    download: Option<Download>,
    chunk: usize,
}

impl Default for Blobs {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            passed_over: BTreeSet::new(),
            upload: None,
            wanted: VecDeque::new(),
            download: None,
            chunk: 16 * 1024,
        }
    }
}

impl Blobs {
    /// The connection is gone: what was under way begins again with an offer.
    pub(super) fn restart(&mut self) {
        self.upload = None;
        if let Some(download) = self.download.take() {
            self.wanted.push_front((download.blob, download.have));
        }
    }

    pub(super) fn set_waiting(&mut self, waiting: Vec<WaitingBlob>) {
        self.upload
            .take_if(|upload| !waiting.iter().any(|one| one.blob == upload.blob));
        self.passed_over.clear();
        self.waiting = waiting;
    }

    pub(super) fn want(&mut self, blob: BlobId, have: u64) {
        let known = self.download.as_ref().is_some_and(|d| d.blob == blob)
            || self.wanted.iter().any(|(wanted, _)| *wanted == blob);
        if !known {
            self.wanted.push_back((blob, have));
        }
    }

    pub(super) fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        let upload = self.upload.as_ref().map(|upload| upload.since);
        let download = self.download.as_ref().map(|download| download.since);
        upload
            .into_iter()
            .chain(download)
            .min()
            .map(|since| since.plus(ANSWER_WITHIN_MS))
    }

    /// Starts what can be started and gives up what was not answered.
    pub(super) fn pump(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.upload
            .take_if(|upload| now.since(upload.since) >= ANSWER_WITHIN_MS);
        if let Some(late) = self
            .download
            .take_if(|download| now.since(download.since) >= ANSWER_WITHIN_MS)
        {
            self.wanted.push_back((late.blob, late.have));
        }
        if self.upload.is_none() {
            let next = self
                .waiting
                .iter()
                .find(|one| !self.passed_over.contains(&one.blob));
            if let Some(WaitingBlob { blob, len }) = next.copied() {
                self.upload = Some(Upload {
                    blob,
                    len,
                    step: Step::Offered,
                    since: now,
                    restarts: 0,
                });
                effects.push(send(&ConsoleMessage::BlobOffer { blob, len }));
            }
        }
        if self.download.is_none()
            && let Some((blob, have)) = self.wanted.pop_front()
        {
            self.ask(blob, have, now, effects);
        }
    }

    fn ask(&mut self, blob: BlobId, have: u64, now: Moment, effects: &mut Vec<Effect>) {
        self.download = Some(Download {
            blob,
            have,
            writing: false,
            since: now,
        });
        effects.push(send(&ConsoleMessage::BlobGet {
            blob,
            offset: have,
            max: u32::try_from(self.chunk).unwrap_or(u32::MAX),
        }));
    }

    /// The server has so much of the blob.
    pub(super) fn have(
        &mut self,
        blob: BlobId,
        offset: u64,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) {
        let Some(upload) = self.upload.as_mut().filter(|upload| upload.blob == blob) else {
            return;
        };
        match upload.step {
            Step::Reading { .. } => return,
            Step::Offered => {}
            Step::Sent { through } if offset >= through => {
                let took = now.since(upload.since);
                if took <= QUICK_MS {
                    self.chunk = (self.chunk * 2).min(LARGEST_CHUNK);
                } else if took >= SLOW_MS {
                    self.chunk = (self.chunk / 2).max(SMALLEST_CHUNK);
                }
            }
            Step::Sent { .. } => upload.restarts += 1,
        }
        if upload.restarts > MOST_RESTARTS || offset >= upload.len {
            // A server that has every byte and still does not call the blob stored has found other content.
            self.refuse(blob, BlobRefusal::WrongContent, effects);
            return;
        }
        upload.step = Step::Reading { offset };
        upload.since = now;
        effects.push(Effect::BlobProgress { blob, sent: offset });
        effects.push(Effect::ReadBlob {
            blob,
            offset,
            max: self.chunk,
        });
    }

    /// The piece to send was read.
    pub(super) fn bytes(
        &mut self,
        blob: BlobId,
        offset: u64,
        bytes: Vec<u8>,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) {
        let Some(upload) = self
            .upload
            .as_mut()
            .filter(|upload| upload.blob == blob && upload.step == Step::Reading { offset })
        else {
            return;
        };
        if bytes.is_empty() || bytes.len() > LARGEST_CHUNK {
            self.unreadable(blob);
            return;
        }
        upload.step = Step::Sent {
            through: offset + bytes.len() as u64,
        };
        upload.since = now;
        effects.push(send(&ConsoleMessage::BlobChunk {
            blob,
            offset,
            bytes: ByteBuf::from(bytes),
        }));
    }

    /// The file cannot be read: the next one goes first until the list is given anew.
    pub(super) fn unreadable(&mut self, blob: BlobId) {
        self.upload.take_if(|upload| upload.blob == blob);
        self.passed_over.insert(blob);
    }

    pub(super) fn stored(&mut self, blob: BlobId, effects: &mut Vec<Effect>) {
        self.upload.take_if(|upload| upload.blob == blob);
        let before = self.waiting.len();
        self.waiting.retain(|one| one.blob != blob);
        if self.waiting.len() < before {
            effects.push(Effect::BlobUploaded { blob });
        }
    }

    pub(super) fn refuse(&mut self, blob: BlobId, cause: BlobRefusal, effects: &mut Vec<Effect>) {
        self.upload.take_if(|upload| upload.blob == blob);
        if self.waiting.iter().any(|one| one.blob == blob) && self.passed_over.insert(blob) {
            effects.push(Effect::BlobRefused { blob, cause });
        }
    }

    /// A wanted piece came.
    pub(super) fn data(
        &mut self,
        blob: BlobId,
        offset: u64,
        total: u64,
        bytes: Vec<u8>,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) {
        let expected = self
            .download
            .as_mut()
            .filter(|one| one.blob == blob && one.have == offset && !one.writing);
        let Some(download) = expected else { return };
        if offset >= total || bytes.is_empty() {
            self.download = None;
            effects.push(if offset == total {
                Effect::BlobComplete { blob }
            } else {
                Effect::BlobMissing { blob }
            });
            return;
        }
        if now.since(download.since) <= QUICK_MS {
            self.chunk = (self.chunk * 2).min(LARGEST_CHUNK);
        }
        download.writing = true;
        download.since = now;
        effects.push(Effect::WriteBlobPart {
            blob,
            offset,
            total,
            bytes,
        });
    }

    /// A wanted piece is on disk.
    pub(super) fn written(
        &mut self,
        blob: BlobId,
        have: u64,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) {
        if self
            .download
            .as_ref()
            .is_some_and(|one| one.blob == blob && one.writing)
        {
            // The server answers an offset at the end with an empty piece, which completes the blob.
            self.ask(blob, have, now, effects);
        }
    }

    pub(super) fn missing(&mut self, blob: BlobId, effects: &mut Vec<Effect>) {
        if self.download.take_if(|one| one.blob == blob).is_some() {
            effects.push(Effect::BlobMissing { blob });
        }
    }
}

fn send(message: &ConsoleMessage) -> Effect {
    Effect::Send(encode(message))
}
