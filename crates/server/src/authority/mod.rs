//! Deciding about actions: the one place where a clinic's order is made.
//!
//! [`execute`] runs inside a transaction that its caller opened and commits. It evaluates before it writes, so a refused
//! action leaves nothing behind but its mark, and many actions can share one transaction and one sync to disk (see
//! `writer`).
//!
//! Order of the checks, and what each protects against:
//! 1. the device of the envelope is the device of the session: one console cannot push another's actions;
//! 2. idempotency by [`ActionId`]: the same envelope gets the same decision for ever; other content under the same id is
//!    a cloned outbox or a forgery, and is refused without touching what was decided;
//! 3. sequences are contiguous per incarnation: a gap is not executed but asked for again, so that nothing is ever
//!    skipped or overtaken;
//! 4. the chain of hashes continues: a restored backup must fork a new incarnation instead;
//! 5. the action is known, its signature is its actor's, and the domain's own rules accept it.
//!
//! A refusal in 5 is recorded under the action's id, so that it is answered once and never blocks what follows.

#[cfg(test)]
mod tests;
pub(crate) mod writer;

use domain::action::{Action, ActionDecodeError, Refusal};
use domain::codec;
use domain::envelope::{ActionId, Envelope};
use domain::id::DeviceId;
use domain::rejection::Rejection;
use domain::row::{Row, RowChange, RowKey, Staff};
use domain::store_port::{AuthorityStore, Decision, Executed, RunError, evaluate};
use domain::time::Timestamp;

/// Checks a signature: public key, signed bytes, signature.
pub type Verify<'a> = dyn Fn(&[u8], &[u8], &[u8]) -> bool + 'a;

/// What became of a pushed envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Decided, now or before.
    Decided {
        /// Which action.
        id: ActionId,
        /// What was decided.
        decision: Decision,
        /// Whether this very call decided it.
        fresh: bool,
    },
    /// Not executed: earlier actions of its incarnation are missing here.
    Gap {
        /// Which action came too early.
        id: ActionId,
        /// The sequence that must come first.
        expected: u64,
    },
    /// Not executed: the outbox it comes from is a copy that has gone its own way. It must start a new incarnation.
    Forked {
        /// Which action.
        id: ActionId,
    },
    /// Not executed: the bytes are no envelope, or one of another device.
    Malformed,
}

/// What the caller knows about the one who pushes.
#[derive(Clone, Copy, Debug)]
pub struct Pusher {
    /// The device its session belongs to.
    pub device: DeviceId,
    /// The server's time. Recorded, never used to order or reject.
    pub now: Timestamp,
}

/// Decides about one envelope inside the caller's transaction.
pub fn execute<S: AuthorityStore>(
    tx: &mut S,
    envelope_bytes: &[u8],
    pusher: Pusher,
    verify: &Verify<'_>,
) -> Result<Outcome, S::Error> {
    let (envelope, hash) = match place(tx, envelope_bytes, pusher)? {
        Placed::Next(envelope, hash) => (envelope, hash),
        Placed::Settled(outcome) => return Ok(outcome),
    };
    let judged = judge(tx, &envelope, verify)?;
    decided(tx, &envelope, hash, judged, pusher)
}

/// Records a refusal of an envelope that could be decided now but whose rows the storage itself does not take.
pub fn refuse<S: AuthorityStore>(
    tx: &mut S,
    envelope_bytes: &[u8],
    pusher: Pusher,
    reason: Rejection,
) -> Result<Outcome, S::Error> {
    match place(tx, envelope_bytes, pusher)? {
        Placed::Next(envelope, hash) => decided(tx, &envelope, hash, Err(reason), pusher),
        Placed::Settled(outcome) => Ok(outcome),
    }
}

fn decided<S: AuthorityStore>(
    tx: &mut S,
    envelope: &Envelope,
    hash: [u8; 32],
    judged: Result<Vec<RowChange>, Rejection>,
    pusher: Pusher,
) -> Result<Outcome, S::Error> {
    Ok(Outcome::Decided {
        id: envelope.id,
        decision: settle(tx, envelope, hash, judged, pusher.now)?,
        fresh: true,
    })
}

/// Where an envelope stands in the order of its own incarnation.
enum Placed {
    /// It is the next one to be decided.
    Next(Box<Envelope>, [u8; 32]),
    /// It was decided before or cannot be decided now.
    Settled(Outcome),
}

