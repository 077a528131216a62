//! Records, lots and people.

use crate::column::Column as _;
use crate::table::{column, select};
use crate::{StoreError, Tx};
use domain::id::{EncounterId, LotId, StaffId, TreatmentId};
use domain::row::{Council, Encounter, Product, Room, Staff, Treatment};
use domain::time::Day;
use std::collections::BTreeMap;

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

/// A lot as it was used in a record.
#[derive(Clone, PartialEq, Debug)]
pub struct LotUseEntry {
    /// In which record.
    pub encounter: EncounterId,
    /// Product name; empty where the console may not hold the stock.
    pub product: String,
    /// Code on the pack.
    pub code: String,
    /// Units.
    pub quantity: i64,
    /// What one unit is.
    pub unit: String,
}

/// What a member of staff signs with.
#[derive(Clone, PartialEq, Debug)]
pub struct StaffName {
    /// Full name.
    pub name: String,
    /// Registration with a council.
    pub council: Option<Council>,
}

impl Tx<'_> {
    /// The names of everybody who works or worked here, without their keys.
    pub fn staff_names(&self) -> Result<BTreeMap<StaffId, StaffName>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, name, council FROM staff")?;
        let names = statement.query_map([], |row| {
            let name = StaffName {
                name: row.get(1)?,
                council: column(row, 2)?,
            };
            Ok((column(row, 0)?, name))
        })?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

    /// The names of all treatments, those that are no longer offered included.
    pub fn treatment_names(&self) -> Result<BTreeMap<TreatmentId, String>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, name FROM treatment")?;
        let names = statement.query_map([], |row| Ok((column(row, 0)?, row.get(1)?)))?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

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
            "WHERE addendum_to = ?1 ORDER BY at, id",
            &[&first.to_column()],
        )?)
    }

    /// The lots used in a record and in those that add to it.
    pub fn lot_uses_of(&self, first: EncounterId) -> Result<Vec<LotUseEntry>, StoreError> {
        let sql = "SELECT u.encounter, coalesce(p.name, ''), coalesce(l.code, ''), u.quantity, coalesce(p.unit, '') \
             FROM lot_use u LEFT JOIN lot l ON l.id = u.lot LEFT JOIN product p ON p.id = l.product \
             WHERE u.encounter IN (SELECT ?1 UNION ALL SELECT id FROM encounter WHERE addendum_to = ?1) \
             ORDER BY u.encounter, u.id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let uses = statement.query_map([first.to_column()], |row| {
            Ok(LotUseEntry {
                encounter: column(row, 0)?,
                product: row.get(1)?,
                code: row.get(2)?,
                quantity: row.get(3)?,
                unit: row.get(4)?,
            })
        })?;
        Ok(uses.collect::<rusqlite::Result<Vec<_>>>()?)
    }
}
