//! Stock.

use super::{Actor, Apply, Effects, Refusal, checked_text, need, need_absent};
use crate::id::{LotId, ProductId};
use crate::read::{ReadSet, WorkingSet};
use crate::rejection::Rejection;
use crate::role::Permission;
use crate::row::{Lot, Product};
use crate::time::Day;
use serde::{Deserialize, Serialize};

/// Takes a lot into stock.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReceiveLot {
    /// The new lot.
    pub id: LotId,
    /// Of which product.
    pub product: ProductId,
    /// Code printed on the pack.
    pub code: String,
    /// Last day it may be used.
    pub expires: Day,
    /// Units; more than zero.
    pub quantity: i64,
}

impl Apply for ReceiveLot {
    const NEEDS: Permission = Permission::ManageStock;

    fn footprint(&self) -> ReadSet {
        ReadSet::new().row(self.id).row(self.product)
    }

    fn apply(&self, rows: &WorkingSet, _actor: Actor) -> Result<Effects, Refusal> {
        need_absent::<Lot>(rows, self.id)?;
        let product = need::<Product>(rows, self.product)?;
        if !(1..=1_000_000).contains(&self.quantity) {
            return Err(Rejection::invalid("quantity").into());
        }
        let mut effects = Effects {
            changes: Vec::new(),
            provisional: product.is_none(),
        };
        effects.put(Lot {
            id: self.id,
            product: self.product,
            code: checked_text("code", &self.code, 60)?,
            expires: self.expires,
            received: self.quantity,
            remaining: self.quantity,
        });
        Ok(effects)
    }
}
