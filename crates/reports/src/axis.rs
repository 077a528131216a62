//! Axes whose marks stand on round values.

use crate::locale::{Locale, clock};
use domain::time::{ClinicZone, Timestamp};
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use std::ops::Range;

fn mapped(share: f64, pixels: (i32, i32)) -> i32 {
    pixels.0 + (f64::from(pixels.1 - pixels.0) * share).round() as i32
}

/// Amounts from zero to a round value above the largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Amounts {
    pub(crate) top: f64,
    pub(crate) step: f64,
}

impl Amounts {
    /// The axis for amounts up to `largest`, in steps no finer than `least`.
    pub(crate) fn up_to(largest: f64, least: f64) -> Self {
        let rough = (largest / 4.0).max(least);
        let power = 10_f64.powf(rough.log10().floor());
        let factor = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            // A quarter of a unit is no whole number of things.
            .filter(|factor| *factor != 2.5 || power > least)
            .find(|factor| power * factor >= rough * 0.999)
            .unwrap_or(10.0);
        let step = power * factor;
        Self {
            top: (largest / step).ceil().max(1.0) * step,
            step,
        }
    }

    /// As many decimals as the step needs.
    pub(crate) fn decimals(self) -> usize {
        (0..4)
            .find(|decimals| {
                let scaled = self.step * 10_f64.powi(*decimals);
                (scaled - scaled.round()).abs() < 1e-6
            })
            .map_or(4, |decimals| decimals as usize)
    }
}

impl Ranged for Amounts {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, pixels: (i32, i32)) -> i32 {
        mapped(value / self.top, pixels)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        let steps = (self.top / self.step).round() as u32;
        (0..=steps)
            .map(|step| f64::from(step) * self.step)
            .collect()
    }

    fn range(&self) -> Range<f64> {
        0.0..self.top
    }
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A stretch of time, in milliseconds since the Unix epoch, marked at round times of the clinic's day.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    from: i64,
    until: i64,
    step: i64,
    zone: ClinicZone,
    locale: Locale,
}

impl Times {
    pub(crate) fn new(
        from: Timestamp,
        until: Timestamp,
        zone: &ClinicZone,
        locale: Locale,
    ) -> Self {
        let until = until.0.max(from.0.saturating_add(SECOND));
        let span = until.saturating_sub(from.0);
        let steps = [
            5 * SECOND,
            15 * SECOND,
            30 * SECOND,
            MINUTE,
            2 * MINUTE,
            5 * MINUTE,
            10 * MINUTE,
            15 * MINUTE,
            30 * MINUTE,
            HOUR,
            2 * HOUR,
            3 * HOUR,
            4 * HOUR,
            6 * HOUR,
            12 * HOUR,
            DAY,
            2 * DAY,
            5 * DAY,
            7 * DAY,
        ];
        let step = steps
            .into_iter()
            .find(|step| span / step <= 8)
            .unwrap_or(span / 8);
        Self {
            from: from.0,
            until,
            step,
            zone: zone.clone(),
            locale,
        }
    }

    /// What local clocks are ahead of UTC by at the begin.
    fn offset(&self) -> i64 {
        let begin = Timestamp(self.from.div_euclid(MINUTE) * MINUTE);
        let day = i64::from(self.zone.day(begin).0) * DAY;
        day + i64::from(self.zone.minute_of_day(begin)) * MINUTE - begin.0
    }

    pub(crate) fn label(&self, at: i64) -> String {
        let at = Timestamp(at);
        let midnight = self.zone.minute_of_day(at) == 0;
        if self.step >= DAY || (midnight && self.until - self.from >= 12 * HOUR) {
            self.locale.day(&self.zone, at)
        } else {
            clock(&self.zone, at, self.step < MINUTE)
        }
    }
}

impl Ranged for Times {
    type FormatOption = DefaultFormatting;
    type ValueType = i64;

    fn map(&self, value: &i64, pixels: (i32, i32)) -> i32 {
        let share = (value - self.from) as f64 / (self.until - self.from) as f64;
        mapped(share, pixels)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<i64> {
        let offset = self.offset();
        let first = (self.from + offset + self.step - 1).div_euclid(self.step) * self.step - offset;
        (0..)
            .map(|step| first + step * self.step)
            .take_while(|at| *at <= self.until)
            .collect()
    }

    fn range(&self) -> Range<i64> {
        self.from..self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::coord::ranged1d::BoldPoints;

    #[test]
    fn amounts_begin_at_zero_and_end_above_the_largest_on_a_round_value() {
        for (largest, least, top, step) in [
            (7.0, 1.0, 8.0, 2.0),
            (3.0, 1.0, 3.0, 1.0),
            (0.0, 1.0, 1.0, 1.0),
            (181.0, 1.0, 200.0, 50.0),
            (0.83, 0.01, 1.0, 0.25),
        ] {
            let found = Amounts::up_to(largest, least);
            assert!((found.top - top).abs() < 1e-9, "{largest}: {found:?}");
            assert!((found.step - step).abs() < 1e-9, "{largest}: {found:?}");
        }
    }

    #[test]
    fn hours_are_marked_on_the_clinics_hours() {
        let zone = ClinicZone::sao_paulo();
        // 25/11/2026 14:05 in São Paulo.
        let from = Timestamp(1_795_626_300_000);
        let labels = |minutes| {
            let axis = Times::new(from, from.plus_minutes(minutes), &zone, Locale::PtBr);
            let points = axis.key_points(BoldPoints(10));
            points.iter().map(|at| axis.label(*at)).collect::<Vec<_>>()
        };
        assert_eq!(
            labels(30),
            [
                "14:05", "14:10", "14:15", "14:20", "14:25", "14:30", "14:35"
            ]
        );
        assert_eq!(
            labels(24 * 60),
            [
                "15:00", "18:00", "21:00", "26/11", "03:00", "06:00", "09:00", "12:00"
            ]
        );
        assert_eq!(
            labels(7 * 24 * 60),
            [
                "26/11", "27/11", "28/11", "29/11", "30/11", "01/12", "02/12"
            ]
        );
    }
}
