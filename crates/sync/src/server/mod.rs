//! The server's side of one connection.

mod port;

pub use port::{ChangesRead, Effect, Input, Session, Verdict, Warning};
