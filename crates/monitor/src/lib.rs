//! Measuring: how long everything takes, how often it fails, how much memory it needs, now and over time.
//!
//! Not for: deciding what is too slow, or drawing it.
//!
//! A [`Recorder`] takes single measurements from any thread. Once a second the owner calls [`Monitor::tick`], which closes
//! the second and writes it to the [`History`], a database of its own so that measuring never waits for the writer of the
//! clinic's. Intervals are merged as distributions; a percentile of a day is the percentile of all its measurements, not
//! an average of percentiles.
//!
//! Invariants: every recorded measurement is counted once; the history is bounded (seconds for an hour, minutes for
//! thirty days, hours for two years); what was not measured is absent, never zero; nothing recorded names a person.
//!
//! ```
//! use monitor::{Area, Monitor, Resolution};
//! use std::time::Duration;
//! let monitor = Monitor::new(None);
//! monitor.recorder().record(Area::Command, "agenda_range", Duration::from_micros(250), true);
//! monitor.tick(1_000, vec![("memory", 1e8)])?;
//! let seconds = monitor.intervals(0, Resolution::Second)?;
//! assert_eq!(seconds[0].series[0].times.percentile(99.0), Some(250));
//! # Ok::<(), monitor::HistoryError>(())
//! ```

mod history;
mod interval;
mod process;
mod recorder;
mod times;

pub use history::{History, HistoryError};
pub use interval::{Area, Interval, Resolution, Series};
pub use process::{ProcessUse, ProcessWatch};
pub use recorder::{Recorder, Taken};
pub use times::Times;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps the running hour in memory and everything in the history.
pub struct Monitor {
    recorder: Recorder,
    recent: Mutex<VecDeque<Interval>>,
    history: Option<History>,
}

const HOUR_OF_SECONDS: usize = 3600;

impl Monitor {
    /// A monitor; without a history it keeps the last hour only, for as long as it runs.
    pub fn new(history: Option<History>) -> Self {
        Self {
            recorder: Recorder::new(),
            recent: Mutex::new(VecDeque::new()),
            history,
        }
    }

    /// Where measurements go.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<Interval>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the second that ended last before `now` (milliseconds since the Unix epoch), with the gauges read at its
    /// end.
    ///
    /// # Errors
    /// When the history cannot be written; the running hour in memory has the second all the same.
    pub fn tick(&self, now: i64, gauges: Vec<(&'static str, f64)>) -> Result<(), HistoryError> {
        let taken = self.recorder.take();
        let gauges = gauges
            .into_iter()
            .map(|(name, value)| (Cow::Borrowed(name), value));
        let second = Interval {
            at: Resolution::Second.begin(now) - Resolution::Second.millis(),
            series: taken.series,
            failures: taken.failures,
            gauges: gauges.collect(),
        };
        let written = self
            .history
            .as_ref()
            .map_or(Ok(()), |history| history.append(&second));
        let mut recent = self.recent();
        match recent.back_mut().filter(|last| last.at == second.at) {
            Some(last) => last.merge(&second),
            None => recent.push_back(second),
        }
        if recent.len() > HOUR_OF_SECONDS {
            recent.pop_front();
        }
        written
    }

    /// The intervals that begin at or after `from` (milliseconds since the Unix epoch), oldest first, at the resolution
    /// given; without a history, of the running hour. Merge them for a summary, or draw them one by one.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn intervals(
        &self,
        from: i64,
        resolution: Resolution,
    ) -> Result<Vec<Interval>, HistoryError> {
        match (&self.history, resolution) {
            (Some(history), Resolution::Minute | Resolution::Hour) => {
                history.read(from..i64::MAX, resolution)
            }
            (history, _) => {
                let recent: Vec<Interval> = {
                    let recent = self.recent();
                    recent
                        .iter()
                        .filter(|second| second.at >= from)
                        .cloned()
                        .collect()
                };
                let begin = recent.first().map_or(i64::MAX, |second| second.at);
                // Seconds from before this process are in the history only.
                let mut seconds = match history {
                    Some(history) if from < begin => {
                        history.read(from..begin, Resolution::Second)?
                    }
                    _ => Vec::new(),
                };
                seconds.extend(recent);
                Ok(match resolution {
                    Resolution::Second => seconds,
                    coarse => interval::coarser(&seconds, coarse),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use vault::key::DatabaseKey;

    fn record(monitor: &Monitor) {
        monitor
            .recorder()
            .record(Area::Command, "search", Duration::from_micros(90), true);
    }

    fn counts(monitor: &Monitor, resolution: Resolution) -> Vec<(i64, u64)> {
        let intervals = monitor.intervals(0, resolution).unwrap();
        intervals
            .iter()
            .map(|interval| {
                (
                    interval.at,
                    interval
                        .series
                        .iter()
                        .map(|series| series.times.len())
                        .sum(),
                )
            })
            .collect()
    }

    #[test]
    fn seconds_of_an_earlier_process_come_before_those_of_this_one() {
        let folder = tempfile::tempdir().unwrap();
        let key = DatabaseKey::from_bytes(&[1; 32]).unwrap();
        for begin in [10_000, 20_000] {
            let history = History::open(&folder.path().join("metrics.db"), &key).unwrap();
            let monitor = Monitor::new(Some(history));
            for second in 0..3 {
                record(&monitor);
                monitor.tick(begin + second * 1000, Vec::new()).unwrap();
            }
            if begin == 20_000 {
                assert_eq!(
                    counts(&monitor, Resolution::Second),
                    [9, 10, 11, 19, 20, 21].map(|second| (second * 1000, 1))
                );
                assert_eq!(counts(&monitor, Resolution::Minute), [(0, 6)]);
            }
        }
    }

    #[test]
    fn without_a_history_the_running_hour_is_kept() {
        let monitor = Monitor::new(None);
        for second in 1..=4000 {
            record(&monitor);
            monitor.tick(second * 1000, Vec::new()).unwrap();
        }
        assert_eq!(counts(&monitor, Resolution::Second).len(), 3600);
        assert_eq!(
            counts(&monitor, Resolution::Hour),
            [(0, 3200), (3_600_000, 400)]
        );
    }

    #[test]
    fn two_ticks_in_a_second_are_one_second() {
        let monitor = Monitor::new(None);
        record(&monitor);
        monitor.tick(5_100, vec![("memory", 1.0)]).unwrap();
        record(&monitor);
        monitor.tick(5_900, vec![("memory", 2.0)]).unwrap();
        assert_eq!(counts(&monitor, Resolution::Second), [(4_000, 2)]);
        let seconds = monitor.intervals(0, Resolution::Second).unwrap();
        assert_eq!(seconds[0].gauge("memory"), Some(2.0));
    }
}
