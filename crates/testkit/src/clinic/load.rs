//! Filling a real store with many rows.

use domain::row::{Row, RowChange};
use domain::store_port::RowStore as _;
use store::{Store, StoreError};

/// Rows of one transaction: few commits, and a write-ahead log that stays small.
pub const LOAD_ROWS: usize = 5_000;

/// Writes rows into a store in large transactions. What was pushed is written for certain only after [`Loader::finish`].
pub struct Loader<'s> {
    store: &'s Store,
    waiting: Vec<RowChange>,
}

impl<'s> Loader<'s> {
    /// Loads into `store`.
    pub fn new(store: &'s Store) -> Self {
        Self {
            store,
            waiting: Vec::with_capacity(LOAD_ROWS),
        }
    }

    /// Takes one more row.
    ///
    /// # Errors
    /// When the store cannot write the rows that have come together.
    pub fn push(&mut self, row: Row) -> Result<(), StoreError> {
        self.waiting.push(RowChange::put(row));
        if self.waiting.len() >= LOAD_ROWS {
            self.finish()
        } else {
            Ok(())
        }
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// When the store cannot write.
    pub fn finish(&mut self) -> Result<(), StoreError> {
        self.store
            .write(|tx| self.waiting.iter().try_for_each(|row| tx.write(row)))?;
        self.waiting.clear();
        Ok(())
    }
}
