//! The console's side of one account.
//!
//! [`Machine`] keeps a connection alive, sends the outbox, takes in rows, decisions and snapshots, and moves blobs. It holds
//! no data: rows go to the storage as [`crate::standing::StoreJob`]s, one at a time, and only what the storage reports as
//! committed counts.
//!
//! What the host promises: every question is answered exactly once; inputs arrive in the order things happened; frames and
//! the end of a connection that was closed by [`Effect::Close`] are not reported.

mod backoff;
mod blobs;
mod jobs;
mod machine;
mod port;
#[cfg(test)]
mod tests;
mod window;

pub use machine::Machine;
pub use port::{Effect, Input, Link, OfflineCause, OutboxItem, Status, WaitingBlob, Warning};
