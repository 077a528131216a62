//! Smaller pictures for the screen: sizes, formats, encoding.

use crate::decode::Decoded;
use crate::error::PictureError;
use crate::jpeg;
use image::RgbImage;
use ravif::{BitDepth, Img};
use rgb::FromSlice as _;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The responsive set, narrowest first: widths in pixels.
pub const WIDTHS: [u32; 4] = [320, 640, 1280, 2048];

/// The widths to make of a picture: those of [`WIDTHS`] that it exceeds, and its own width when that is below the
/// widest, so that the widest rendition always shows all there is and nothing is ever scaled up.
///
/// ```
/// assert_eq!(photos::rendition_widths(4000), [320, 640, 1280, 2048]);
/// assert_eq!(photos::rendition_widths(900), [320, 640, 900]);
/// assert_eq!(photos::rendition_widths(200), [200]);
/// ```
pub fn rendition_widths(own_width: u32) -> Vec<u32> {
    let widest = WIDTHS[WIDTHS.len() - 1].min(own_width);
    WIDTHS
        .into_iter()
        .filter(|width| *width < widest)
        .chain([widest])
        .collect()
}

/// How a rendition is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// AVIF, 8 bits, 4:4:4.
    Avif,
    /// JPEG, 4:2:0: for first thumbnails, where milliseconds count more than bytes.
    Jpeg,
}

impl From<OutputFormat> for domain::row::RenditionFormat {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Avif => Self::Avif,
            OutputFormat::Jpeg => Self::Jpeg,
        }
    }
}

/// An encoder's quality, 1 (worst) to 100. The scales of AVIF and JPEG are not the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Quality(u8);

/// The number is not 1 to 100.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0} is no quality; it goes from 1 to 100")]
pub struct QualityOutOfRange(
    /// The number.
    pub u8,
);

impl TryFrom<u8> for Quality {
    type Error = QualityOutOfRange;

    fn try_from(number: u8) -> Result<Self, QualityOutOfRange> {
        if (1..=100).contains(&number) {
            Ok(Self(number))
        } else {
            Err(QualityOutOfRange(number))
        }
    }
}

impl From<Quality> for u8 {
    fn from(quality: Quality) -> Self {
        quality.0
    }
}

impl Quality {
    /// AVIF renditions: differences from the original are not seen side by side on skin.
    pub const RENDITION: Self = Self(80);
    /// JPEG first thumbnails.
    pub const THUMBNAIL: Self = Self(80);
}

/// A picture made here: upright, sRGB, without any metadata.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Encoded {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Encoding.
    pub format: OutputFormat,
    /// The file. On the worker's wire it travels behind the message instead of in it.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// Makes one rendition `width` pixels wide; of a narrower picture, one of its own width.
///
/// # Errors
/// [`PictureError::EncodeFailed`].
pub fn rendition(
    decoded: &Decoded,
    width: u32,
    format: OutputFormat,
    quality: Quality,
) -> Result<Encoded, PictureError> {
    let pixels = decoded.at_width(width)?;
    encode(pixels, format, quality)
}

pub(crate) fn encode(
    pixels: Cow<'_, RgbImage>,
    format: OutputFormat,
    quality: Quality,
) -> Result<Encoded, PictureError> {
    let bytes = match format {
        OutputFormat::Avif => avif(&pixels, quality)?,
        OutputFormat::Jpeg => jpeg::encode(&pixels, quality)?,
    };
    Ok(Encoded {
        width: pixels.width(),
        height: pixels.height(),
        format,
        bytes,
    })
}

fn avif(pixels: &RgbImage, quality: Quality) -> Result<Vec<u8>, PictureError> {
    let encoder = ravif::Encoder::new()
        .with_quality(f32::from(quality.0))
        .with_speed(speed(pixels.width()))
        .with_bit_depth(BitDepth::Eight);
    let image = Img::new(
        pixels.as_raw().as_rgb(),
        pixels.width() as usize,
        pixels.height() as usize,
    );
    encoder
        .encode_rgb(image)
        .map(|encoded| encoded.avif_file)
        .map_err(|error| PictureError::EncodeFailed {
            cause: error.to_string(),
        })
}

/// The encoder's preset by size, 10 being the quickest. Small pictures are many and travel first, so they get a tighter
/// encoding: at 320 pixels preset 7 saves 10 % against 10 and costs 35 ms. From 8 to 9 the cost falls to a third for 5 %
/// more bytes, which decides the middle. At 2048 pixels 9 would save another 5 % for 90 ms, a tenth of the second that a
/// full set may take.
fn speed(width: u32) -> u8 {
    match width {
        0..=320 => 7,
        321..=1280 => 9,
        _ => 10,
    }
}
