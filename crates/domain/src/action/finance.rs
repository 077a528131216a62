//! Payments. A payment is never edited; a refund is a new entry.

use super::clinical::tick;
use super::{Actor, Apply, Effects, Refusal, need, need_absent};
use crate::id::{AppointmentId, ClientId, PaymentId};
use crate::money::Cents;
use crate::read::{Read, ReadSet, WorkingSet};
use crate::rejection::Rejection;
use crate::role::Permission;
use crate::row::{Client, Payment, PaymentMethod, VisitTicks};
use crate::time::Day;
use serde::{Deserialize, Serialize};

/// Ten million reais: beyond it, somebody typed cents as reais.
const LARGEST: Cents = Cents(1_000_000_000);

/// Records a payment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TakePayment {
    /// The new payment.
    pub id: PaymentId,
    /// By whom.
    pub client: ClientId,
    /// For which visit.
    pub appointment: Option<AppointmentId>,
    /// How much; more than zero.
    pub amount: Cents,
    /// How.
    pub method: PaymentMethod,
    /// 1 when paid at once; up to 24 on credit.
    pub instalments: i32,
    /// Civil day of the clinic.
    pub day: Day,
}

impl Apply for TakePayment {
    const NEEDS: Permission = Permission::TakePayments;

    fn footprint(&self) -> ReadSet {
        let reads = ReadSet::new().row(self.id).row(self.client);
        match self.appointment {
            Some(appointment) => reads.with(Read::Row(VisitTicks::key(appointment))),
            None => reads,
        }
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        need_absent::<Payment>(rows, self.id)?;
        let client = need::<Client>(rows, self.client)?;
        if self.amount <= Cents(0) || self.amount > LARGEST {
            return Err(Rejection::invalid("amount").into());
        }
        let most = if self.method == PaymentMethod::Credit {
            24
        } else {
            1
        };
        if !(1..=most).contains(&self.instalments) {
            return Err(Rejection::invalid("instalments").into());
        }
        let mut effects = Effects {
            changes: Vec::new(),
            provisional: client.is_none(),
        };
        effects.put(Payment {
            id: self.id,
            client: self.client,
            appointment: self.appointment,
            amount: self.amount,
            method: self.method,
            instalments: self.instalments,
            at: actor.at,
            day: self.day,
            taken_by: actor.staff,
            refund_of: None,
        });
        if let Some(appointment) = self.appointment {
            tick(rows, appointment, &mut effects, |ticks| {
                ticks.payment = true
            })?;
        }
        Ok(effects)
    }
}

/// Gives back all or part of a payment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RefundPayment {
    /// The new entry.
    pub id: PaymentId,
    /// What is given back.
    pub payment: PaymentId,
    /// The visit that was paid, under which earlier refunds are found.
    pub appointment: AppointmentId,
    /// How much; more than zero.
    pub amount: Cents,
    /// Civil day of the clinic.
    pub day: Day,
}

impl Apply for RefundPayment {
    const NEEDS: Permission = Permission::TakePayments;

    fn footprint(&self) -> ReadSet {
        ReadSet::new()
            .row(self.id)
            .row(self.payment)
            .with(Read::PaymentsOf(self.appointment))
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        need_absent::<Payment>(rows, self.id)?;
        let Some(paid) = need::<Payment>(rows, self.payment)? else {
            return Ok(Effects {
                changes: Vec::new(),
                provisional: true,
            });
        };
        let of_visit = rows
            .range::<Payment>(&Read::PaymentsOf(self.appointment))?
            .unwrap_or_default();
        let refunded: Cents = of_visit
            .iter()
            .filter(|entry| entry.refund_of == Some(paid.id))
            .map(|entry| entry.amount)
            .sum();
        let left = paid.amount.0.saturating_add(refunded.0);
        let fits = paid.refund_of.is_none()
            && paid.appointment == Some(self.appointment)
            && self.amount > Cents(0);
        if !fits || self.amount.0 > left {
            return Err(Rejection::RefundTooLarge.into());
        }
        let mut effects = Effects::default();
        effects.put(Payment {
            id: self.id,
            client: paid.client,
            appointment: paid.appointment,
            amount: Cents(-self.amount.0),
            method: paid.method,
            instalments: 1,
            at: actor.at,
            day: self.day,
            taken_by: actor.staff,
            refund_of: Some(paid.id),
        });
        Ok(effects)
    }
}
