//! Refused actions, which wait for a person: shown with their reason, done again in another form, or discarded.
//!
//! What builds on a refused action no longer fits here and is refused by the server in its turn; each is parked and shown by
//! itself, so none is lost with another.

use crate::error::{EnqueueError, ReplicaError};
use crate::outbox::Enqueued;
use crate::replica::Replica;
use domain::action::{Action, Actor};
use domain::codec;
use domain::envelope::Envelope;
use domain::rejection::Rejection;
use domain::store_port::{OutboxState, ReplicaStore};

/// A refused action.
#[derive(Clone, PartialEq, Debug)]
pub struct ParkedAction {
    /// Its number in the outbox.
    pub position: u64,
    /// Why it was refused.
    pub reason: Rejection,
    /// The envelope; `None` when it cannot be read.
    pub envelope: Option<Envelope>,
}

impl ParkedAction {
    /// The action, when this build can read it.
    pub fn action(&self) -> Option<Action> {
        self.envelope.as_ref()?.action().ok()
    }
}

impl Replica {
    /// Every refused action, oldest first.
    pub fn parked<S: ReplicaStore>(
        &self,
        tx: &mut S,
    ) -> Result<Vec<ParkedAction>, ReplicaError<S::Error>> {
        let parked = tx.outbox_from(0)?.into_iter().filter_map(|entry| {
            let OutboxState::Parked(reason) = entry.state else {
                return None;
            };
            Some(ParkedAction {
                position: entry.sequence,
                reason,
                envelope: codec::decode(&entry.envelope).ok(),
            })
        });
        Ok(parked.collect())
    }

    /// Does a refused action again, as it was or edited: a new action takes its place at the end of the outbox. When the
    /// new one is refused here and now, the old one stays.
    pub fn retry<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        position: u64,
        action: &Action,
        actor: Actor,
        sign: &dyn Fn(&[u8]) -> Vec<u8>,
    ) -> Result<Enqueued, EnqueueError<S::Error>> {
        must_be_parked(tx, position)?;
        let enqueued = self.enqueue(tx, action, actor, sign)?;
        tx.outbox_remove(position).map_err(ReplicaError::from)?;
        Ok(enqueued)
    }

    /// Gives a refused action up, on a person's word.
    pub fn discard<S: ReplicaStore>(
        &mut self,
        tx: &mut S,
        position: u64,
    ) -> Result<(), ReplicaError<S::Error>> {
        must_be_parked(tx, position)?;
        tx.outbox_remove(position)?;
        Ok(())
    }
}

fn must_be_parked<S: ReplicaStore>(
    tx: &mut S,
    position: u64,
) -> Result<(), ReplicaError<S::Error>> {
    match tx.outbox_get(position)? {
        Some(entry) if matches!(entry.state, OutboxState::Parked(_)) => Ok(()),
        _ => Err(ReplicaError::NotParked { position }),
    }
}
