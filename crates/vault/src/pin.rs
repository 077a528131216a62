//! The PIN that reopens a console during the day.
//!
//! The password opened the day. From then on the person's keys are kept wrapped under a key derived from the PIN and from
//! random bytes that exist only in this process: a PIN alone protects nothing that is on disk. Five wrong tries or twelve
//! hours destroy it, and the password is asked again.

use crate::derive::{Derivation, Strength};
use crate::envelope;
use crate::error::VaultError;
use crate::staff::StaffKeys;
use domain::port::Entropy;
use domain::time::Timestamp;
use zeroize::Zeroizing;

/// Wrong tries until the password is asked.
pub const ATTEMPTS: u8 = 5;
/// How long a PIN reopens, in milliseconds of the console's clock.
pub const VALID_MILLIS: i64 = 12 * 60 * 60 * 1000;

/// A person's keys, wrapped by their PIN.
pub struct PinLock {
    derivation: Derivation,
    pepper: Zeroizing<[u8; 32]>,
    wrapped: Vec<u8>,
    made_at: Timestamp,
    left: u8,
}

/// Why a PIN did not reopen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PinError {
    /// Wrong digits.
    #[error("the PIN is wrong; {left} tries are left")]
    Wrong {
        /// Tries left.
        left: u8,
    },
    /// Twelve hours are over, or the clock was set back.
    #[error("the PIN has expired; sign in with the password")]
    Expired,
    /// Too many wrong tries.
    #[error("too many wrong tries; sign in with the password")]
    Exhausted,
}

impl PinLock {
    /// Wraps `keys` by `pin`.
    pub fn make(
        keys: &StaffKeys,
        pin: &str,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, VaultError> {
        if !fits(pin) {
            return Err(VaultError::WeakPin);
        }
        let mut pepper = Zeroizing::new([0_u8; 32]);
        entropy.fill(pepper.as_mut());
        let derivation = Derivation::make(Strength::PIN, entropy);
        let key = derivation.derive(&material(pin, &pepper))?;
        let wrapped = envelope::seal(&key, b"pin", &keys.to_bytes(), entropy);
        Ok(Self {
            derivation,
            pepper,
            wrapped,
            made_at: now,
            left: ATTEMPTS,
        })
    }

    /// Tries left.
    pub fn attempts_left(&self) -> u8 {
        self.left
    }

    /// Whether the PIN can still reopen at `now`.
    pub fn valid(&self, now: Timestamp) -> bool {
        let age = now.0.saturating_sub(self.made_at.0);
        self.left > 0 && (0..VALID_MILLIS).contains(&age)
    }

    /// Opens the keys.
    pub fn unlock(&mut self, pin: &str, now: Timestamp) -> Result<StaffKeys, PinError> {
        if self.left == 0 {
            return Err(PinError::Exhausted);
        }
        if !self.valid(now) {
            self.left = 0;
            return Err(PinError::Expired);
        }
        // Counted before the work, so that ending the process in the middle gives no free try.
        self.left -= 1;
        let opened = self
            .derivation
            .derive(&material(pin, &self.pepper))
            .and_then(|key| envelope::open(&key, b"pin", &self.wrapped, "PIN"))
            .and_then(|bytes| StaffKeys::from_bytes(&Zeroizing::new(bytes)));
        match opened {
            Ok(keys) => {
                self.left = ATTEMPTS;
                Ok(keys)
            }
            Err(_) if self.left == 0 => Err(PinError::Exhausted),
            Err(_) => Err(PinError::Wrong { left: self.left }),
        }
    }
}

fn material(pin: &str, pepper: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([pin.as_bytes(), pepper].concat())
}

/// 4 to 8 digits, neither all equal nor a plain sequence up or down.
fn fits(pin: &str) -> bool {
    let digits: Vec<i16> = pin
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|digit| i16::from(digit - b'0'))
        .collect();
    let stays = |step: i16| digits.windows(2).all(|pair| pair[1] - pair[0] == step);
    digits.len() == pin.len()
        && (4..=8).contains(&digits.len())
        && !stays(0)
        && !stays(1)
        && !stays(-1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::SigningKey;
    use crate::testing::Counting;

    fn lock() -> PinLock {
        let entropy = Counting::default();
        let keys = StaffKeys {
            signing: SigningKey::make(&entropy),
            clinical: None,
        };
        PinLock::make(&keys, "2580", Timestamp(1_000), &entropy).unwrap()
    }

    #[test]
    fn five_wrong_tries_destroy_the_pin() {
        let mut lock = lock();
        assert!(lock.unlock("2580", Timestamp(2_000)).is_ok());
        for left in (1..ATTEMPTS).rev() {
            assert_eq!(
                lock.unlock("0000", Timestamp(2_000)).unwrap_err(),
                PinError::Wrong { left }
            );
        }
        assert_eq!(
            lock.unlock("0000", Timestamp(2_000)).unwrap_err(),
            PinError::Exhausted
        );
        assert_eq!(
            lock.unlock("2580", Timestamp(2_000)).unwrap_err(),
            PinError::Exhausted
        );
    }

    #[test]
    fn twelve_hours_or_a_clock_set_back_end_it() {
        assert_eq!(
            lock()
                .unlock("2580", Timestamp(1_000 + VALID_MILLIS))
                .unwrap_err(),
            PinError::Expired
        );
        assert_eq!(
            lock().unlock("2580", Timestamp(0)).unwrap_err(),
            PinError::Expired
        );
    }

    #[test]
    fn easy_pins_are_refused() {
        for easy in ["1111", "1234", "4321", "123", "123456789", "12a4", ""] {
            assert!(!fits(easy), "{easy}");
        }
        assert!(fits("2580"));
    }
}
