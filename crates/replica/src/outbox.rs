//! Taking an action into the outbox, and handing what waits to the network.

use crate::error::{EnqueueError, ReplicaError};
use crate::index::{Known, reads_of};
use crate::progress;
use crate::replica::Replica;
use domain::action::{Action, Actor, Effects, Refusal};
use domain::codec;
use domain::envelope::{ActionId, Envelope};
use domain::read::{Read, ReadSet};
use domain::row::RowChange;
use domain::store_port::{OutboxEntry, OutboxState, ReplicaStore, RunError, evaluate};
use std::collections::BTreeSet;
use sync::console::OutboxItem;

/// What became of an action that was taken in.
#[derive(Clone, PartialEq, Debug)]
pub struct Enqueued {
    /// Its number in the outbox.
    pub position: u64,
    /// Its identity for ever.
    pub id: ActionId,
    /// Rows as they stand now, and whether some rule is left to the server.
    pub effects: Effects,
}

impl Replica {
    /// Runs an action on the rows as people see them, writes its effects and takes it into the outbox. `sign` is given the
    /// bytes to sign and answers with the actor's signature. A refusal leaves nothing behind.
    pub fn enqueue<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        action: &Action,
        actor: Actor,
        sign: &dyn Fn(&[u8]) -> Vec<u8>,
    ) -> Result<Enqueued, EnqueueError<S::Error>> {
        let mut life = progress::life(tx)?;
        self.sight(tx)?;
        let effects = evaluate(tx, action, actor).map_err(|stop| match stop {
            RunError::Refused(Refusal::Rejected(reason)) => EnqueueError::Refused(reason),
            RunError::Refused(Refusal::Fault(fault)) => EnqueueError::Fault(fault),
            RunError::Store(error) => EnqueueError::Replica(error.into()),
        })?;
        let position = life.next_position;
        let id = ActionId {
            device: life.device,
            incarnation: life.incarnation,
            sequence: life.next_sequence(),
        };
        let mut envelope = Envelope::unsigned(id, actor.at, actor.staff, action, life.last_hash);
        envelope.signature = sign(&envelope.signed_bytes());
        life.last_hash = envelope.hash();
        life.next_position += 1;

        let reads = action.footprint(actor.staff);
        let known = write_effects(tx, &effects.changes, reads).map_err(ReplicaError::from)?;
        let entry = OutboxEntry {
            sequence: position,
            envelope: codec::encode(&envelope),
            state: OutboxState::Pending,
            touched: known.touched.clone(),
            reads: known.reads.clone(),
            provisional: effects.provisional,
            sent_at: None,
        };
        tx.outbox_put(&entry).map_err(ReplicaError::from)?;
        progress::put_life(tx, &life).map_err(ReplicaError::from)?;
        self.index.put(position, known);
        self.moved_on(tx)?;
        Ok(Enqueued {
            position,
            id,
            effects,
        })
    }

    /// What waits after a position, oldest first, as the network wants it. Parked actions stay.
    pub fn to_send<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        after: u64,
        limit: usize,
    ) -> Result<Vec<OutboxItem>, ReplicaError<S::Error>> {
        self.sight(tx)?;
        let mut items = Vec::new();
        for position in self.index.waiting_after(after).take(limit) {
            if let Some(entry) = tx.outbox_get(position)? {
                items.push(OutboxItem {
                    position,
                    envelope: entry.envelope,
                });
            }
        }
        Ok(items)
    }
}

/// Writes an action's effects on top of what is there and keeps the confirmed content of rows touched for the first time.
/// Rows of buckets that are not held are neither written nor remembered.
pub(crate) fn write_effects<S: ReplicaStore>(
    tx: &mut S,
    changes: &[RowChange],
    reads: ReadSet,
) -> Result<Known, S::Error> {
    let held = tx.held();
    let mut known = Known {
        reads,
        ..Known::default()
    };
    let mut touched = BTreeSet::new();
    for change in changes {
        if !held.contains(change.key.table.bucket()) {
            continue;
        }
        let before = tx.row(&change.key)?;
        if tx.image(&change.key)?.is_none() {
            tx.image_put(&change.key, before.as_ref())?;
        }
        known.concerns.insert(Read::Row(change.key));
        for row in [&before, &change.new].into_iter().flatten() {
            known.concerns.extend(reads_of(row));
        }
        tx.write(change)?;
        touched.insert(change.key);
    }
    known.touched = touched.into_iter().collect();
    Ok(known)
}
