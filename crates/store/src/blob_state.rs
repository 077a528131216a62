//! What this console knows of each sealed file: is it here, does the server have it.

use crate::column::Column as _;
use crate::table::column;
use crate::{StoreError, Tx};
use domain::blob::BlobId;
use domain::id::PhotoId;
use domain::row::{BlobRef, Rendition};
use domain::time::Timestamp;
use rusqlite::params;
use std::collections::HashSet;

/// A sealed file that the server does not have yet.
#[derive(Clone, PartialEq, Debug)]
pub struct WaitingBlob {
    /// Which.
    pub blob: BlobRef,
    /// Of which photo.
    pub photo: PhotoId,
    /// Whether it is the original rather than a rendition.
    pub original: bool,
    /// Bytes the server has said it holds.
    pub sent: u64,
}

impl Tx<'_> {
    /// Takes down a sealed file made here.
    pub fn add_blob(
        &mut self,
        blob: &BlobRef,
        photo: PhotoId,
        original: bool,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO blob_state (blob, photo, original, len, present, sent) VALUES (?1, ?2, ?3, ?4, 1, 0) \
                 ON CONFLICT (blob) DO UPDATE SET present = 1",
            )?
            .execute(params![blob.id.0, photo.to_column(), original, blob.len.to_column()])?;
        Ok(())
    }

    /// Notes that a file made here was found damaged and removed: it is not offered to the server any more.
    pub fn set_blob_lost(&mut self, blob: BlobId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE blob_state SET present = 0 WHERE blob = ?1")?
            .execute([blob.0])?;
        Ok(())
    }

    /// Every sealed file that a photo or an upload refers to.
    pub fn referenced_blobs(&self) -> Result<HashSet<BlobId>, StoreError> {
        let mut referenced = HashSet::new();
        let mut uploads = self
            .connection
            .prepare_cached("SELECT blob FROM blob_state")?;
        for blob in uploads.query_map([], |row| row.get(0))? {
            referenced.insert(BlobId(blob?));
        }
        let mut photos = self
            .connection
            .prepare_cached("SELECT original, renditions FROM photo")?;
        let mut rows = photos.query([])?;
        while let Some(row) = rows.next()? {
            referenced.insert(column::<BlobRef>(row, 0)?.id);
            let renditions: Vec<Rendition> = column(row, 1)?;
            referenced.extend(renditions.into_iter().map(|rendition| rendition.blob.id));
        }
        Ok(referenced)
    }

    /// Notes how much of a file the server holds.
    pub fn set_blob_sent(&mut self, blob: BlobId, sent: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE blob_state SET sent = ?2 WHERE blob = ?1")?
            .execute(params![blob.0, sent.to_column()])?;
        Ok(())
    }

    /// Notes the server's receipt of a whole file.
    pub fn set_blob_uploaded(&mut self, blob: BlobId, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE blob_state SET uploaded_at = ?2, sent = len WHERE blob = ?1 AND uploaded_at IS NULL")?
            .execute(params![blob.0, at.to_column()])?;
        Ok(())
    }

    /// Files the server lacks: renditions before originals, at most `most`.
    pub fn waiting_blobs(&self, most: usize) -> Result<Vec<WaitingBlob>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT blob, len, photo, original, sent FROM blob_state WHERE uploaded_at IS NULL AND present = 1 \
             ORDER BY original, blob LIMIT ?1",
        )?;
        let waiting = statement.query_map([most as i64], |row| {
            Ok(WaitingBlob {
                blob: BlobRef {
                    id: BlobId(row.get(0)?),
                    len: column(row, 1)?,
                },
                photo: column(row, 2)?,
                original: row.get(3)?,
                sent: column(row, 4)?,
            })
        })?;
        Ok(waiting.collect::<rusqlite::Result<Vec<_>>>()?)
    }

    /// Whether the server has receipted the original of a photo that was imported here; `true` for one that came from the
    /// server.
    pub fn original_on_server(&self, blob: BlobId) -> Result<bool, StoreError> {
        let waiting: i64 = self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM blob_state WHERE blob = ?1 AND uploaded_at IS NULL",
            )?
            .query_row([blob.0], |row| row.get(0))?;
        Ok(waiting == 0)
    }
}
