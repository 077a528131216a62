//! Decoding in a process of its own.
//!
//! Picture decoders are where foreign bytes meet C and hand-written vector code. So the console runs its own binary again
//! as a worker that only ever sees one picture at a time: it holds no keys, inherits none of the environment that could
//! name any, and whatever happens to it costs that one picture. [`serve`] is the worker's whole life; [`Client`] is the
//! console's side, which restarts a worker that dies or hangs.
//!
//! The wire is in `frame`: versioned, length-prefixed, every length bounded before it is believed, in both directions,
//! since a decoder that was taken over would answer through it.
//!
//! On Linux the worker also caps its own address space, so that a picture that eats memory ends the worker and not the
//! console. Windows and macOS offer that only through calls this workspace does not make (`unsafe`); there the limits of
//! [`crate::Limits`] and the timeout hold alone.

mod client;
mod frame;
mod serve;

pub use client::Client;
pub use serve::serve;

/// The argument by which a binary knows that it is to [`serve`].
pub const ARGUMENT: &str = "--decode-worker";
