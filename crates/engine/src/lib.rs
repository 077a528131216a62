//! The optimizer engine that the desktop app embeds: everything a console does, behind one handle.
//!
//! [`Engine`] is what the shell calls. It opens the encrypted replica, signs people in, answers every screen from caches and
//! indexed queries, takes what people do into the outbox, optimizes photos, talks to the clinic's server and measures all of
//! it.
//!
//! Not for: what an action means (`domain`), how rows are stored (`store`) or rebased (`replica`), what travels (`sync`), and
//! how anything looks (the interface).
//!
//! Invariants:
//! - data leaves only through a [`session::Session`], and none exists while the console is locked; roles are checked here,
//!   whatever the screen shows;
//! - what a person did is on disk, in the outbox, before they are told so;
//! - events leave after the commit they speak of;
//! - one conversion, [`AppError`], turns every error into a stable code; no message holds personal data.
//!
//! One booking, from the click to the receipt: [`Engine::appointment_book`] reads the request, [`act`] signs the action and
//! runs it in one transaction of the store with the replica's outbox, the commit wakes the link in [`net`], the server's
//! receipt comes back as a storage job, and [`host`] runs that job, which takes the action out of the outbox.
//!
//! ```no_run
//! # fn example() -> Result<(), engine::AppError> {
//! let config = engine::Config::new(None, None, true, None, "espelho".into())?;
//! let engine = engine::Engine::start(config)?;
//! println!("{:?}", engine.app_state()?.phase);
//! engine.shut_down();
//! # Ok(())
//! # }
//! ```

mod act;
mod agenda;
mod cache;
mod caches;
mod catalogue;
mod clients;
mod clinical;
mod config;
mod console;
mod core;
mod error;
mod events;
mod export;
mod files;
mod host;
mod logging;
pub mod net;
mod opening;
mod panel;
mod performance;
mod photos;
mod preferences;
mod preset;
mod profile;
mod reading;
mod record;
pub mod session;
mod setup;
mod signin;
mod system;
mod timeline;
pub mod view;
mod warm;

pub use crate::core::Engine;
pub use config::Config;
pub use error::AppError;
pub use photos::{Picture, serve_decode_worker};
pub use preset::{CacheSize, Preset, PresetError};
pub use system::{OsEntropy, SystemClock};
