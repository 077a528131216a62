//! Rate limits: one token bucket per key (a device or an address), refilled evenly over a minute.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Keys remembered before full buckets are forgotten. A full bucket and an unknown key are the same thing.
const REMEMBERED: usize = 4_096;

/// A limit of so many events per minute and key.
pub struct RateLimit<K> {
    per_minute: f64,
    buckets: Mutex<HashMap<K, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl<K: Eq + Hash> RateLimit<K> {
    /// Allows bursts of up to `per_minute` events and as many per minute in the long run.
    pub fn per_minute(per_minute: u64) -> Self {
        Self {
            per_minute: per_minute as f64,
            buckets: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one event of `key`; when there is none left, how long until there is.
    pub fn take(&self, key: K) -> Result<(), Duration> {
        self.take_at(key, Instant::now())
    }

    fn take_at(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= REMEMBERED {
            buckets.retain(|_, bucket| self.level(bucket, now) < self.per_minute);
        }
        let bucket = buckets.entry(key).or_insert(Bucket {
            left: self.per_minute,
            at: now,
        });
        bucket.left = self.level(bucket, now);
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            Ok(())
        } else {
            let wait = (1.0 - bucket.left) * 60.0 / self.per_minute;
            Err(Duration::from_secs_f64(wait))
        }
    }

    fn level(&self, bucket: &Bucket, now: Instant) -> f64 {
        let elapsed = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.left + elapsed * self.per_minute / 60.0).min(self.per_minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_asks_too_often_waits_and_others_do_not() {
        let limit = RateLimit::per_minute(2);
        let start = Instant::now();
        assert!(limit.take_at("a", start).is_ok());
        assert!(limit.take_at("a", start).is_ok());
        let wait = limit.take_at("a", start).unwrap_err();
        assert_eq!(wait.as_secs(), 30);
        assert!(limit.take_at("b", start).is_ok());
        assert!(limit.take_at("a", start + wait).is_ok());
    }

    #[test]
    fn full_buckets_are_forgotten_and_empty_ones_are_kept() {
        let limit = RateLimit::per_minute(1);
        let start = Instant::now();
        for key in 0..REMEMBERED {
            assert!(limit.take_at(key, start).is_ok());
        }
        let later = start + Duration::from_secs(59);
        assert!(limit.take_at(REMEMBERED, later).is_ok());
        assert!(limit.take_at(0, later).is_err());
        assert!(
            limit
                .take_at(REMEMBERED + 1, start + Duration::from_secs(61))
                .is_ok()
        );
        let kept = limit.buckets.lock().unwrap().len();
        assert!(kept <= 2, "{kept} keys are still remembered");
    }
}
