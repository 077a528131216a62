//! The two ports of the domain, under a test's control.

use domain::port::{Clock, Entropy};
use domain::time::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

/// A clock that stands still until it is told otherwise. Share it in an `Arc` to move it from outside.
#[derive(Debug, Default)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.0))
    }
    /// Shows `now` from here on, which may be earlier than before.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, SeqCst);
    }
    /// Goes on by `millis` (back, when negative) and says what it shows then.
    pub fn advance(&self, millis: i64) -> Timestamp {
        Timestamp(self.0.fetch_add(millis, SeqCst).saturating_add(millis))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(SeqCst))
    }
}

/// Bytes that look random and are the same in every run from the same seed. Protects nothing.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<ChaCha20Rng>);

impl SeededEntropy {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_only_when_told() {
        let clock = FixedClock::at(Timestamp(1_000));
        assert_eq!(clock.now(), clock.now());
        assert_eq!(clock.advance(500), Timestamp(1_500));
        clock.set(Timestamp(7));
        assert_eq!(clock.now(), Timestamp(7));
    }

    #[test]
    fn a_seed_repeats_its_bytes_and_another_gives_others() {
        let draw = |seed| {
            let entropy = SeededEntropy::new(seed);
            (entropy.bytes::<32>(), entropy.bytes::<32>())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_ne!(draw(1).0, draw(1).1);
    }
}
