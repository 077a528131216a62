//! The server's side of one connection.
//!
//! [`Connection`] reads the log for its console when there is room for more, instead of queueing what happens: a notice only
//! raises the head, so a slow console costs the server nothing but a number. What was pushed is decided in order; a receipt
//! is always sent before the rows of its action.
//!
//! What the host promises: every question is answered exactly once, and [`Input::Drained`] is given whenever everything
//! handed over has left.

mod connection;
mod lanes;
mod port;
mod snapshot;
#[cfg(test)]
mod tests;

pub use connection::Connection;
pub use port::{ChangesRead, Effect, Input, Session, Verdict, Warning};
