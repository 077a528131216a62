//! The clinic's server: the one place that decides about actions, and from which every console gets the same rows.
//!
//! Not for: what an action means (`domain`), what travels and when (`sync`), how rows are stored (`store`), or anything a
//! console does with them.
//!
//! Invariants:
//! - a receipt is sent only after the commit that it speaks of;
//! - the same envelope gets the same decision for ever; the server's clock orders and rejects nothing;
//! - a console gets rows, reasons and photos only of buckets that its profile may hold;
//! - bytes from the network never panic, and cost at most their declared limits;
//! - logs hold ids, counts and causes, never contents.
//!
//! [`Server::start`] runs it inside a test or another program; the `clinic-server` binary runs it alone. [`http`] documents
//! the requests, [`authority`] the order of decisions.
//!
//! ```
//! use server::settings::{Preset, Settings};
//! assert_eq!(Settings::preset(Preset::Production).unwrap().connections, 5000);
//! ```

pub mod admin;
mod app;
pub mod authority;
pub mod blobs;
pub mod clinic;
pub mod data;
pub mod http;
mod hub;
pub mod metrics;
pub mod rate;
mod serve;
pub mod settings;
pub mod system;
pub mod tls;

pub use serve::{Config, Running, Server, StartError};
