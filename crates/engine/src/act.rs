//! Doing what a person asked for: the action is signed in their name, run on the rows as they stand, and taken into the outbox
//! in one transaction. Afterwards it is on disk, everybody here sees it, and the link sends it.

use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::session::Session;
use crate::view::agenda::{Outcome, Refused, SlotView};
use domain::action::{Action, Actor};
use domain::id::StaffId;
use domain::rejection::Rejection;
use replica::{EnqueueError, Enqueued, Replica};
use store::audit::Entry;
use store::{StoreError, Tx};

/// An action that a rule refused, or an error.
pub(crate) enum Stopped {
    /// A rule says no.
    Refused(Rejection),
    /// Something failed.
    Failed(AppError),
}

impl From<EnqueueError<StoreError>> for Stopped {
    fn from(error: EnqueueError<StoreError>) -> Self {
        match error {
            EnqueueError::Refused(reason) => Self::Refused(reason),
            EnqueueError::Fault(fault) => {
                // The read's own text may hold a CPF.
                drop(fault);
                Self::Failed(AppError::new(
                    "internal",
                    "an action reads what it does not declare; report it",
                ))
            }
            EnqueueError::Replica(error) => Self::Failed(error.into()),
        }
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<AppError> for Stopped {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

/// Signs bytes in somebody's name.
pub(crate) type Sign<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

impl Console {
    /// Takes actions into the outbox in one transaction, all or none.
    pub(crate) fn take_in(
        &self,
        staff: StaffId,
        sign: Sign<'_>,
        actions: &[Action],
    ) -> Result<Vec<Enqueued>, Stopped> {
        self.take_in_with(staff, sign, actions, |_| Ok(()))
    }

    /// As [`Console::take_in`], with more to be written in the same transaction.
    pub(crate) fn take_in_with(
        &self,
        staff: StaffId,
        sign: Sign<'_>,
        actions: &[Action],
        also: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>,
    ) -> Result<Vec<Enqueued>, Stopped> {
        let actor = Actor {
            staff,
            at: self.now(),
        };
        let done = self.enqueue(|replica, tx| {
            let mut done = Vec::with_capacity(actions.len());
            for action in actions {
                let enqueued = replica.enqueue(tx, action, actor, sign)?;
                self.remember(tx, actor, action)?;
                done.push(enqueued);
            }
            also(tx)?;
            Ok(done)
        })?;
        self.sent(&done);
        Ok(done)
    }

    /// Runs work on the outbox in one transaction.
    pub(crate) fn enqueue<T>(
        &self,
        work: impl FnOnce(&mut Replica, &mut Tx<'_>) -> Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        let mut replica = self.replica();
        self.store.write(|tx| work(&mut replica, tx))
    }

    /// Who did what, in the transaction that does it.
    pub(crate) fn remember(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        action: &Action,
    ) -> Result<(), StoreError> {
        let hash = blake3::hash(&action.encode());
        tx.audit(&Entry {
            at: actor.at,
            actor: Some(actor.staff),
            what: action.name(),
            subject: None,
            evidence: Some(hash.as_bytes()),
        })
    }

    /// Something is in the outbox now.
    pub(crate) fn sent(&self, done: &[Enqueued]) {
        for one in done {
            self.note_committed(one.position);
        }
        if let Some(link) = self.link() {
            link.outbox_changed();
        }
        self.tell_sync();
    }

    /// Does one action of the person at work; `id` names what it creates or changes.
    pub(crate) fn act(
        &self,
        session: &Session,
        action: Action,
        id: String,
    ) -> Result<Outcome, AppError> {
        let sign = |bytes: &[u8]| session.sign(bytes);
        match self.take_in(session.staff().id, &sign, std::slice::from_ref(&action)) {
            Ok(done) => Ok(Outcome::Done {
                id,
                provisional: done.iter().any(|one| one.effects.provisional),
            }),
            Err(Stopped::Refused(reason)) => Ok(Outcome::Refused {
                refusal: refused(&reason, Some(&action)),
            }),
            Err(Stopped::Failed(error)) => Err(error),
        }
    }
}

impl Engine {
    /// Does one action of the person at work, whose roles must allow what it needs.
    pub(crate) fn perform(
        &self,
        prepare: impl FnOnce(&Console, &Session) -> Result<(Action, String), AppError>,
        needed: domain::role::Permission,
    ) -> Result<Outcome, AppError> {
        let seated = self.seated(needed)?;
        let (action, id) = prepare(&seated.console, &seated.session)?;
        seated.console.act(&seated.session, action, id)
    }
}

/// A refusal in the form the interface has words for. Free places keep the professional, room and length that were wanted.
pub(crate) fn refused(reason: &Rejection, action: Option<&Action>) -> Refused {
    let mut refusal = Refused {
        code: code(reason).to_owned(),
        about: about(reason),
        free: Vec::new(),
        existing_client: None,
    };
    match reason {
        Rejection::SlotTaken { free, .. } => {
            if let Some((staff, room, duration_minutes)) = action.and_then(wanted) {
                refusal.free = free
                    .iter()
                    .map(|slot| SlotView {
                        day: slot.day.to_string(),
                        start_minute: slot.start_minute,
                        duration_minutes,
                        staff_id: staff.clone(),
                        room_id: room.clone(),
                    })
                    .collect();
            }
        }
        Rejection::DuplicateCpf { existing } => {
            refusal.existing_client = Some(existing.to_string())
        }
        _ => {}
    }
    refusal
}

fn wanted(action: &Action) -> Option<(String, String, i32)> {
    match action {
        Action::BookAppointment(book) => Some((
            book.staff.to_string(),
            book.room.to_string(),
            book.duration_minutes,
        )),
        Action::MoveAppointment(moved) => Some((
            moved.staff.to_string(),
            moved.room.to_string(),
            moved.duration_minutes,
        )),
        _ => None,
    }
}

/// The snake-case name under which a serialised value goes.
fn name_of<T: serde::Serialize>(value: &T) -> Option<String> {
    match serde_json::to_value(value).ok()? {
        serde_json::Value::String(name) => Some(name),
        _ => None,
    }
}

fn about(reason: &Rejection) -> Option<String> {
    match reason {
        Rejection::NotAllowed { needed } => name_of(needed),
        Rejection::Missing { what } | Rejection::AlreadyExists { what } => {
            Some(what.sql_name().to_owned())
        }
        Rejection::SlotTaken { resource, .. } => name_of(resource),
        Rejection::ChangedMeanwhile { field } | Rejection::Invalid { field } => Some(field.clone()),
        Rejection::WrongStatus { now } => name_of(now),
        Rejection::LotInsufficient { left } => Some(left.to_string()),
        _ => None,
    }
}

/// Stable codes of the reasons.
pub(crate) fn code(reason: &Rejection) -> &'static str {
    match reason {
        Rejection::NotAllowed { .. } => "not_allowed",
        Rejection::ForgedActor => "forged_actor",
        Rejection::Missing { .. } => "missing",
        Rejection::AlreadyExists { .. } => "already_exists",
        Rejection::SlotTaken { .. } => "slot_taken",
        Rejection::OutsideHours => "outside_hours",
        Rejection::DuplicateCpf { .. } => "duplicate_cpf",
        Rejection::ChangedMeanwhile { .. } => "changed_meanwhile",
        Rejection::WrongStatus { .. } => "wrong_status",
        Rejection::LotExpired => "lot_expired",
        Rejection::LotInsufficient { .. } => "lot_insufficient",
        Rejection::AlreadyRevoked => "already_revoked",
        Rejection::RefundTooLarge => "refund_too_large",
        Rejection::Invalid { .. } => "invalid",
        Rejection::DependsOnRefused => "depends_on_refused",
        Rejection::Withheld => "withheld",
        Rejection::OutboxForked => "outbox_forked",
        Rejection::UnknownAction => "unknown_action",
    }
}
