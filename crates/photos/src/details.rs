//! What the camera wrote beside the picture (EXIF): for the record, never for what is derived from it.

use crate::error::PictureError;
use crate::header::{Limits, examine};
use exif::{Exif, In, Reader, Tag, Value};
use serde::{Deserialize, Serialize};
use std::fmt;

/// EXIF stands at the front of its block and thumbnails follow; nothing behind this many bytes is looked at, so a
/// hostile block costs no more than this.
const MAX_EXIF: usize = 256 << 10;

/// Longest camera name kept, in characters.
const MAX_NAME: usize = 64;

/// How the camera was held: EXIF's 1 to 8. 1 is upright; 5 to 8 lie on their side.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Orientation(u8);

impl Default for Orientation {
    /// Upright: what a file means that says nothing.
    fn default() -> Self {
        Self(1)
    }
}

/// The number is not 1 to 8.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0} is no EXIF orientation; they go from 1 to 8")]
pub struct UnknownOrientation(
    /// The number.
    pub u8,
);

impl TryFrom<u8> for Orientation {
    type Error = UnknownOrientation;

    fn try_from(number: u8) -> Result<Self, UnknownOrientation> {
        if (1..=8).contains(&number) {
            Ok(Self(number))
        } else {
            Err(UnknownOrientation(number))
        }
    }
}

impl From<Orientation> for u8 {
    fn from(orientation: Orientation) -> Self {
        orientation.0
    }
}

impl Orientation {
    /// Whether the upright picture is as wide as the stored one is high.
    pub fn swaps_sides(self) -> bool {
        self.0 >= 5
    }

    /// Of an EXIF block; upright where it does not say or says nonsense.
    pub(crate) fn read(exif: &[u8]) -> Self {
        read_exif(exif)
            .and_then(|exif| number(&exif, Tag::Orientation))
            .and_then(|number| u8::try_from(number).ok())
            .and_then(|number| Self::try_from(number).ok())
            .unwrap_or_default()
    }

    /// The same turn in the terms of the `image` crate.
    pub(crate) fn turn(self) -> image::metadata::Orientation {
        image::metadata::Orientation::from_exif(self.0)
            .unwrap_or(image::metadata::Orientation::NoTransforms)
    }
}

/// When the picture was taken, by the camera's own clock and calendar. Which instant that was depends on the clinic's
/// time zone unless the camera wrote an offset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CaptureTime {
    /// Civil date and time, `2024-05-31T14:03:59`: always a date that exists.
    pub local: String,
    /// Distance from UTC, `-03:00`, where the camera wrote it.
    pub offset: Option<String>,
}

/// A place on earth. Personal data: it is never printed.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Degrees north of the equator, -90 to 90.
    pub latitude: f64,
    /// Degrees east of Greenwich, -180 to 180.
    pub longitude: f64,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place(hidden)")
    }
}

/// What the file says about where it was taken.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gps {
    /// Nothing.
    #[default]
    Absent,
    /// It has GPS fields, but no readable position. The file is still to be treated as carrying a place.
    Unreadable,
    /// Here.
    At(Place),
}

/// What the camera wrote beside the picture. A file without EXIF has none of it.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Details {
    /// When it was taken.
    pub taken: Option<CaptureTime>,
    /// Who made the camera: `samsung`.
    pub make: Option<String>,
    /// Which camera: `SM-G991B`.
    pub model: Option<String>,
    /// Where it was taken. Goes into the sealed record; renditions never carry it.
    pub gps: Gps,
}

impl Details {
    /// Reads them from a picture file. Broken EXIF gives what could be read of it; a picture is never refused for it.
    ///
    /// # Errors
    /// As [`crate::probe`].
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, PictureError> {
        Ok(examine(bytes, limits)?
            .container
            .exif
            .map(Self::of_exif)
            .unwrap_or_default())
    }

    /// Of an EXIF block.
    pub(crate) fn of_exif(block: &[u8]) -> Self {
        let Some(exif) = read_exif(block) else {
            return Self::default();
        };
        Self {
            taken: taken(&exif),
            make: name(&exif, Tag::Make),
            model: name(&exif, Tag::Model),
            gps: gps(&exif),
        }
    }
}

/// The JPEG thumbnail that many cameras put into EXIF.
pub(crate) fn embedded_thumbnail(block: &[u8]) -> Option<Vec<u8>> {
    let exif = read_exif(block)?;
    let at = |tag| {
        exif.get_field(tag, In::THUMBNAIL)
            .and_then(|field| field.value.get_uint(0))
            .map(|number| number as usize)
    };
    let start = at(Tag::JPEGInterchangeFormat)?;
    let length = at(Tag::JPEGInterchangeFormatLength)?;
    exif.buf()
        .get(start..start.checked_add(length)?)
        .map(<[u8]>::to_vec)
}

fn read_exif(block: &[u8]) -> Option<Exif> {
    let block = block.get(..MAX_EXIF).unwrap_or(block).to_vec();
    Reader::new()
        .continue_on_error(true)
        .read_raw(block)
        .or_else(|error| error.distill_partial_result(|_| ()))
        .ok()
}

