//! Time as the clinic uses it: instants in UTC milliseconds, civil days in the clinic's own time zone.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This instant moved by `minutes` (negative: earlier).
    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Self {
        Self(self.0.saturating_add(minutes.saturating_mul(60_000)))
    }
    /// Whole minutes from `earlier` to this instant; negative when `earlier` is later.
    pub fn minutes_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / 60_000
    }
}

/// A civil day as days since 1970-01-01: the form that indexes and rollups use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i32);

impl Day {
    /// The day of a calendar date.
    pub fn from_date(date: Date) -> Self {
        let epoch = jiff::civil::date(1970, 1, 1);
        Self(epoch.until(date).map_or(0, |span| span.get_days()))
    }
    /// The calendar date; years beyond what a calendar holds are clamped to its ends.
    pub fn date(self) -> Date {
        let epoch = jiff::civil::date(1970, 1, 1);
        epoch.saturating_add(
            jiff::Span::new()
                .try_days(i64::from(self.0))
                .unwrap_or_default(),
        )
    }
    /// This day moved by `days`.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }
}

impl std::fmt::Display for Day {
    /// ISO form, `2026-11-23`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.date())
    }
}

impl std::str::FromStr for Day {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Date>().map(Self::from_date)
    }
}

/// The clinic's time zone. Brazil has had no daylight saving since 2019, but history before that has, so conversions go
/// through the time zone database that is compiled in.
#[derive(Clone, Debug)]
pub struct ClinicZone(TimeZone);

impl ClinicZone {
    /// The zone by IANA name, for example `America/Sao_Paulo`; `None` when the database does not know it.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }
    /// São Paulo, the default of a new clinic.
    pub fn sao_paulo() -> Self {
        Self::named("America/Sao_Paulo").unwrap_or(Self(TimeZone::fixed(jiff::tz::offset(-3))))
    }
    /// The civil date and time of an instant.
    pub fn civil(&self, at: Timestamp) -> DateTime {
        jiff::Timestamp::from_millisecond(at.0)
            .unwrap_or_default()
            .to_zoned(self.0.clone())
            .datetime()
    }
    /// The civil day of an instant.
    pub fn day(&self, at: Timestamp) -> Day {
        Day::from_date(self.civil(at).date())
    }
    /// The instant at which `minute` (0 = midnight) of `day` begins.
    pub fn at(&self, day: Day, minute: i32) -> Timestamp {
        let civil = day
            .date()
            .to_datetime(jiff::civil::Time::midnight())
            .saturating_add(
                jiff::Span::new()
                    .try_minutes(i64::from(minute))
                    .unwrap_or_default(),
            );
        let millis = civil
            .to_zoned(self.0.clone())
            .map_or(0, |zoned| zoned.timestamp().as_millisecond());
        Timestamp(millis)
    }
    /// Minutes since midnight of an instant on its own civil day.
    pub fn minute_of_day(&self, at: Timestamp) -> i32 {
        let time = self.civil(at).time();
        i32::from(time.hour()) * 60 + i32::from(time.minute())
    }
}
