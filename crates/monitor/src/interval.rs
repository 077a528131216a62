//! Everything measured over a stretch of time.

use crate::times::Times;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What kind of thing was measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// A command of the interface, from its arrival to its answer.
    Command,
    /// A read or write of the database.
    Query,
    /// A load of a cache.
    Cache,
    /// A step of the photo pipeline.
    Photo,
    /// A message or round trip of sync.
    Sync,
    /// What the person waited for, measured by the window.
    Screen,
}

impl Area {
    /// Every area.
    pub const ALL: [Self; 6] = [
        Self::Command,
        Self::Query,
        Self::Cache,
        Self::Photo,
        Self::Sync,
        Self::Screen,
    ];

    /// Its name in exports and in the history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Query => "query",
            Self::Cache => "cache",
            Self::Photo => "photo",
            Self::Sync => "sync",
            Self::Screen => "screen",
        }
    }
}

/// The measurements of one series over an interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Kind.
    #[serde(rename = "a")]
    pub area: Area,
    /// Name within the kind.
    #[serde(rename = "n")]
    pub name: Cow<'static, str>,
    /// The times it took.
    #[serde(rename = "t")]
    pub times: Times,
    /// How many of them ended in an error.
    #[serde(rename = "e")]
    pub errors: u64,
}

/// How fine a history is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Resolution {
    /// Seconds, kept for an hour.
    Second,
    /// Minutes, kept for thirty days.
    Minute,
    /// Hours, kept for two years.
    Hour,
}

impl Resolution {
    /// Length of an interval in milliseconds.
    pub fn millis(self) -> i64 {
        match self {
            Self::Second => 1_000,
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
        }
    }

    /// How long intervals are kept, in milliseconds.
    pub fn kept_millis(self) -> i64 {
        match self {
            Self::Second => 3_600_000,
            Self::Minute => 30 * 86_400_000,
            Self::Hour => 2 * 366 * 86_400_000,
        }
    }

    /// The begin of the interval that `at` falls in.
    pub fn begin(self, at: i64) -> i64 {
        at.div_euclid(self.millis()).saturating_mul(self.millis())
    }

    /// The next finer one.
    pub(crate) fn finer(self) -> Option<Self> {
        match self {
            Self::Second => None,
            Self::Minute => Some(Self::Second),
            Self::Hour => Some(Self::Minute),
        }
    }
}

/// Everything measured in one interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its begin in milliseconds since the Unix epoch.
    #[serde(skip)]
    pub at: i64,
    /// Times by series.
    #[serde(rename = "s")]
    pub series: Vec<Series>,
    /// Errors by code.
    #[serde(rename = "f")]
    pub failures: Vec<(String, u64)>,
    /// Gauges: the last reading of the interval.
    #[serde(rename = "g")]
    pub gauges: Vec<(Cow<'static, str>, f64)>,
}

impl Interval {
    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty() && self.failures.is_empty() && self.gauges.is_empty()
    }

    /// Adds what was measured in a later interval. The begin stays.
    pub fn merge(&mut self, later: &Self) {
        for series in &later.series {
            match self
                .series
                .iter_mut()
                .find(|held| held.area == series.area && held.name == series.name)
            {
                Some(held) => {
                    held.times.merge(&series.times);
                    held.errors += series.errors;
                }
                None => self.series.push(series.clone()),
            }
        }
        for (code, count) in &later.failures {
            match self.failures.iter_mut().find(|(held, _)| held == code) {
                Some((_, held)) => *held += count,
                None => self.failures.push((code.clone(), *count)),
            }
        }
        for (name, value) in &later.gauges {
            match self.gauges.iter_mut().find(|(held, _)| held == name) {
                Some((_, held)) => *held = *value,
                None => self.gauges.push((name.clone(), *value)),
            }
        }
    }

    /// The value of a gauge, where it was read.
    pub fn gauge(&self, name: &str) -> Option<f64> {
        self.gauges
            .iter()
            .find_map(|(held, value)| (held == name).then_some(*value))
    }
}

/// Merges intervals, oldest first, into those of a coarser resolution.
pub(crate) fn coarser<'a>(
    intervals: impl IntoIterator<Item = &'a Interval>,
    resolution: Resolution,
) -> Vec<Interval> {
    let mut merged: BTreeMap<i64, Interval> = BTreeMap::new();
    for interval in intervals {
        let at = resolution.begin(interval.at);
        let held = merged.entry(at).or_insert_with(|| Interval {
            at,
            ..Interval::default()
        });
        held.merge(interval);
    }
    merged.into_values().collect()
}
