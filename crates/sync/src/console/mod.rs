//! The console's side of one account.

mod port;

pub use port::{Effect, Input, Link, OfflineCause, OutboxItem, Status, WaitingBlob, Warning};
