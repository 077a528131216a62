//! What can go wrong.

use domain::rejection::Rejection;

/// The replica cannot do what it was asked. Nothing was decided; the transaction is to be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError<E: std::error::Error + 'static> {
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] E),
    /// [`crate::Replica::open`] was never run on this database.
    #[error("the replica was not opened; open it with the device's identity first")]
    NotOpened,
    /// A stored value cannot be read.
    #[error("the stored sync state {name} cannot be read: {cause}")]
    Damaged {
        /// Which value.
        name: &'static str,
        /// What the decoder said; never contents.
        cause: domain::codec::DecodeError,
    },
    /// The database belongs to another device.
    #[error("the database belongs to another device; enrol this one anew")]
    OtherDevice,
    /// A batch continues another cursor than the one held.
    #[error("the batch continues {from} but everything up to {cursor} is stored")]
    OutOfOrder {
        /// Where the batch begins.
        from: u64,
        /// What is stored.
        cursor: u64,
    },
    /// A snapshot's rows or its end came without its beginning.
    #[error("a snapshot goes on that was never begun here")]
    NoSnapshot,
    /// There is no parked action at this place.
    #[error("no parked action has the number {position}")]
    NotParked {
        /// The place.
        position: u64,
    },
}

/// An action was not taken into the outbox.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError<E: std::error::Error + 'static> {
    /// A rule refuses it here and now.
    #[error(transparent)]
    Refused(Rejection),
    /// The action's code reads what it does not declare.
    #[error(transparent)]
    Fault(domain::read::UndeclaredRead),
    /// Anything else.
    #[error(transparent)]
    Replica(#[from] ReplicaError<E>),
}
