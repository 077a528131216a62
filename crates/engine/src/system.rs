//! The operating system's clock and random numbers: the only implementations of the two ports in the console.

use domain::port::{Clock, Entropy};
use domain::time::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// A system without random numbers cannot keep any secret, so the process ends rather than goes on.
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            eprintln!(
                "espelho: the operating system gives no random numbers; nothing can be protected without them"
            );
            std::process::abort();
        }
    }
}
