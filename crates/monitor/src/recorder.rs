//! Taking measurements.

use crate::interval::{Area, Series};
use crate::times::{Times, count, counter};
use hdrhistogram::Histogram;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What was recorded since the last take.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// By kind and name.
    pub series: Vec<Series>,
    /// Errors by code.
    pub failures: Vec<(String, u64)>,
}

#[derive(Default)]
struct Shard {
    series: HashMap<(Area, &'static str), Counted>,
    failures: HashMap<String, u64>,
}

struct Counted {
    times: Histogram<u32>,
    errors: u64,
}

const SHARDS: usize = 8;

/// Takes measurements from any thread. Threads write to different shards, so that they seldom wait for each other.
/// Clones share what they recorded.
#[derive(Clone)]
pub struct Recorder(Arc<[Mutex<Shard>; SHARDS]>);

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Recorder {
    /// An empty recorder.
    pub fn new() -> Self {
        Self(Arc::new(std::array::from_fn(|_| {
            Mutex::new(Shard::default())
        })))
    }

    /// The shard of the calling thread.
    fn shard(&self) -> MutexGuard<'_, Shard> {
        let mut hasher = DefaultHasher::new();
        std::thread::current().id().hash(&mut hasher);
        let at = usize::try_from(hasher.finish() % SHARDS as u64).unwrap_or(0);
        self.0[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records one time. Times under a microsecond count as one, over a minute as one minute; `good` is false when what
    /// was measured ended in an error.
    pub fn record(&self, area: Area, name: &'static str, time: Duration, good: bool) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let mut shard = self.shard();
        let counted = shard.series.entry((area, name)).or_insert_with(|| Counted {
            times: counter(),
            errors: 0,
        });
        count(&mut counted.times, micros);
        counted.errors += u64::from(!good);
    }

    /// Counts an error by its stable code.
    pub fn count_failure(&self, code: &str) {
        let mut shard = self.shard();
        match shard.failures.get_mut(code) {
            Some(count) => *count += 1,
            None => drop(shard.failures.insert(code.to_owned(), 1)),
        }
    }

    /// Takes everything recorded since the last take, ordered by kind and name.
    pub fn take(&self) -> Taken {
        let mut series: BTreeMap<(Area, &'static str), (Times, u64)> = BTreeMap::new();
        let mut failures: BTreeMap<String, u64> = BTreeMap::new();
        for shard in self.0.iter() {
            let taken = std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner));
            for (key, counted) in taken.series {
                let (times, errors) = series.entry(key).or_default();
                times.merge(&Times::of(&counted.times));
                *errors += counted.errors;
            }
            for (code, count) in taken.failures {
                *failures.entry(code).or_default() += count;
            }
        }
        let series = series.into_iter().map(|((area, name), (times, errors))| {
            let name = Cow::Borrowed(name);
            Series {
                area,
                name,
                times,
                errors,
            }
        });
        Taken {
            series: series.collect(),
            failures: failures.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    #[test]
    fn concurrent_recording_counts_each_measurement_once_while_it_is_taken() {
        let recorder = Recorder::new();
        let done = AtomicBool::new(false);
        let mut all = Times::default();
        let (mut errors, mut failures) = (0, 0);
        thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        for micros in 1..=1000 {
                            let good = micros % 100 != 0;
                            recorder.record(
                                Area::Query,
                                "search",
                                Duration::from_micros(micros),
                                good,
                            );
                            if !good {
                                recorder.count_failure("busy");
                            }
                        }
                    })
                })
                .collect();
            let taker = scope.spawn(|| {
                let mut taken = Vec::new();
                // Once more after the last writer has ended.
                loop {
                    let last = done.load(Ordering::SeqCst);
                    taken.push(recorder.take());
                    if last {
                        return taken;
                    }
                }
            });
            for writer in writers {
                writer.join().unwrap();
            }
            done.store(true, Ordering::SeqCst);
            for taken in taker.join().unwrap() {
                for series in taken.series {
                    all.merge(&series.times);
                    errors += series.errors;
                }
                failures += taken.failures.iter().map(|(_, count)| count).sum::<u64>();
            }
        });
        assert_eq!((all.len(), errors, failures), (8000, 80, 80));
        assert_eq!(all.within(100), 800);
    }

    #[test]
    fn a_taken_measurement_is_gone() {
        let recorder = Recorder::new();
        recorder.record(Area::Photo, "decode", Duration::from_millis(20), true);
        assert_eq!(recorder.take().series.len(), 1);
        assert!(recorder.take().series.is_empty());
    }

    #[test]
    fn times_beyond_the_bounds_count_as_the_bounds() {
        let recorder = Recorder::new();
        recorder.record(Area::Sync, "receipt", Duration::ZERO, true);
        recorder.record(Area::Sync, "receipt", Duration::from_secs(3600), true);
        let times = &recorder.take().series[0].times;
        assert_eq!(
            (times.percentile(50.0), times.max()),
            (Some(1), Some(60_000_000))
        );
    }
}
