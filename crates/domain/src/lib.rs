//! What an aesthetic clinic is: its people, clients, agenda, records, photos and payments, and everything a person can do
//! with them.
//!
//! Pure: no I/O, no clock, no randomness. Time and random bytes come in through [`port`]; storage is asked through
//! [`store_port`]. The same code runs on a console, which is often offline, and on the server, which decides.
//!
//! Invariants:
//! - an action reads only what its footprint declares ([`read::UndeclaredRead`] otherwise);
//! - `apply` is deterministic: the same working set and action give the same effects;
//! - what this device may not hold makes a result provisional, never wrong;
//! - clinical facts, lot use and payments are never edited.
//!
//! ```
//! use domain::cpf::Cpf;
//! assert_eq!(Cpf::parse("529.982.247-25").unwrap().masked(), "***.982.247-**");
//! ```

pub mod action;
pub mod agenda;
pub mod blob;
pub mod bucket;
pub mod codec;
pub mod contact;
pub mod cpf;
pub mod envelope;
pub mod id;
pub mod money;
pub mod port;
pub mod read;
pub mod rejection;
pub mod role;
pub mod row;
pub mod store_port;
pub mod time;
