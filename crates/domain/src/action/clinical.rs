//! Content keys and the record of a visit.

use super::{Actor, Apply, Effects, Refusal, checked_text, need, need_absent};
use crate::id::{AppointmentId, ClientId, ClientKeyId, EncounterId, LotId, LotUseId, TreatmentId};
use crate::read::{Read, ReadSet, WorkingSet};
use crate::rejection::Rejection;
use crate::role::Permission;
use crate::row::{
    Client, ClientKeyGrant, Encounter, Lot, LotUse, SealedText, Treatment, VisitTicks,
};
use crate::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};

/// Longest sealed text in bytes: about thirty pages.
const LONGEST_SEALED: usize = 64 * 1024;

/// Stores a new content key of a client. Adding one never replaces another.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GrantClientKey {
    /// The new key's identity.
    pub id: ClientKeyId,
    /// Whose.
    pub client: ClientId,
    /// The key, sealed to the clinic's clinical key pair.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

impl Apply for GrantClientKey {
    // Anyone who may add photos or write records mints keys; imports go on while the console is locked.
    const NEEDS: Permission = Permission::AddPhotos;

    fn footprint(&self) -> ReadSet {
        ReadSet::new()
            .row(self.id)
            .row(self.client)
            .with(Read::ClientKeys(self.client))
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        need_absent::<ClientKeyGrant>(rows, self.id)?;
        let client = need::<Client>(rows, self.client)?;
        if self.sealed.is_empty() || self.sealed.len() > 1024 {
            return Err(Rejection::invalid("sealed").into());
        }
        let mut effects = Effects {
            changes: Vec::new(),
            provisional: client.is_none(),
        };
        effects.put(ClientKeyGrant {
            id: self.id,
            client: self.client,
            sealed: self.sealed.clone(),
            made_at: actor.at,
        });
        Ok(effects)
    }
}

/// One lot used in a session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LotUseEntry {
    /// The new use.
    pub id: LotUseId,
    /// Which lot.
    pub lot: LotId,
    /// Units.
    pub quantity: i64,
}

/// Signs and locks the record of a visit, or an addendum to one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecordSession {
    /// The new record.
    pub id: EncounterId,
    /// Whose.
    pub client: ClientId,
    /// At which appointment.
    pub appointment: Option<AppointmentId>,
    /// What was done.
    pub treatment: TreatmentId,
    /// Where on the body.
    pub areas: Vec<String>,
    /// In words, sealed.
    pub notes: SealedText,
    /// When it took place.
    pub occurred_at: Timestamp,
    /// On which civil day of the clinic.
    pub day: Day,
    /// What was used.
    pub lots: Vec<LotUseEntry>,
    /// The record this one adds to.
    pub addendum_to: Option<EncounterId>,
}

impl Apply for RecordSession {
    const NEEDS: Permission = Permission::RecordClinical;

    fn footprint(&self) -> ReadSet {
        let mut reads = ReadSet::new()
            .row(self.id)
            .row(self.client)
            .row(self.treatment)
            .row(self.notes.key);
        if let Some(appointment) = self.appointment {
            reads = reads.with(Read::Row(VisitTicks::key(appointment)));
        }
        if let Some(first) = self.addendum_to {
            reads = reads.row(first);
        }
        self.lots
            .iter()
            .fold(reads, |reads, used| reads.row(used.lot).row(used.id))
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        need_absent::<Encounter>(rows, self.id)?;
        let client = need::<Client>(rows, self.client)?;
        let treatment = need::<Treatment>(rows, self.treatment)?;
        let key = need::<ClientKeyGrant>(rows, self.notes.key)?;
        if key.as_ref().is_some_and(|key| key.client != self.client)
            || self.notes.sealed.len() > LONGEST_SEALED
        {
            return Err(Rejection::invalid("notes").into());
        }
        if self.areas.len() > 40 || self.lots.len() > 40 {
            return Err(Rejection::invalid("areas").into());
        }
        let areas = self
            .areas
            .iter()
            .map(|area| checked_text("areas", area, 80))
            .collect::<Result<_, _>>()?;
        let mut effects = Effects {
            changes: Vec::new(),
            provisional: client.is_none() || treatment.is_none() || key.is_none(),
        };
        if let Some(first) = self.addendum_to {
            effects.provisional |= need::<Encounter>(rows, first)?.is_none();
        }
        effects.put(Encounter {
            id: self.id,
            client: self.client,
            appointment: self.appointment,
            practitioner: actor.staff,
            treatment: self.treatment,
            areas,
            notes: self.notes.clone(),
            at: self.occurred_at,
            day: self.day,
            locked_at: actor.at,
            addendum_to: self.addendum_to,
        });
        self.use_lots(rows, &mut effects)?;
        if let Some(appointment) = self.appointment {
            tick(rows, appointment, &mut effects, |ticks| {
                ticks.notes = true;
                ticks.lots |= !self.lots.is_empty();
            })?;
        }
        Ok(effects)
    }
}

impl RecordSession {
    /// Takes the used units out of their lots. A lot named twice is counted twice.
    fn use_lots(&self, rows: &WorkingSet, effects: &mut Effects) -> Result<(), Refusal> {
        let mut lots: Vec<Lot> = Vec::new();
        for used in &self.lots {
            if used.quantity <= 0 {
                return Err(Rejection::invalid("quantity").into());
            }
            need_absent::<LotUse>(rows, used.id)?;
            let held = match lots.iter().position(|lot| lot.id == used.lot) {
                Some(at) => Some(at),
                None => need::<Lot>(rows, used.lot)?.map(|lot| {
                    lots.push(lot);
                    lots.len() - 1
                }),
            };
            match held.and_then(|at| lots.get_mut(at)) {
                Some(lot) if lot.expires < self.day => return Err(Rejection::LotExpired.into()),
                Some(lot) if lot.remaining < used.quantity => {
                    return Err(Rejection::LotInsufficient {
                        left: lot.remaining,
                    }
                    .into());
                }
                Some(lot) => lot.remaining -= used.quantity,
                None => effects.provisional = true,
            }
            effects.put(LotUse {
                id: used.id,
                encounter: self.id,
                lot: used.lot,
                client: self.client,
                quantity: used.quantity,
                day: self.day,
            });
        }
        lots.into_iter().for_each(|lot| effects.put(lot));
        Ok(())
    }
}

/// Sets completeness ticks of a visit; the caller has declared the ticks row.
pub(super) fn tick(
    rows: &WorkingSet,
    appointment: AppointmentId,
    effects: &mut Effects,
    set: impl FnOnce(&mut VisitTicks),
) -> Result<(), Refusal> {
    use crate::read::Found;
    let before = match rows.get::<VisitTicks>(appointment.into())? {
        Found::Known(ticks) => ticks,
        Found::Absent => VisitTicks::none(appointment),
        Found::NotHeld => {
            effects.provisional = true;
            return Ok(());
        }
    };
    let mut after = before.clone();
    set(&mut after);
    if after != before || before == VisitTicks::none(appointment) {
        effects.put(after);
    }
    Ok(())
}
