//! The one full decode of a picture, to the pixels all renditions are made of.

use crate::colour::{Colour, to_srgb};
use crate::error::PictureError;
use crate::header::{Examined, Format, Limits, examine};
use crate::rendition::{WIDTHS, rendition_widths};
use crate::resize::{height_at, shrink};
use crate::{jpeg, placeholder};
use image::{DynamicImage, ImageDecoder, ImageError, RgbImage, Rgba};
use std::borrow::Cow;
use std::io::Cursor;
use std::panic::catch_unwind;

/// Memory the PNG and WebP decoders may take: 120 megapixels of 16-bit RGBA, the most the default limits allow.
const MAX_DECODER_BYTES: u64 = 960_000_000;

/// A decoded picture: upright, sRGB, opaque, 8 bits, at most 2048 pixels wide, with the smaller sizes of the responsive
/// set already resized, each from the next larger one.
pub struct Decoded {
    width: u32,
    height: u32,
    colour: Colour,
    /// Widest first; the first is never missing.
    levels: Vec<RgbImage>,
}

impl std::fmt::Debug for Decoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoded")
            .field("width", &self.width)
            .field("height", &self.height)
            .field("colour", &self.colour)
            .finish_non_exhaustive()
    }
}

impl Decoded {
    /// Width of the upright original in pixels, which may exceed what is held here.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height of the upright original in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// How it came to be sRGB.
    pub fn colour(&self) -> Colour {
        self.colour
    }

    /// The widths to make renditions of, narrowest first.
    pub fn rendition_widths(&self) -> Vec<u32> {
        rendition_widths(self.width)
    }

    /// The ThumbHash placeholder: at most 25 bytes that give a blurred impression while the picture loads.
    ///
    /// # Errors
    /// [`PictureError::EncodeFailed`] when resizing fails.
    pub fn thumbhash(&self) -> Result<Vec<u8>, PictureError> {
        placeholder::thumbhash(self.narrowest())
    }

    pub(crate) fn narrowest(&self) -> &RgbImage {
        &self.levels[self.levels.len() - 1]
    }

    /// Pixels at a width, shrunk from the nearest level that is not narrower.
    pub(crate) fn at_width(&self, width: u32) -> Result<Cow<'_, RgbImage>, PictureError> {
        let widest = &self.levels[0];
        let width = width.clamp(1, widest.width());
        let nearest = self
            .levels
            .iter()
            .rev()
            .find(|level| level.width() >= width)
            .unwrap_or(widest);
        if nearest.width() == width {
            return Ok(Cow::Borrowed(nearest));
        }
        let height = height_at(self.width, self.height, width);
        shrink(nearest, width, height).map(Cow::Owned)
    }
}

/// Decodes a picture once, completely.
///
/// # Errors
/// As [`crate::probe`], and `Damaged`, `Truncated` or `DecodeLimit` by what the decoder finds.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, PictureError> {
    decode_examined(bytes, &examine(bytes, limits)?)
}

pub(crate) fn decode_examined(
    bytes: &[u8],
    examined: &Examined<'_>,
) -> Result<Decoded, PictureError> {
    let (width, height) = examined.header.upright();
    let widest = WIDTHS[WIDTHS.len() - 1].min(width);
    let (top, colour) = upright_at(bytes, examined, widest)?;
    let mut levels = vec![top];
    for level in rendition_widths(width).into_iter().rev().skip(1) {
        let larger = &levels[levels.len() - 1];
        levels.push(shrink(larger, level, height_at(width, height, level))?);
    }
    Ok(Decoded {
        width,
        height,
        colour,
        levels,
    })
}

/// Decodes, shrinks, turns upright and converts, in this order: turning and converting fewer pixels is cheaper.
/// `width` is that of the upright result and must not exceed the picture's own.
pub(crate) fn upright_at(
    bytes: &[u8],
    examined: &Examined<'_>,
    width: u32,
) -> Result<(RgbImage, Colour), PictureError> {
    let header = &examined.header;
    let (stored, inflated_icc) = match header.format {
        Format::Jpeg => (jpeg::decode_at_least(bytes, header, width)?, None),
        Format::Png | Format::Webp => decode_with_image(bytes, header.format)?,
    };
    let (own_width, own_height) = header.upright();
    let height = height_at(own_width, own_height, width);
    let (stored_width, stored_height) = if header.orientation.swaps_sides() {
        (height, width)
    } else {
        (width, height)
    };
    let shrunk = if (stored.width(), stored.height()) == (stored_width, stored_height) {
        stored
    } else {
        shrink(&stored, stored_width, stored_height)?
    };
    let mut upright = turn(shrunk, header.orientation);
    let icc = inflated_icc
        .as_deref()
        .or(examined.container.icc.as_deref());
    let colour = to_srgb(&mut upright, icc);
    Ok((upright, colour))
}

/// Turns pixels upright.
pub(crate) fn turn(pixels: RgbImage, orientation: crate::details::Orientation) -> RgbImage {
    let mut picture = DynamicImage::ImageRgb8(pixels);
    picture.apply_orientation(orientation.turn());
    picture.into_rgb8()
}

/// PNG and WebP, with the colour profile that PNG keeps deflated.
fn decode_with_image(
    bytes: &[u8],
    format: Format,
) -> Result<(RgbImage, Option<Vec<u8>>), PictureError> {
    let attempt = || match format {
        Format::Webp => pixels_of(image::codecs::webp::WebPDecoder::new(Cursor::new(bytes))?),
        _ => pixels_of(image::codecs::png::PngDecoder::with_limits(
            Cursor::new(bytes),
            decoder_limits(),
        )?),
    };
    // The decoders keep to safe code but are large; one of their panics is this file's fault and must stay its problem.
    let (picture, icc) = catch_unwind(attempt)
        .map_err(|_| PictureError::damaged(format, "its decoder gave up"))?
        .map_err(|error| refusal(format, &error))?;
    Ok((flatten(picture), icc))
}

fn decoder_limits() -> image::Limits {
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    limits
}

fn pixels_of(
    mut decoder: impl ImageDecoder,
) -> Result<(DynamicImage, Option<Vec<u8>>), ImageError> {
    decoder.set_limits(decoder_limits())?;
    let icc = decoder.icc_profile()?;
    Ok((DynamicImage::from_decoder(decoder)?, icc))
}

/// Eight bits a channel, and white behind what is transparent: paper, as a clinic's viewer shows it.
fn flatten(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let mut flat = RgbImage::new(rgba.width(), rgba.height());
    for (to, Rgba([r, g, b, alpha])) in flat.pixels_mut().zip(rgba.pixels()) {
        let alpha = u32::from(*alpha);
        let over_white = |channel: u8| {
            let mixed = (u32::from(channel) * alpha + 255 * (255 - alpha) + 127) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        to.0 = [over_white(*r), over_white(*g), over_white(*b)];
    }
    flat
}

fn refusal(format: Format, error: &ImageError) -> PictureError {
    match error {
        ImageError::Limits(_) => PictureError::DecodeLimit { format },
        ImageError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated { format }
        }
        other => PictureError::damaged(format, other.to_string()),
    }
}
