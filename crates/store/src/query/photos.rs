//! Photos.

use crate::column::Column as _;
use crate::table::{column, select};
use crate::{StoreError, Tx};
use domain::blob::BlobId;
use domain::id::{ClientId, PhotoId};
use domain::row::Photo;
use domain::time::Timestamp;
use rusqlite::OptionalExtension as _;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What the photos of this database come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PhotoTotals {
    /// Photos.
    pub photos: u64,
    /// Bytes of the originals.
    pub original_bytes: u64,
    /// Bytes of the widest rendition of each.
    pub widest_bytes: u64,
}

impl Tx<'_> {
    /// A client's photos that were not taken back, newest first.
    pub fn photos_of(&self, client: ClientId) -> Result<Vec<Photo>, StoreError> {
        Ok(select::<Photo>(
            self.connection,
            "WHERE client = ?1 AND withdrawn_at IS NULL ORDER BY taken_at DESC, id DESC",
            &[&client.to_column()],
        )?)
    }

    /// Everybody's photos, newest first, after the given one.
    pub fn photos_page(
        &self,
        after: Option<(Timestamp, PhotoId)>,
        limit: usize,
    ) -> Result<Vec<Photo>, StoreError> {
        let (at, id) = after.map_or((Timestamp(i64::MAX), Uuid::max()), |(at, id)| (at, id.0));
        Ok(select::<Photo>(
            self.connection,
            "WHERE (taken_at, id) < (?1, ?2) AND withdrawn_at IS NULL ORDER BY taken_at DESC, id DESC LIMIT ?3",
            &[&at.to_column(), &id.to_column(), &(limit as i64)],
        )?)
    }

    /// The photo of a client that has this fingerprint, taken back or not.
    pub fn photo_by_fingerprint(
        &self,
        client: ClientId,
        fingerprint: &[u8],
    ) -> Result<Option<PhotoId>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT id FROM photo WHERE fingerprint = ?1 AND client = ?2 LIMIT 1")?
            .query_row(rusqlite::params![fingerprint, client.to_column()], |row| {
                column(row, 0)
            })
            .optional()?)
    }

    /// The originals here that the server has not receipted yet, all at once; see [`Tx::original_on_server`] for one.
    pub fn originals_waiting(&self) -> Result<BTreeSet<BlobId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT blob FROM blob_state WHERE original = 1 AND uploaded_at IS NULL AND present = 1",
        )?;
        let waiting = statement.query_map([], |row| Ok(BlobId(row.get(0)?)))?;
        Ok(waiting.collect::<rusqlite::Result<_>>()?)
    }

    /// Sums over all photos.
    pub fn photo_totals(&self) -> Result<PhotoTotals, StoreError> {
        let sql = "SELECT original_bytes, renditions FROM photo WHERE withdrawn_at IS NULL";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut totals = PhotoTotals::default();
        while let Some(row) = rows.next()? {
            let renditions: Vec<domain::row::Rendition> = column(row, 1)?;
            totals.photos += 1;
            totals.original_bytes += column::<u64>(row, 0)?;
            totals.widest_bytes += renditions.last().map_or(0, |rendition| rendition.bytes);
        }
        Ok(totals)
    }
}
