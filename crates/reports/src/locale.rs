//! Numbers, dates and words as a language writes them.

use domain::time::{ClinicZone, Timestamp};
use jiff::fmt::strtime;

/// The language of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Locale {
    /// Brazilian Portuguese: 1.234,56 and 25/11/2026 14:05.
    #[default]
    PtBr,
    /// English: 1,234.56 and 2026-11-25 14:05.
    En,
}

/// A no-break space, between a number and its unit.
const NBSP: char = '\u{a0}';

impl Locale {
    /// The language tag, as HTML wants it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::PtBr => "pt-BR",
            Self::En => "en",
        }
    }

    /// What stands before decimals.
    pub fn decimal_mark(self) -> char {
        match self {
            Self::PtBr => ',',
            Self::En => '.',
        }
    }

    /// What a spreadsheet of this language expects between cells.
    pub fn cell_separator(self) -> u8 {
        match self {
            Self::PtBr => b';',
            Self::En => b',',
        }
    }

    /// A number with so many decimals and grouped thousands. What is no number is a dash.
    pub fn number(self, value: f64, decimals: usize) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        let plain = self.plain_number(value, decimals);
        let (whole, rest) = match plain.find(self.decimal_mark()) {
            Some(at) => plain.split_at(at),
            None => (plain.as_str(), ""),
        };
        let (sign, digits) = match whole.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", whole),
        };
        let group = if self == Self::PtBr { '.' } else { ',' };
        let mut grouped = String::with_capacity(plain.len() + digits.len() / 3 + 1);
        grouped.push_str(sign);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                grouped.push(group);
            }
            grouped.push(digit);
        }
        grouped + rest
    }

    /// A number with so many decimals and nothing between thousands, as spreadsheets read it.
    pub fn plain_number(self, value: f64, decimals: usize) -> String {
        let text = format!("{value:.decimals$}");
        match self {
            Self::PtBr => text.replace('.', ","),
            Self::En => text,
        }
    }

    /// A count.
    pub fn count(self, count: u64) -> String {
        self.number(count as f64, 0)
    }

    /// A share of 0 to 1 in percent: whole, or with the decimal that tells it apart from 100 % and 0 %.
    pub fn share(self, share: f64) -> String {
        let percent = share * 100.0;
        let near_end = (percent > 99.0 && percent < 100.0) || (percent > 0.0 && percent < 1.0);
        // Cut, not rounded: 99,96 % is not 100 %.
        let shown = if near_end {
            (percent * 10.0).floor() / 10.0
        } else {
            percent.round()
        };
        if near_end && shown == 0.0 {
            return format!("<{NBSP}{}{NBSP}%", self.number(0.1, 1));
        }
        let shown = self.number(shown, usize::from(near_end));
        format!("{shown}{NBSP}%")
    }

    /// Microseconds as milliseconds with three significant digits, without the unit.
    pub fn millis(self, micros: f64) -> String {
        let millis = micros / 1000.0;
        let decimals = match millis {
            _ if millis < 10.0 => 2,
            _ if millis < 100.0 => 1,
            _ => 0,
        };
        self.number(millis, decimals)
    }

    /// Bytes in the unit that suits them, 1 kB = 1000 bytes.
    pub fn bytes(self, bytes: u64) -> String {
        let (value, unit) = match bytes {
            0..1_000 => return format!("{bytes}{NBSP}B"),
            1_000..1_000_000 => (bytes as f64 / 1e3, "kB"),
            1_000_000..1_000_000_000 => (bytes as f64 / 1e6, "MB"),
            _ => (bytes as f64 / 1e9, "GB"),
        };
        let decimals = usize::from(value < 100.0);
        format!("{}{NBSP}{unit}", self.number(value, decimals))
    }

    /// Date and time to the minute.
    pub fn date_time(self, zone: &ClinicZone, at: Timestamp) -> String {
        match self {
            Self::PtBr => written("%d/%m/%Y %H:%M", zone, at),
            Self::En => written("%Y-%m-%d %H:%M", zone, at),
        }
    }

    /// Date and time to the second.
    pub fn date_time_seconds(self, zone: &ClinicZone, at: Timestamp) -> String {
        match self {
            Self::PtBr => written("%d/%m/%Y %H:%M:%S", zone, at),
            Self::En => written("%Y-%m-%d %H:%M:%S", zone, at),
        }
    }

    /// Day and month.
    pub fn day(self, zone: &ClinicZone, at: Timestamp) -> String {
        match self {
            Self::PtBr => written("%d/%m", zone, at),
            Self::En => written("%m-%d", zone, at),
        }
    }

    /// From when until when; the day once where it is the same.
    pub fn period(self, zone: &ClinicZone, from: Timestamp, until: Timestamp) -> String {
        let (begin, end) = (self.date_time(zone, from), self.date_time(zone, until));
        let end = match zone.day(from) == zone.day(until) {
            true => clock(zone, until, false),
            false => end,
        };
        format!("{begin} – {end}")
    }
}

