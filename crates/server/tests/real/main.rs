//! The real server: real TLS on a free port, a real encrypted database, the real binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed expectation is a failed test"
)]

mod command_line;
mod founding;
mod machine;
mod photos;
mod serving;
mod support;
