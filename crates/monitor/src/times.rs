//! How times are distributed, in little space.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest time told apart from longer ones, in microseconds: one minute.
pub(crate) const LONGEST: u64 = 60_000_000;

/// An empty counter for times of 1 microsecond to [`LONGEST`]. Two significant digits put every time within 1 % of
/// itself and make the counter 10 KiB; a third would keep ten times as many distinct times for hours and years.
pub(crate) fn counter() -> Histogram<u32> {
    #[expect(
        clippy::expect_used,
        reason = "the bounds are constants the library accepts"
    )]
    Histogram::new_with_bounds(1, LONGEST, 2).expect("constant bounds")
}

/// Counts one time; what is out of bounds counts as the bound.
pub(crate) fn count(counted: &mut Histogram<u32>, micros: u64) {
    counted.saturating_record(micros.clamp(1, LONGEST));
}

/// A distribution of times in microseconds: how many fell on each distinct time.
///
/// Every time was rounded once, by the recorder, to within 1 % (below 256 microseconds not at all). Merging is exact:
/// a percentile of merged distributions is the percentile of all their measurements.
///
/// It holds only the times that occurred, so that an hour of seconds fits in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<u64>", try_from = "Vec<u64>")]
pub struct Times(Vec<(u64, u64)>);

impl Times {
    /// What was counted.
    pub(crate) fn of(counted: &Histogram<u32>) -> Self {
        let counts = counted.iter_recorded().map(|step| {
            (
                step.value_iterated_to().min(LONGEST),
                u64::from(step.count_at_value()),
            )
        });
        Self(counts.collect())
    }

    /// How many times there are.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time in microseconds that `percentile` (0 to 100) of the measurements did not exceed; `None` without
    /// measurements. The rank is the nearest one, rounded up.
    pub fn percentile(&self, percentile: f64) -> Option<u64> {
        let all = self.len();
        let rank = (percentile.clamp(0.0, 100.0) / 100.0 * all as f64).ceil();
        let rank = (rank as u64).clamp(1, all.max(1));
        let mut passed = 0;
        self.0.iter().find_map(|(micros, count)| {
            passed += count;
            (passed >= rank).then_some(*micros)
        })
    }

    /// The longest time in microseconds; `None` without measurements.
    pub fn max(&self) -> Option<u64> {
        self.0.last().map(|(micros, _)| *micros)
    }

    /// The mean in microseconds; `None` without measurements.
    pub fn mean(&self) -> Option<f64> {
        let total: f64 = self
            .0
            .iter()
            .map(|(micros, count)| *micros as f64 * *count as f64)
            .sum();
        (!self.is_empty()).then(|| total / self.len() as f64)
    }

    /// How many took at most `micros` microseconds.
    pub fn within(&self, micros: u64) -> u64 {
        self.0
            .iter()
            .take_while(|(time, _)| *time <= micros)
            .map(|(_, count)| count)
            .sum()
    }

    /// Adds another distribution.
    pub fn merge(&mut self, other: &Self) {
        for (micros, count) in &other.0 {
            match self.0.binary_search_by_key(micros, |(micros, _)| *micros) {
                Ok(at) => self.0[at].1 = self.0[at].1.saturating_add(*count),
                Err(at) => self.0.insert(at, (*micros, *count)),
            }
        }
    }
}

/// Stored as step from the time before and count, one after the other: small numbers, which CBOR keeps in a byte or two.
impl From<Times> for Vec<u64> {
    fn from(times: Times) -> Self {
        let mut before = 0;
        let mut flat = Vec::with_capacity(times.0.len() * 2);
        for (micros, count) in times.0 {
            flat.extend([micros - before, count]);
            before = micros;
        }
        flat
    }
}

impl TryFrom<Vec<u64>> for Times {
    type Error = &'static str;

    fn try_from(flat: Vec<u64>) -> Result<Self, Self::Error> {
        let (pairs, rest) = flat.as_chunks::<2>();
        if !rest.is_empty() {
            return Err("a distribution ends in the middle of a pair");
        }
        let mut before = 0;
        let mut counts = Vec::with_capacity(pairs.len());
        for [step, count] in pairs {
            let micros: u64 = before + step.min(&LONGEST);
            if *step == 0 || *count == 0 || micros > LONGEST {
                return Err("a distribution holds a time or a count that nothing records");
            }
            counts.push((micros, *count));
            before = micros;
        }
        Ok(Self(counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(micros: &[u64]) -> Times {
        let mut counted = counter();
        for micros in micros {
            count(&mut counted, *micros);
        }
        Times::of(&counted)
    }

    proptest! {
        /// However measurements are divided into intervals, merging these gives the distribution of them all.
        #[test]
        fn merged_intervals_are_the_distribution_of_all_measurements(
            intervals in prop::collection::vec(prop::collection::vec(1_u64..90_000_000, 0..40), 0..12),
        ) {
            let mut merged = Times::default();
            for interval in &intervals {
                merged.merge(&of(interval));
            }
            let all = of(&intervals.concat());
            prop_assert_eq!(&merged, &all);
            for percentile in [0.0, 50.0, 95.0, 99.0, 100.0] {
                prop_assert_eq!(merged.percentile(percentile), all.percentile(percentile));
            }
        }

        /// A percentile is the measurement of that rank, within 1 %.
        #[test]
        fn percentiles_are_those_of_the_sorted_measurements(
            mut micros in prop::collection::vec(1_u64..60_000_000, 1..300), percentile in 0.0_f64..=100.0,
        ) {
            let found = of(&micros).percentile(percentile).unwrap() as f64;
            micros.sort_unstable();
            let rank = (percentile / 100.0 * micros.len() as f64).ceil().max(1.0) as usize;
            let expected = micros[rank - 1] as f64;
            prop_assert!((found - expected).abs() / expected < 0.01, "{} for {}", found, expected);
        }

        /// What is stored is read back as it was.
        #[test]
        fn stored_distributions_are_read_back(micros in prop::collection::vec(1_u64..90_000_000, 0..200)) {
            let times = of(&micros);
            let mut bytes = Vec::new();
            ciborium::into_writer(&times, &mut bytes).unwrap();
            prop_assert_eq!(ciborium::from_reader::<Times, _>(&bytes[..]).unwrap(), times);
        }
    }

    #[test]
    fn no_measurements_have_no_percentile() {
        let none = Times::default();
        assert_eq!(
            (none.percentile(50.0), none.max(), none.mean(), none.len()),
            (None, None, None, 0)
        );
    }

    #[test]
    fn summaries_are_of_the_measurements() {
        let times = of(&[10, 20, 20, 250]);
        assert_eq!(
            (times.len(), times.within(20), times.max()),
            (4, 3, Some(250))
        );
        assert_eq!(times.mean(), Some(75.0));
    }

    #[test]
    fn damaged_distributions_are_refused() {
        for flat in [
            vec![1],
            vec![0, 1],
            vec![1, 0],
            vec![u64::MAX, 1, u64::MAX, 1],
        ] {
            assert!(Times::try_from(flat).is_err());
        }
    }
}