/// The time of day, with seconds where they matter.
pub(crate) fn clock(zone: &ClinicZone, at: Timestamp, seconds: bool) -> String {
    written(if seconds { "%H:%M:%S" } else { "%H:%M" }, zone, at)
}

fn written(format: &'static str, zone: &ClinicZone, at: Timestamp) -> String {
    // Formatting fails for unknown directives only, and the formats are constants.
    strtime::format(format, zone.civil(at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_language_writes_them() {
        assert_eq!(Locale::PtBr.number(1_234.56, 2), "1.234,56");
        assert_eq!(Locale::PtBr.number(-1_234_567.0, 0), "-1.234.567");
        assert_eq!(Locale::PtBr.number(999.0, 0), "999");
        assert_eq!(Locale::En.number(1_234.56, 2), "1,234.56");
        assert_eq!(Locale::PtBr.plain_number(1_234.5, 1), "1234,5");
        assert_eq!(Locale::PtBr.number(f64::NAN, 2), "–");
    }

    #[test]
    fn a_share_short_of_everything_is_not_written_as_everything() {
        let share = |share| Locale::PtBr.share(share).replace(NBSP, " ");
        assert_eq!(share(1.0), "100 %");
        assert_eq!(share(0.9996), "99,9 %");
        assert_eq!(share(0.97), "97 %");
        assert_eq!(share(0.004), "0,4 %");
        assert_eq!(share(0.0001), "< 0,1 %");
        assert_eq!(share(0.0), "0 %");
    }

    #[test]
    fn times_and_sizes_have_three_significant_digits() {
        let pt = Locale::PtBr;
        assert_eq!(pt.millis(350.0), "0,35");
        assert_eq!(pt.millis(12_340.0), "12,3");
        assert_eq!(pt.millis(1_234_000.0), "1.234");
        assert_eq!(pt.bytes(312).replace(NBSP, " "), "312 B");
        assert_eq!(pt.bytes(48_300_000).replace(NBSP, " "), "48,3 MB");
        assert_eq!(pt.bytes(2_000_000_000).replace(NBSP, " "), "2,0 GB");
    }

    #[test]
    fn dates_are_in_the_clinics_time() {
        let (zone, at) = (ClinicZone::sao_paulo(), Timestamp(1_795_626_300_000));
        assert_eq!(Locale::PtBr.date_time(&zone, at), "25/11/2026 14:05");
        assert_eq!(
            Locale::En.date_time_seconds(&zone, at),
            "2026-11-25 14:05:00"
        );
        let later = at.plus_minutes(60);
        assert_eq!(
            Locale::PtBr.period(&zone, at, later),
            "25/11/2026 14:05 – 15:05"
        );
        let next = at.plus_minutes(24 * 60);
        assert_eq!(
            Locale::PtBr.period(&zone, at, next),
            "25/11/2026 14:05 – 26/11/2026 14:05"
        );
    }
}
