//! The developer's commands: `cargo xtask setup | run | test | tidy | licences`.
//!
//! Purpose: one command makes a fresh Debian or Ubuntu machine able to build, run and test Espelho, and one command says
//! whether everything that must hold does hold.
//!
//! Not for: anything a clinic runs. No room of the product may depend on this crate.
//!
//! Invariants:
//! - whatever a command starts, it stops: every child process has its own process group, which ends with the command;
//! - only directories that carry our marker file are ever deleted;
//! - a check that cannot be made is a failed check, never a skipped one.
//!
//! ```
//! use xtask::tidy;
//!
//! // House rules are plain functions over a tree, so each is tested with a planted violation.
//! let empty = tempfile::tempdir().unwrap();
//! assert!(tidy::size::check(&tidy::tree::Tree::read(empty.path()).unwrap()).is_empty());
//! ```

pub mod bench;
pub mod build;
pub mod desktop;
pub mod interface;
pub mod licences;
pub mod process;
pub mod progress;
pub mod run;
pub mod setup;
pub mod stamp;
pub mod test;
pub mod tidy;
pub mod workspace;