/// Checks 1 to 4.
fn place<S: AuthorityStore>(
    tx: &mut S,
    envelope_bytes: &[u8],
    pusher: Pusher,
) -> Result<Placed, S::Error> {
    let Ok(envelope) = codec::decode::<Envelope>(envelope_bytes) else {
        return Ok(Placed::Settled(Outcome::Malformed));
    };
    let id = envelope.id;
    if id.device != pusher.device || id.sequence == 0 {
        return Ok(Placed::Settled(Outcome::Malformed));
    }
    let hash = envelope.hash();
    if let Some((known, decision)) = tx.decision(id)? {
        return Ok(Placed::Settled(if known == hash {
            Outcome::Decided {
                id,
                decision,
                fresh: false,
            }
        } else {
            Outcome::Forked { id }
        }));
    }
    let last = tx.last_sequence(id.device, id.incarnation)?;
    if id.sequence != last + 1 {
        // A sequence at or below the last one always has a decision, so this can only be too early.
        return Ok(Placed::Settled(Outcome::Gap {
            id,
            expected: last + 1,
        }));
    }
    if !continues_chain(tx, &envelope)? {
        return Ok(Placed::Settled(Outcome::Forked { id }));
    }
    Ok(Placed::Next(Box::new(envelope), hash))
}

/// Whether the envelope names the one before it in its incarnation.
fn continues_chain<S: AuthorityStore>(tx: &mut S, envelope: &Envelope) -> Result<bool, S::Error> {
    if envelope.id.sequence == 1 {
        return Ok(envelope.previous == [0; 32]);
    }
    let before = ActionId {
        sequence: envelope.id.sequence - 1,
        ..envelope.id
    };
    Ok(tx
        .decision(before)?
        .is_some_and(|(hash, _)| envelope.previous == hash))
}

/// What the action would change, or why not. Writes nothing.
fn judge<S: AuthorityStore>(
    tx: &mut S,
    envelope: &Envelope,
    verify: &Verify<'_>,
) -> Result<Result<Vec<RowChange>, Rejection>, S::Error> {
    if !signed_by_actor(tx, envelope, verify)? {
        return Ok(Err(Rejection::ForgedActor));
    }
    let action: Action = match envelope.action() {
        Ok(action) => action,
        Err(ActionDecodeError::Unknown) => return Ok(Err(Rejection::UnknownAction)),
        Err(ActionDecodeError::Body(error)) => {
            tracing::warn!(action = %envelope.name, %error, "an action's body cannot be read");
            return Ok(Err(Rejection::invalid("action")));
        }
    };
    match evaluate(tx, &action, envelope.acting()) {
        Ok(effects) => Ok(Ok(effects.changes)),
        Err(RunError::Refused(Refusal::Rejected(reason))) => Ok(Err(reason)),
        Err(RunError::Refused(Refusal::Fault(fault))) => {
            // The read's Debug form may hold a CPF, so only the action's name is logged.
            tracing::error!(action = %envelope.name, "an action reads what it does not declare");
            drop(fault);
            Ok(Err(Rejection::invalid("action")))
        }
        Err(RunError::Store(error)) => Err(error),
    }
}

fn signed_by_actor<S: AuthorityStore>(
    tx: &mut S,
    envelope: &Envelope,
    verify: &Verify<'_>,
) -> Result<bool, S::Error> {
    let key = RowKey::from(envelope.actor);
    let Some(Row::Staff(Staff { signing_public, .. })) = tx.row(&key)? else {
        return Ok(false);
    };
    Ok(verify(
        &signing_public,
        &envelope.signed_bytes(),
        &envelope.signature,
    ))
}

/// Writes the effects, takes the place in the order last, and records the decision.
fn settle<S: AuthorityStore>(
    tx: &mut S,
    envelope: &Envelope,
    hash: [u8; 32],
    judged: Result<Vec<RowChange>, Rejection>,
    now: Timestamp,
) -> Result<Decision, S::Error> {
    let mut changed = Vec::new();
    let decision = match judged {
        Ok(changes) => {
            for change in &changes {
                tx.write(change)?;
                changed.push(change.key);
            }
            Decision::Applied {
                seq: tx.next_seq()?,
            }
        }
        Err(reason) => Decision::Rejected { reason },
    };
    tx.record(
        &Executed {
            id: envelope.id,
            actor: envelope.actor,
            name: &envelope.name,
            hash,
            at: envelope.at,
            received_at: now,
            decision: decision.clone(),
        },
        &changed,
    )?;
    Ok(decision)
}