fn number(exif: &Exif, tag: Tag) -> Option<u32> {
    exif.get_field(tag, In::PRIMARY)?.value.get_uint(0)
}

fn ascii(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(parts) => parts.first().map(Vec::as_slice),
        _ => None,
    }
}

/// A short printable name: cameras pad with blanks and zeros, and a hostile file could bring control characters.
fn name(exif: &Exif, tag: Tag) -> Option<String> {
    let text = String::from_utf8_lossy(ascii(exif, tag)?);
    let name: String = text
        .chars()
        .filter(|letter| !letter.is_control() && *letter != char::REPLACEMENT_CHARACTER)
        .take(MAX_NAME)
        .collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The shutter's time, or else the time the picture was made digital. `DateTime` alone is the last edit and is not used.
fn taken(exif: &Exif) -> Option<CaptureTime> {
    [
        (Tag::DateTimeOriginal, Tag::OffsetTimeOriginal),
        (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized),
    ]
    .into_iter()
    .find_map(|(time, offset)| {
        Some(CaptureTime {
            local: civil(ascii(exif, time)?)?,
            offset: ascii(exif, offset).and_then(utc_offset),
        })
    })
}

/// `2024:05:31 14:03:59` as `2024-05-31T14:03:59`, when such a moment exists.
fn civil(text: &[u8]) -> Option<String> {
    let time = exif::DateTime::from_ascii(text).ok()?;
    let leap = time.year.is_multiple_of(4)
        && (!time.year.is_multiple_of(100) || time.year.is_multiple_of(400));
    let days = match time.month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    let exists = (1..=9999).contains(&time.year)
        && (1..=days).contains(&time.day)
        && time.hour < 24
        && time.minute < 60
        && time.second < 60;
    exists.then(|| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            time.year, time.month, time.day, time.hour, time.minute, time.second
        )
    })
}

/// `-03:00`, checked.
fn utc_offset(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text)
        .ok()?
        .trim_end_matches(['\0', ' ']);
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    let within = |part: &str, limit: u8| {
        part.len() == 2
            && part.bytes().all(|digit| digit.is_ascii_digit())
            && part.parse::<u8>().is_ok_and(|number| number <= limit)
    };
    (within(hours, 14) && within(minutes, 59)).then(|| text.to_owned())
}

fn gps(exif: &Exif) -> Gps {
    // Cameras with positioning switched off may still write an empty GPS block with its version alone.
    let any = exif
        .fields()
        .any(|field| field.tag.context() == exif::Context::Gps && field.tag != Tag::GPSVersionID);
    let degrees = |value, reference, negative: u8, limit: f64| {
        let degrees = sexagesimal(&exif.get_field(value, In::PRIMARY)?.value)?;
        let sign = match ascii(exif, reference)?
            .first()?
            .eq_ignore_ascii_case(&negative)
        {
            true => -1.0,
            false => 1.0,
        };
        (degrees <= limit).then_some(sign * degrees)
    };
    let latitude = degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, b'S', 90.0);
    let longitude = degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, b'W', 180.0);
    match (latitude, longitude) {
        (Some(latitude), Some(longitude)) => Gps::At(Place {
            latitude,
            longitude,
        }),
        _ if any => Gps::Unreadable,
        _ => Gps::Absent,
    }
}

/// Degrees, minutes and seconds as three fractions.
fn sexagesimal(value: &Value) -> Option<f64> {
    let Value::Rational(parts) = value else {
        return None;
    };
    let [degrees, minutes, seconds] = parts.as_slice() else {
        return None;
    };
    let degrees = degrees.to_f64() + minutes.to_f64() / 60.0 + seconds.to_f64() / 3600.0;
    // A zero denominator gives infinity or no number at all.
    degrees.is_finite().then_some(degrees)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_that_do_not_exist_are_not_taken_for_capture_times() {
        assert_eq!(
            civil(b"2024:02:29 23:59:59").as_deref(),
            Some("2024-02-29T23:59:59")
        );
        for wrong in [
            &b"2023:02:29 00:00:00"[..],
            b"0000:00:00 00:00:00",
            b"2024:13:01 00:00:00",
            b"2024:04:31 00:00:00",
            b"2024:04:30 24:00:00",
            b"                   ",
            b"yesterday",
        ] {
            assert_eq!(civil(wrong), None, "{}", String::from_utf8_lossy(wrong));
        }
    }

    #[test]
    fn offsets_are_checked() {
        assert_eq!(utc_offset(b"-03:00").as_deref(), Some("-03:00"));
        assert_eq!(utc_offset(b"+05:30\0").as_deref(), Some("+05:30"));
        for wrong in [&b"03:00"[..], b"-3:00", b"-15:00", b"+00:60", b"   :  "] {
            assert_eq!(utc_offset(wrong), None);
        }
    }

    #[test]
    fn a_place_is_never_printed() {
        let place = Place {
            latitude: -23.5505,
            longitude: -46.6333,
        };
        assert!(!format!("{:?}", Gps::At(place)).contains("23"));
    }
}
