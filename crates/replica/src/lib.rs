//! The console's side of a store: what people did here and the server has not decided yet, on top of what it has.
//!
//! A replica is the server's rows (*confirmed*) with the effects of the pending actions of the outbox on top, in outbox
//! order. People see the sum. Where a pending action changed a row, the row's confirmed content is kept beside it as an
//! *image*, so that the action can be taken back when the server decides otherwise or something it read changes.
//!
//! Generic over [`domain::store_port::ReplicaStore`]: the same code runs over SQLite, over the in-memory store of the tests
//! and in the simulator. Every method of [`Replica`] works inside one transaction of the caller, who commits it; nothing is
//! half done when it is rolled back.
//!
//! Not for: talking to the server (`sync`), deciding (the server), signing (`vault`; a signature is asked for through a
//! closure).
//!
//! Invariants:
//! - the rows are what executing every pending action in outbox order over the confirmed rows gives (the property test runs
//!   random histories against exactly that);
//! - a row has an image if and only if a pending action changed it here;
//! - an action leaves the outbox only in the transaction that holds the rows of its acknowledgement, or when a person
//!   discards or replaces it; a refused one is parked with its reason and never blocks the others;
//! - the cursor moves only in the transaction that applies the rows up to it, and a batch that does not continue it is
//!   refused as a whole;
//! - of the pending actions, only those run again whose reads or rows meet what changed.
//!
//! One thing shows through: rows arrive as they stand now, so a row may come with the effect of an own action whose receipt
//! lies further on in the order. Until that receipt comes, the action is run on top of its own effect and may not fit for
//! that moment; the confirmed rows are right all along and the receipt puts it straight.
//!
//! ```no_run
//! # fn example<S: domain::store_port::ReplicaStore>(tx: &mut S, action: domain::action::Action,
//! #     actor: domain::action::Actor, device: domain::id::DeviceId, life: domain::id::IncarnationId,
//! #     sign: &dyn Fn(&[u8]) -> Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
//! let mut replica = replica::Replica::new();
//! replica.open(tx, device, b"marker kept beside the database", life)?;
//! let done = replica.enqueue(tx, &action, actor, sign)?;
//! println!("number {} waits for the server", done.position);
//! # Ok(())
//! # }
//! ```

mod error;
mod index;
mod outbox;
mod parked;
mod progress;
mod rebase;
mod replica;
mod snapshot;
pub mod upload;

pub use error::{EnqueueError, ReplicaError};
pub use outbox::Enqueued;
pub use parked::ParkedAction;
pub use progress::{Opened, Progress};
pub use rebase::Report;
pub use replica::Replica;
