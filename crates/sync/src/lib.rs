//! What travels between a console and its server, and the state machines of both ends.
//!
//! Sans-IO: bytes, times and answers of the storage go in ([`console::Input`], [`server::Input`]); bytes and effects come
//! out ([`console::Effect`], [`server::Effect`]). Nothing here opens a socket, reads a clock or touches a database: the
//! engine and the server drive these machines with real ones, the simulator with simulated ones, and a failing schedule
//! replays exactly from its seed.
//!
//! Not for: what an action means (`domain`), how pending actions and confirmed rows live together (`replica`), or who may
//! connect (the server's own verdict, asked for by [`server::Effect::Verify`]).
//!
//! Invariants:
//! - the cursor advances only when the storage says that a batch is committed; a batch that fails advances nothing;
//! - everything without a receipt is sent again, in order, after every connection; the server answers the same action
//!   with the same decision, so twice is as good as once;
//! - a console says "synced" only when the server has decided everything it was told and every row the server had at its
//!   last word is here;
//! - both ends hold bounded memory: a window of actions, two batches of changes, one page, one chunk. A reader that is
//!   too slow is not buffered for; it is read for again from the log at its own cursor;
//! - foreign bytes never panic, never allocate more than their declared limits, and never wedge the connection for good.
//!
//! ```
//! use sync::message::{ConsoleMessage, decode_console, encode};
//! let bytes = encode(&ConsoleMessage::Ping { n: 7 });
//! assert_eq!(decode_console(&bytes).unwrap(), ConsoleMessage::Ping { n: 7 });
//! ```

pub mod console;
mod heartbeat;
pub mod message;
pub mod packed;
pub mod server;
pub mod standing;

/// Milliseconds since an arbitrary start, never running backwards: what the machines measure patience with. The host
/// takes it from a monotonic clock, the simulator from its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// This moment, `millis` later.
    #[must_use]
    pub fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
    /// Milliseconds from `earlier` to this moment; 0 when `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
