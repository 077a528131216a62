//! Why an action could not be done: data for a person to decide on, never a dead end.

use crate::bucket::{Bucket, BucketSet};
use crate::id::ClientId;
use crate::role::Permission;
use crate::row::{AppointmentStatus, Table};
use crate::time::Day;
use serde::{Deserialize, Serialize};

/// A place in the agenda that was free when the rejection was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FreeSlot {
    /// Day.
    pub day: Day,
    /// First minute, from midnight.
    pub start_minute: i32,
}

/// What was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotResource {
    /// The professional has somebody else.
    Professional,
    /// The room is in use.
    Room,
}

/// Why an action was refused. `Display` is for logs and holds no personal data; the interface has its own words.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// The actor's roles do not allow it.
    #[error("the person's roles do not allow {needed:?}")]
    NotAllowed {
        /// What it needs.
        needed: Permission,
    },
    /// The actor is unknown, inactive, or the signature is not theirs.
    #[error("the signature does not belong to an active member of staff")]
    ForgedActor,
    /// Something it refers to does not exist any more.
    #[error("the {what:?} it refers to does not exist")]
    Missing {
        /// What kind of row.
        what: Table,
    },
    /// What it wants to create exists already.
    #[error("the {what:?} exists already")]
    AlreadyExists {
        /// What kind of row.
        what: Table,
    },
    /// The professional or the room has another appointment then.
    #[error("the {resource:?} is taken at that time")]
    SlotTaken {
        /// Which of the two.
        resource: SlotResource,
        /// Up to four free places nearest to the wanted one, same day.
        free: Vec<FreeSlot>,
    },
    /// Outside the clinic's opening hours.
    #[error("outside the clinic's opening hours")]
    OutsideHours,
    /// Another client has this CPF.
    #[error("another client has this CPF")]
    DuplicateCpf {
        /// Who has it.
        existing: ClientId,
    },
    /// Somebody else changed the same field meanwhile.
    #[error("{field} was changed by somebody else meanwhile")]
    ChangedMeanwhile {
        /// Which field.
        field: String,
    },
    /// The appointment does not stand where the action expects it.
    #[error("the appointment is {now:?}")]
    WrongStatus {
        /// Where it stands.
        now: AppointmentStatus,
    },
    /// The lot's last day of use is over.
    #[error("the lot has expired")]
    LotExpired,
    /// Fewer units are left than were used.
    #[error("only {left} units of the lot are left")]
    LotInsufficient {
        /// Units left.
        left: i64,
    },
    /// The consent was already revoked.
    #[error("the consent was already revoked")]
    AlreadyRevoked,
    /// A refund is larger than what is left of the payment.
    #[error("the refund is larger than what was paid")]
    RefundTooLarge,
    /// A field holds what no screen can send.
    #[error("{field} is not valid")]
    Invalid {
        /// Which field.
        field: String,
    },
    /// It builds on another action that was refused.
    #[error("it builds on another action that was refused")]
    DependsOnRefused,
    /// Refused for a reason that this device may not know.
    #[error("refused for a reason this device may not hold")]
    Withheld,
    /// The console's outbox was restored from a backup or copied, and the server has another action in this one's place; it
    /// has to be done again.
    #[error("the console's outbox was restored or copied; the action has to be done again")]
    OutboxForked,
    /// This server does not know the action or its version.
    #[error("the server does not know this action; update it")]
    UnknownAction,
}

impl Rejection {
    /// Shorthand for [`Rejection::Invalid`].
    pub fn invalid(field: &str) -> Self {
        Self::Invalid {
            field: field.to_owned(),
        }
    }

    /// The rejection as a device holding only `held` may see it: a reason that would tell of rows it may not hold
    /// becomes [`Rejection::Withheld`].
    #[must_use]
    pub fn for_device(self, held: BucketSet) -> Self {
        let tells_of = match &self {
            Self::Missing { what } | Self::AlreadyExists { what } => Some(what.bucket()),
            Self::SlotTaken { .. } | Self::WrongStatus { .. } => Some(Bucket::Agenda),
            Self::DuplicateCpf { .. } | Self::ChangedMeanwhile { .. } | Self::AlreadyRevoked => {
                Some(Bucket::Clients)
            }
            Self::LotExpired | Self::LotInsufficient { .. } => Some(Bucket::Stock),
            Self::RefundTooLarge => Some(Bucket::Finance),
            _ => None,
        };
        match tells_of {
            Some(bucket) if !held.contains(bucket) => Self::Withheld,
            _ => self,
        }
    }
}
