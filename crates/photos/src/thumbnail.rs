//! The first thumbnail: something true to look at within milliseconds, before the full decode.

use crate::decode::{turn, upright_at};
use crate::details::{Orientation, embedded_thumbnail};
use crate::error::PictureError;
use crate::header::{Examined, Format, Header, Limits, examine};
use crate::rendition::{Encoded, OutputFormat, Quality, WIDTHS, encode};
use crate::resize::{height_at, shrink};
use image::RgbImage;
use std::borrow::Cow;

/// Width of a first thumbnail.
const WIDTH: u32 = WIDTHS[0];

/// Makes a JPEG thumbnail 320 pixels wide (or as wide as the picture, if that is less): upright, sRGB, without metadata.
///
/// The camera's own thumbnail in EXIF is used when it is large enough, has the picture's shape and no colour profile is
/// in play; most have 160 pixels and black bars. Otherwise a JPEG is decoded at the smallest DCT scale that gives the
/// width, and the other formats in full.
///
/// # Errors
/// As [`crate::decode`].
pub fn first_thumbnail(bytes: &[u8], limits: &Limits) -> Result<Encoded, PictureError> {
    let examined = examine(bytes, limits)?;
    encode_thumbnail(&thumbnail_pixels(bytes, &examined)?)
}

pub(crate) fn encode_thumbnail(pixels: &RgbImage) -> Result<Encoded, PictureError> {
    encode(
        Cow::Borrowed(pixels),
        OutputFormat::Jpeg,
        Quality::THUMBNAIL,
    )
}

pub(crate) fn thumbnail_pixels(
    bytes: &[u8],
    examined: &Examined<'_>,
) -> Result<RgbImage, PictureError> {
    if let Some(ready) = from_exif(examined) {
        return Ok(ready);
    }
    let (own_width, _) = examined.header.upright();
    let (pixels, _) = upright_at(bytes, examined, WIDTH.min(own_width))?;
    Ok(pixels)
}

/// The camera's own thumbnail, when it is good enough. Any doubt means no.
fn from_exif(examined: &Examined<'_>) -> Option<RgbImage> {
    if examined.header.format != Format::Jpeg || examined.container.icc.is_some() {
        return None;
    }
    let file = embedded_thumbnail(examined.container.exif?)?;
    let inner = examine(&file, &Limits::default()).ok()?.header;
    // The thumbnail is stored like the picture: the outer orientation counts, its own (if any) does not.
    let header = Header {
        orientation: examined.header.orientation,
        ..inner
    };
    if inner.format != Format::Jpeg || !same_shape(&header, &examined.header) {
        return None;
    }
    let (width, _) = header.upright();
    if width < WIDTH {
        return None;
    }
    let stored = crate::jpeg::decode_at_least(&file, &header, WIDTH).ok()?;
    shrink_upright(stored, header.orientation).ok()
}

/// Whether two sizes differ by no more than rounding. Cropping and black bars make a larger difference.
fn same_shape(one: &Header, other: &Header) -> bool {
    let cross = |a: u32, b: u32| f64::from(a) * f64::from(b);
    let (left, right) = (
        cross(one.width, other.height),
        cross(other.width, one.height),
    );
    (left - right).abs() <= 0.01 * left.max(right)
}

fn shrink_upright(stored: RgbImage, orientation: Orientation) -> Result<RgbImage, PictureError> {
    let upright = turn(stored, orientation);
    let height = height_at(upright.width(), upright.height(), WIDTH);
    shrink(&upright, WIDTH, height)
}

/// Whether two pictures show the same, by the brightness of 16 x 16 fields. A programme that hides something in a picture
/// but leaves the camera's thumbnail alone would otherwise show here what was hidden.
pub(crate) fn shows_the_same(one: &RgbImage, other: &RgbImage) -> Result<bool, PictureError> {
    const FIELDS: u32 = 16;
    /// Of 255: differences of encoders and scalers stay below 6, anything covered or moved is above.
    const TOLERANCE: i32 = 16;
    let (one, other) = (shrink(one, FIELDS, FIELDS)?, shrink(other, FIELDS, FIELDS)?);
    let brightness = |pixel: &image::Rgb<u8>| {
        pixel
            .0
            .iter()
            .map(|channel| i32::from(*channel))
            .sum::<i32>()
            / 3
    };
    Ok(one
        .pixels()
        .zip(other.pixels())
        .all(|(a, b)| (brightness(a) - brightness(b)).abs() <= TOLERANCE))
}
