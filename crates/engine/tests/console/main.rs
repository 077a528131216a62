//! A console at work in a demonstration clinic: the real engine over its encrypted database, joined to a real server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed expectation is a failed test"
)]

mod agenda;
mod clients;
mod clinical;
mod support;
