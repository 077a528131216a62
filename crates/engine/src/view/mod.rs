//! What the interface sees: plain data, already masked, already in the clinic's civil time.
//!
//! Conventions: ids are UUID strings; days are ISO strings (`2026-11-23`); minutes count from midnight; instants are
//! milliseconds since the Unix epoch and money is integer cents, both as `f64`, the only number JavaScript has. Errors
//! are [`crate::AppError`].

pub mod agenda;
pub mod app;
pub mod catalogue;
pub mod clients;
pub mod clinical;
pub mod event;
pub mod performance;
pub mod photos;
pub mod sync;
