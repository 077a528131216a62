//! Records, lots and people.

use crate::column::Column as _;
use crate::table::{column, select};
use crate::{StoreError, Tx};
use domain::id::{EncounterId, LotId};
use domain::row::{Encounter, LotUse, Product, Room, Staff, Treatment};
use domain::time::Day;

/// A lot with its product's name.
#[derive(Clone, PartialEq, Debug)]
pub struct LotEntry {
    /// Which.
    pub id: LotId,
    /// Product name.
    pub product: String,
    /// What one unit is.
    pub unit: String,
    /// Code on the pack.
    pub code: String,
    /// Last day of use.
    pub expires: Day,
    /// Units left.
    pub remaining: i64,
}

impl Tx<'_> {
    /// Everybody who works here.
    pub fn staff(&self) -> Result<Vec<Staff>, StoreError> {
        Ok(select::<Staff>(self.connection, "ORDER BY name", &[])?)
    }

    /// Rooms by name.
    pub fn rooms(&self) -> Result<Vec<Room>, StoreError> {
        Ok(select::<Room>(self.connection, "ORDER BY name", &[])?)
    }

    /// Treatments by category and name.
    pub fn treatments(&self) -> Result<Vec<Treatment>, StoreError> {
        Ok(select::<Treatment>(
            self.connection,
            "ORDER BY category, name",
            &[],
        )?)
    }

    /// Products by name.
    pub fn products(&self) -> Result<Vec<Product>, StoreError> {
        Ok(select::<Product>(self.connection, "ORDER BY name", &[])?)
    }

    /// Lots that have units left, soonest to expire first.
    pub fn lots_in_stock(&self) -> Result<Vec<LotEntry>, StoreError> {
        let sql = "SELECT l.id, coalesce(p.name, ''), coalesce(p.unit, ''), l.code, l.expires, l.remaining FROM lot l \
             LEFT JOIN product p ON p.id = l.product WHERE l.remaining > 0 ORDER BY l.expires, l.code";
        let mut statement = self.connection.prepare_cached(sql)?;
        let lots = statement.query_map([], |row| {
            Ok(LotEntry {
                id: column(row, 0)?,
                product: row.get(1)?,
                unit: row.get(2)?,
                code: row.get(3)?,
                expires: column(row, 4)?,
                remaining: row.get(5)?,
            })
        })?;
        Ok(lots.collect::<rusqlite::Result<Vec<_>>>()?)
    }

    /// The records that add to one, oldest first.
    pub fn addenda_of(&self, first: EncounterId) -> Result<Vec<Encounter>, StoreError> {
        Ok(select::<Encounter>(
            self.connection,
            "WHERE addendum_to = ?1 ORDER BY at",
            &[&first.to_column()],
        )?)
    }

    /// The lots used in a record.
    pub fn lot_uses_of(&self, encounter: EncounterId) -> Result<Vec<LotUse>, StoreError> {
        Ok(select::<LotUse>(
            self.connection,
            "WHERE encounter = ?1",
            &[&encounter.to_column()],
        )?)
    }
}
