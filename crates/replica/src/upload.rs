//! How far the upload of sealed files came, and in which order they go.
//!
//! The state is a table of the store ([`store::blob_state`]); what the connection's machine is told and what it tells
//! passes through here. An upload goes on where the server says it stands, and is called done only on the server's word.

use domain::time::Timestamp;
use store::{StoreError, Tx};
use sync::console::{Effect, WaitingBlob};

/// Files that the server lacks, renditions before originals, at most `most`: for
/// [`sync::console::Input::BlobsWaiting`].
pub fn waiting(tx: &Tx<'_>, most: usize) -> Result<Vec<WaitingBlob>, StoreError> {
    let waiting = tx.waiting_blobs(most)?;
    Ok(waiting
        .into_iter()
        .map(|one| WaitingBlob {
            blob: one.blob.id,
            len: one.blob.len,
        })
        .collect())
}

/// Takes down what an effect of the machine says about an upload; false when it says nothing about one.
pub fn take_down(tx: &mut Tx<'_>, effect: &Effect, now: Timestamp) -> Result<bool, StoreError> {
    match effect {
        Effect::BlobProgress { blob, sent } => tx.set_blob_sent(*blob, *sent)?,
        Effect::BlobUploaded { blob } => tx.set_blob_uploaded(*blob, now)?,
        _ => return Ok(false),
    }
    Ok(true)
}
