//! What waits on a connection, in bounded queues: pushed actions, and blobs in both directions.

use super::port::Effect;
use crate::message::{LARGEST_BLOB, LARGEST_CHUNK, RefusalCause};
use domain::blob::BlobId;
use domain::codec;
use domain::envelope::ActionId;
use domain::id::DeviceId;
use serde::Deserialize;
use serde_bytes::ByteBuf;
use std::collections::VecDeque;

/// Most pushed actions that wait; four times what a console has on its way.
const MOST_PUSHED: usize = 1_024;
const MOST_PUSHED_BYTES: usize = 4 * 1024 * 1024;
/// Most actions decided in one transaction for one connection.
const EXECUTE_AT_ONCE: usize = 64;
/// Most blob requests that wait; a console has one of each direction on its way.
const MOST_BLOB_REQUESTS: usize = 8;

/// The only part of an envelope that the connection looks at.
#[derive(Deserialize)]
struct EnvelopeHead {
    id: ActionId,
}

/// Pushed actions that wait to be decided.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Pushes {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes in a push message of the device.
    pub(super) fn take(
        &mut self,
        envelopes: Vec<ByteBuf>,
        device: DeviceId,
    ) -> Result<(), RefusalCause> {
        for envelope in envelopes {
            let head =
                codec::decode::<EnvelopeHead>(&envelope).map_err(|_| RefusalCause::Malformed)?;
            if head.id.device != device {
                return Err(RefusalCause::ForeignDevice);
            }
            self.bytes += envelope.len();
            self.waiting.push_back(envelope.into_vec());
        }
        if self.waiting.len() > MOST_PUSHED || self.bytes > MOST_PUSHED_BYTES {
            return Err(RefusalCause::TooFast);
        }
        Ok(())
    }

    /// The next ones to decide about.
    pub(super) fn next(&mut self) -> Vec<Vec<u8>> {
        let count = self.waiting.len().min(EXECUTE_AT_ONCE);
        let next: Vec<_> = self.waiting.drain(..count).collect();
        self.bytes -= next.iter().map(Vec::len).sum::<usize>();
        next
    }
}

/// A blob request that waits.
#[derive(Debug)]
pub(super) enum BlobRequest {
    Offer {
        blob: BlobId,
        len: u64,
    },
    Chunk {
        blob: BlobId,
        offset: u64,
        bytes: Vec<u8>,
    },
    Get {
        blob: BlobId,
        offset: u64,
        max: usize,
    },
}

/// Blob requests that wait, and the blob being uploaded.
#[derive(Debug, Default)]
pub(super) struct BlobLane {
    waiting: VecDeque<BlobRequest>,
    upload: Option<(BlobId, u64)>,
}

impl BlobLane {
    pub(super) fn take(&mut self, request: BlobRequest) -> Result<(), RefusalCause> {
        match &request {
            BlobRequest::Offer { len, .. } if *len > LARGEST_BLOB => {
                return Err(RefusalCause::TooLarge);
            }
            BlobRequest::Chunk { bytes, .. } if bytes.len() > LARGEST_CHUNK => {
                return Err(RefusalCause::TooLarge);
            }
            _ => {}
        }
        self.waiting.push_back(request);
        if self.waiting.len() > MOST_BLOB_REQUESTS {
            return Err(RefusalCause::TooFast);
        }
        Ok(())
    }

    /// The next one for the storage. A piece of a blob that was not offered is passed over.
    pub(super) fn next(&mut self) -> Option<Effect> {
        while let Some(request) = self.waiting.pop_front() {
            match request {
                BlobRequest::Offer { blob, len } => {
                    self.upload = Some((blob, len));
                    return Some(Effect::OfferBlob { blob, len });
                }
                BlobRequest::Chunk {
                    blob,
                    offset,
                    bytes,
                } => {
                    let offered = self.upload.filter(|(offered, _)| *offered == blob);
                    if let Some((_, len)) = offered
                        && offset.saturating_add(bytes.len() as u64) <= len
                    {
                        return Some(Effect::StoreBlobPart {
                            blob,
                            offset,
                            bytes,
                            len,
                        });
                    }
                }
                BlobRequest::Get { blob, offset, max } => {
                    let max = max.clamp(1, LARGEST_CHUNK);
                    return Some(Effect::ReadBlob { blob, offset, max });
                }
            }
        }
        None
    }
}
