//! JPEG markers (ITU T.81 annex B): segments up to the scans, then the scans up to the end marker.

use super::number::be16;
use super::{Container, Frame};
use crate::error::PictureError;
use crate::header::{Format, UnsupportedFormat};
use std::borrow::Cow;

const TRUNCATED: PictureError = PictureError::Truncated {
    format: Format::Jpeg,
};

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;

/// Profiles of real cameras have 0.5 to 4 KB, printers' up to 2 MB.
const MAX_ICC: usize = 4 << 20;

/// A marker and what it carries.
struct Segment<'a> {
    marker: u8,
    body: &'a [u8],
    /// Offset behind the segment.
    end: usize,
}

/// The next segment at or after `at`, skipping fill bytes. Stray bytes between segments are skipped as well, since every
/// viewer does and some cameras write them; the decoder judges whether the picture is sound.
fn segment(bytes: &[u8], mut at: usize) -> Result<Segment<'_>, PictureError> {
    let rest = bytes.get(at..).ok_or(TRUNCATED)?;
    at += rest
        .iter()
        .position(|byte| *byte == 0xFF)
        .ok_or(TRUNCATED)?;
    while *bytes.get(at).ok_or(TRUNCATED)? == 0xFF {
        at += 1;
    }
    let marker = *bytes.get(at).ok_or(TRUNCATED)?;
    at += 1;
    // T.81 reserves all below the frame headers, and a stuffed zero belongs inside a scan: this is damage that happens to
    // look like a marker, and what follows it is no length.
    if matches!(marker, 0x00 | 0x02..=0xBF) {
        return Err(PictureError::damaged(
            Format::Jpeg,
            "its data holds an impossible marker",
        ));
    }
    // Markers without a length: restarts, TEM, start and end of image.
    if matches!(marker, 0x01 | 0xD0..=0xD9) {
        return Ok(Segment {
            marker,
            body: &[],
            end: at,
        });
    }
    let length = be16(bytes, at).ok_or(TRUNCATED)? as usize;
    if length < 2 {
        return Err(PictureError::damaged(
            Format::Jpeg,
            "a segment has an impossible length",
        ));
    }
    let end = at + length;
    let body = bytes.get(at + 2..end).ok_or(TRUNCATED)?;
    Ok(Segment { marker, body, end })
}

/// The frame header. It stands before the first scan.
pub(super) fn frame(bytes: &[u8]) -> Result<Frame, PictureError> {
    let mut at = 2;
    loop {
        let found = segment(bytes, at)?;
        match found.marker {
            // Start of frame: 0xC4, 0xC8 and 0xCC among them mean other things.
            0xC0..=0xCF if !matches!(found.marker, 0xC4 | 0xC8 | 0xCC) => {
                return read_frame(found.marker, found.body);
            }
            START_OF_SCAN | END_OF_IMAGE => {
                return Err(PictureError::damaged(
                    Format::Jpeg,
                    "it has no frame header",
                ));
            }
            _ => at = found.end,
        }
    }
}

fn read_frame(marker: u8, body: &[u8]) -> Result<Frame, PictureError> {
    let (Some(&precision), Some(height), Some(width), Some(&components)) =
        (body.first(), be16(body, 1), be16(body, 3), body.get(5))
    else {
        return Err(PictureError::damaged(
            Format::Jpeg,
            "its frame header is too short",
        ));
    };
    let unsupported = |format| Err(PictureError::UnsupportedFormat { format });
    // 0xC0 baseline, 0xC1 extended, 0xC2 progressive; the others are lossless, hierarchical or arithmetic.
    if precision != 8 || !matches!(marker, 0xC0..=0xC2) {
        return unsupported(UnsupportedFormat::RareJpeg);
    }
    match components {
        1 | 3 => Ok(Frame { width, height }),
        4 => unsupported(UnsupportedFormat::CmykJpeg),
        _ => Err(PictureError::damaged(
            Format::Jpeg,
            "it declares an impossible number of colours",
        )),
    }
}

/// Metadata segments, then the scans to the end marker. Phones append whole films and second pictures behind that
/// marker, so it cannot be looked for from the back.
pub(super) fn walk(bytes: &[u8]) -> Result<Container<'_>, PictureError> {
    let mut exif = None;
    let mut icc = Vec::new();
    let mut at = 2;
    loop {
        let found = segment(bytes, at)?;
        at = found.end;
        match found.marker {
            APP1 if exif.is_none() => exif = found.body.strip_prefix(b"Exif\0\0"),
            APP2 => icc.extend(icc_part(found.body)),
            START_OF_SCAN => at = skip_scan(bytes, at)?,
            END_OF_IMAGE => break,
            _ => {}
        }
    }
    Ok(Container {
        exif,
        icc: join_icc(icc),
    })
}

/// Behind a scan's header its entropy-coded data runs to the next marker that is neither a stuffed zero nor a restart.
fn skip_scan(bytes: &[u8], from: usize) -> Result<usize, PictureError> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..).ok_or(TRUNCATED)?;
        at += rest
            .iter()
            .position(|byte| *byte == 0xFF)
            .ok_or(TRUNCATED)?;
        match bytes.get(at + 1).ok_or(TRUNCATED)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Ok(at),
        }
    }
}

/// One of up to 255 parts of a profile: its number from 1, how many there are, its bytes.
fn icc_part(body: &[u8]) -> Option<(u8, u8, &[u8])> {
    match body.strip_prefix(b"ICC_PROFILE\0")? {
        [number, count, part @ ..] => Some((*number, *count, part)),
        _ => None,
    }
}

/// The whole profile, or none when a part is missing: half a profile would give wrong colours.
fn join_icc(mut parts: Vec<(u8, u8, &[u8])>) -> Option<Cow<'_, [u8]>> {
    parts.sort_by_key(|(number, _, _)| *number);
    let complete = parts.iter().enumerate().all(|(index, (number, count, _))| {
        usize::from(*number) == index + 1 && usize::from(*count) == parts.len()
    });
    let length: usize = parts.iter().map(|(_, _, part)| part.len()).sum();
    if parts.is_empty() || !complete || length > MAX_ICC {
        return None;
    }
    if let [(_, _, only)] = parts.as_slice() {
        return Some(Cow::Borrowed(only));
    }
    let joined: Vec<u8> = parts
        .iter()
        .flat_map(|(_, _, part)| *part)
        .copied()
        .collect();
    Some(Cow::Owned(joined))
}
