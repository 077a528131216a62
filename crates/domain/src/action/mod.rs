//! Actions: everything a person does, by name and version.
//!
//! An action declares what it reads ([`Action::footprint`]) and is applied by pure code ([`Action::apply`]) on the console
//! that made it and again on the server, which decides. An action that is ever stored keeps its name, version and fields;
//! a change of meaning is a new version with an upcaster in [`Action::decode`].

mod agenda;
mod clients;
mod clinical;
mod finance;
mod photos;
mod stock;
#[cfg(test)]
mod tests;

pub use agenda::{BookAppointment, ChangeVisitStatus, MoveAppointment};
pub use clients::{
    ClientEdit, EditClient, EndAlert, RaiseAlert, RegisterClient, RevokeConsent, SignConsent,
};
pub use clinical::{GrantClientKey, LotUseEntry, RecordSession};
pub use finance::{RefundPayment, TakePayment};
pub use photos::{AddPhoto, AddRenditions, TagPhoto, WithdrawPhoto};
pub use stock::ReceiveLot;

use crate::codec;
use crate::id::StaffId;
use crate::read::{Found, ReadSet, UndeclaredRead, WorkingSet};
use crate::rejection::Rejection;
use crate::role::{Permission, allows};
use crate::row::{Entity, RowChange, Staff};
use crate::time::Timestamp;

/// Who acts and when, by the console's clock.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    /// The member of staff.
    pub staff: StaffId,
    /// The console's time. Recorded, never used to order or reject.
    pub at: Timestamp,
}

/// Why `apply` stopped.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// A rule says no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The action's code is wrong.
    #[error(transparent)]
    Fault(#[from] UndeclaredRead),
}

/// What an action changes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Effects {
    /// Rows as the action leaves them, in writing order.
    pub changes: Vec<RowChange>,
    /// Some rule could not be checked here because the device may not hold what it reads: the server will decide.
    pub provisional: bool,
}

impl Effects {
    /// Effects of one row.
    pub fn of(change: RowChange) -> Self {
        Self {
            changes: vec![change],
            provisional: false,
        }
    }

    /// Adds a row.
    pub fn put(&mut self, row: impl Into<crate::row::Row>) {
        self.changes.push(RowChange::put(row));
    }
}

/// One kind of action.
pub(crate) trait Apply {
    /// What it needs the actor to be allowed.
    const NEEDS: Permission;
    /// What it reads.
    fn footprint(&self) -> ReadSet;
    /// What it changes. Pure: the same working set and action give the same effects everywhere.
    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal>;
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $wire:literal;)*) => {
        /// Any action.
        #[derive(Clone, PartialEq, Debug)]
        pub enum Action {
            $($(#[$doc])* $name($name),)*
        }

        impl Action {
            /// Every `name@version` that this build can execute.
            pub const NAMES: &'static [&'static str] = &[$($wire,)*];

            /// The name and version it is stored and sent under.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $wire,)* }
            }

            /// The body to be stored beside the name.
            pub fn encode(&self) -> Vec<u8> {
                match self { $(Self::$name(action) => codec::encode(action),)* }
            }

            /// Reads a stored or received action.
            pub fn decode(name: &str, body: &[u8]) -> Result<Self, ActionDecodeError> {
                match name {
                    $($wire => codec::decode(body).map(Self::$name).map_err(ActionDecodeError::Body),)*
                    _ => Err(ActionDecodeError::Unknown),
                }
            }

            /// What it needs the actor to be allowed.
            pub fn needs(&self) -> Permission {
                match self { $(Self::$name(_) => <$name as Apply>::NEEDS,)* }
            }

            fn own_footprint(&self) -> ReadSet {
                match self { $(Self::$name(action) => action.footprint(),)* }
            }

            fn own_apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
                match self { $(Self::$name(action) => action.apply(rows, actor),)* }
            }
        }

        $(impl From<$name> for Action {
            fn from(action: $name) -> Self { Self::$name(action) }
        })*
    };
}

