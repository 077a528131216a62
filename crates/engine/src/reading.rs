//! Reading what the interface sends, and writing what it gets: ids, days, instants and numbers as text and `f64`.

use crate::AppError;
use domain::money::Cents;
use domain::time::{Day, Timestamp};
use std::str::FromStr;

/// Reads an id or a day; `field` names it in the error, which never repeats the text.
pub(crate) fn read<T: FromStr>(field: &str, text: &str) -> Result<T, AppError> {
    text.parse().map_err(|_| AppError::invalid(field))
}

/// Reads an id or a day that may be missing.
pub(crate) fn read_if<T: FromStr>(field: &str, text: Option<&str>) -> Result<Option<T>, AppError> {
    text.map(|text| read(field, text)).transpose()
}

/// Reads a number of the outbox, which travels as the only number JavaScript has.
pub(crate) fn read_position(number: f64) -> Result<u64, AppError> {
    if number.fract() == 0.0 && (1.0..=9_007_199_254_740_991.0).contains(&number) {
        Ok(number as u64)
    } else {
        Err(AppError::invalid("sequence"))
    }
}

/// An instant in milliseconds since the Unix epoch.
pub(crate) fn millis(at: Timestamp) -> f64 {
    at.0 as f64
}

/// An amount in cents.
pub(crate) fn cents(amount: Cents) -> f64 {
    amount.0 as f64
}

/// A civil day in ISO form.
pub(crate) fn iso(day: Day) -> String {
    day.to_string()
}

/// `Ana Beatriz de Souza` → `AS`: first letters of the first and last name.
pub(crate) fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter_map(|word| word.chars().next());
    let first = words.next();
    let last = words.next_back();
    first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_and_last_name() {
        assert_eq!(initials("Ana Beatriz de Souza"), "AS");
        assert_eq!(initials("élida"), "É");
        assert_eq!(initials(""), "");
    }

    #[test]
    fn a_position_is_a_whole_number_from_one_on() {
        assert_eq!(read_position(7.0).unwrap(), 7);
        for wrong in [0.0, -1.0, 1.5, f64::NAN, f64::INFINITY, 1e17] {
            assert!(read_position(wrong).is_err(), "{wrong}");
        }
    }
}
