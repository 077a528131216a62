//! What must be true once everything has calmed down.

use super::World;
use super::desk::{Desk, Name};
use crate::model::Memory;
use crate::model::clinic::founding_rows;
use domain::bucket::BucketSet;
use domain::envelope::ActionId;
use domain::row::{Row, RowChange, RowKey};
use domain::store_port::{RowStore, evaluate};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

impl World {
    pub(super) fn has_converged(&mut self) -> bool {
        let head = self.house.head();
        self.desks.iter().all(|desk| {
            let up_to_date = desk.machine.as_ref().is_some_and(|machine| {
                let status = machine.status();
                status.synced && status.cursor == head
            });
            up_to_date && self.is_online(desk) && desk.is_settled()
        })
    }

    pub(super) fn describe(&mut self) -> String {
        let mut text = format!("at {} ms, head {}", self.now, self.house.head());
        for desk in &self.desks {
            let status = desk.machine.as_ref().map(|machine| machine.status());
            let waiting = desk.outbox().filter(|(_, parked)| !parked).count();
            let _ = write!(text, "\n{:?}: {waiting} wait, {status:?}", desk.profile);
        }
        text
    }

    /// The rows that a console may hold, as the server has them.
    fn rows_for(&self, held: BucketSet) -> BTreeMap<RowKey, Row> {
        let rows = self.house.db.rows.iter();
        rows.filter(|(key, _)| held.contains(key.table.bucket()))
            .map(|(key, row)| (*key, row.clone()))
            .collect()
    }

    pub fn check(&mut self) {
        self.check_order();
        for desk in &self.desks {
            let expected = self.rows_for(desk.profile.buckets());
            assert_eq!(desk.db.rows, expected, "{:?} has other rows", desk.profile);
            assert!(desk.db.images.is_empty(), "nothing is pending");
            assert_eq!(desk.mismatches, 0, "checksums differed on the way");
            assert_eq!(desk.unreadable, 0);
            self.check_nothing_lost(desk);
        }
    }

    /// Applying the decided actions once each, in the order of their places, gives the server's rows.
    fn check_order(&self) {
        let ids: BTreeSet<ActionId> = self.house.applied.iter().map(|e| e.id).collect();
        assert_eq!(ids.len(), self.house.applied.len(), "one was applied twice");
        let mut plain = Memory::holding(BucketSet::all());
        for row in founding_rows() {
            plain.write(&RowChange::put(row)).unwrap();
        }
        for envelope in &self.house.applied {
            let action = envelope.action().unwrap();
            let effects = evaluate(&mut plain, &action, envelope.acting()).unwrap();
            for change in &effects.changes {
                plain.write(change).unwrap();
            }
        }
        assert_eq!(plain.rows, self.house.db.rows);
    }

    fn check_nothing_lost(&self, desk: &Desk) {
        let parked: BTreeSet<Name> = desk.outbox().map(|(name, _)| name).collect();
        for one in &desk.acknowledged {
            assert!(
                self.house.has_applied(one),
                "{one:?} was called done and is not"
            );
        }
        for one in &desk.made {
            assert!(
                self.house.has_applied(one) || parked.contains(one),
                "{one:?} is neither done nor shown to a person"
            );
        }
    }
}
