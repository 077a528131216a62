//! A day at the clinic in real windows: who signs in, what they do, what the others see, with the server there and gone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed expectation is a failed test"
)]

mod booking;
mod desk;
mod figures;
mod room;
mod seat;
mod two_consoles;
