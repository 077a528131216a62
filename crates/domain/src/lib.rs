//! What a clinic is.
pub mod id;
pub mod port;
pub mod time;
