//! Histories of consoles and their server: random ones in memory, against what plain re-execution gives.

#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

mod model;
mod rebase;
mod simulation;