actions! {
    /// Registers a client.
    RegisterClient = "register_client@1";
    /// Corrects a client's data field by field.
    EditClient = "edit_client@1";
    /// Raises a safety alert.
    RaiseAlert = "raise_alert@1";
    /// Ends a safety alert.
    EndAlert = "end_alert@1";
    /// Takes down a signed consent.
    SignConsent = "sign_consent@1";
    /// Takes down a consent's revocation.
    RevokeConsent = "revoke_consent@1";
    /// Books an appointment.
    BookAppointment = "book_appointment@1";
    /// Moves an appointment to another time, professional or room.
    MoveAppointment = "move_appointment@1";
    /// Confirms, checks in, starts, finishes, marks as no-show or cancels.
    ChangeVisitStatus = "change_visit_status@1";
    /// Stores a new content key of a client.
    GrantClientKey = "grant_client_key@1";
    /// Signs and locks the record of a visit.
    RecordSession = "record_session@1";
    /// Adds a photo.
    AddPhoto = "add_photo@1";
    /// Adds renditions to a photo.
    AddRenditions = "add_renditions@1";
    /// Names a photo's region, view and phase.
    TagPhoto = "tag_photo@1";
    /// Takes a photo back.
    WithdrawPhoto = "withdraw_photo@1";
    /// Records a payment.
    TakePayment = "take_payment@1";
    /// Records a refund.
    RefundPayment = "refund_payment@1";
    /// Takes a lot into stock.
    ReceiveLot = "receive_lot@1";
}

/// A stored or received action cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ActionDecodeError {
    /// No such name or version in this build.
    #[error("this version does not know the action")]
    Unknown,
    /// The body is not what the name says.
    #[error(transparent)]
    Body(codec::DecodeError),
}

impl Action {
    /// Everything it reads, the actor included.
    pub fn footprint(&self, actor: StaffId) -> ReadSet {
        self.own_footprint().row(actor)
    }

    /// Checks the actor's roles, then applies. Pure.
    pub fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        let needed = self.needs();
        match rows.get::<Staff>(actor.staff)? {
            Found::Known(staff) if !staff.active => return Err(Rejection::ForgedActor.into()),
            Found::Known(staff) if !allows(&staff.roles, needed) => {
                return Err(Rejection::NotAllowed { needed }.into());
            }
            Found::Known(_) => {}
            Found::Absent | Found::NotHeld => return Err(Rejection::ForgedActor.into()),
        }
        self.own_apply(rows, actor)
    }
}

/// The row, or the rejection that says it is missing; `None` where this device may not hold it.
pub(crate) fn need<T: Entity>(rows: &WorkingSet, id: T::Id) -> Result<Option<T>, Refusal> {
    match rows.get::<T>(id)? {
        Found::Known(row) => Ok(Some(row)),
        Found::Absent => Err(Rejection::Missing { what: T::TABLE }.into()),
        Found::NotHeld => Ok(None),
    }
}

/// Refuses to create what exists already.
pub(crate) fn need_absent<T: Entity>(rows: &WorkingSet, id: T::Id) -> Result<(), Refusal> {
    match rows.get::<T>(id)? {
        Found::Known(_) => Err(Rejection::AlreadyExists { what: T::TABLE }.into()),
        Found::Absent | Found::NotHeld => Ok(()),
    }
}

/// Trims a text a person typed and refuses an empty or absurdly long one.
pub(crate) fn checked_text(field: &str, text: &str, longest: usize) -> Result<String, Rejection> {
    let trimmed = text.trim();
    let has_control = trimmed.chars().any(|c| c.is_control() && c != '\n');
    if trimmed.is_empty() || trimmed.chars().count() > longest || has_control {
        return Err(Rejection::invalid(field));
    }
    Ok(trimmed.to_owned())
}
