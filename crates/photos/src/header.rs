//! What a file is, how large, and whether it may be decoded: all from its structure, before any pixel.

use crate::container;
use crate::details::Orientation;
use crate::error::PictureError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What one picture may cost. Checked before anything is allocated for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Largest file in bytes.
    pub bytes: u64,
    /// Largest width x height, as the header declares it.
    pub pixels: u64,
    /// Longest side in pixels. AV1 cannot hold more than 65,535, and a strip one pixel high serves nobody.
    pub side: u32,
}

impl Default for Limits {
    /// 80 MB and 120 megapixels: every camera and phone a clinic uses, with room; 32,768 pixels on a side.
    fn default() -> Self {
        Self {
            bytes: 80_000_000,
            pixels: 120_000_000,
            side: 32_768,
        }
    }
}

impl Limits {
    pub(crate) fn check_bytes(&self, bytes: &[u8]) -> Result<(), PictureError> {
        let length = bytes.len() as u64;
        if length == 0 {
            Err(PictureError::Empty)
        } else if length > self.bytes {
            Err(PictureError::TooLarge {
                bytes: length,
                limit: self.bytes,
            })
        } else {
            Ok(())
        }
    }

    fn check_size(&self, width: u32, height: u32) -> Result<(), PictureError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.pixels || width.max(height) > self.side {
            return Err(PictureError::TooManyPixels {
                width,
                height,
                pixels: self.pixels,
                side: self.side,
            });
        }
        Ok(())
    }
}

/// A format that is decoded here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG.
    Png,
    /// WebP; of an animation, the first frame.
    Webp,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
        })
    }
}

/// A format that is recognised, so that the refusal can name it, and not decoded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsupportedFormat {
    /// HEIC or HEIF, what iPhones write by default.
    Heic,
    /// AVIF.
    Avif,
    /// TIFF, or a camera's raw file built on it (DNG, NEF, CR2, ARW).
    Tiff,
    /// GIF.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// JPEG XL.
    JpegXl,
    /// A JPEG in inks (CMYK) for print.
    CmykJpeg,
    /// A JPEG with more than 8 bits a sample, lossless or arithmetic coding: medical devices, never cameras.
    RareJpeg,
}

impl fmt::Display for UnsupportedFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heic => "HEIC (iPhone)",
            Self::Avif => "AVIF",
            Self::Tiff => "TIFF or camera raw",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::JpegXl => "JPEG XL",
            Self::CmykJpeg => "CMYK JPEG",
            Self::RareJpeg => "this rare kind of JPEG (12-bit, lossless or arithmetic)",
        })
    }
}

/// What a file is, read from its structure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Format, by content; a file's name is never asked.
    pub format: Format,
    /// Stored width in pixels, before orientation.
    pub width: u32,
    /// Stored height in pixels, before orientation.
    pub height: u32,
    /// How the camera was held.
    pub orientation: Orientation,
}

impl Header {
    /// Width and height as a person sees the picture.
    pub fn upright(&self) -> (u32, u32) {
        if self.orientation.swaps_sides() {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }
}

/// Recognises a file and checks it against the limits, without decoding: a few milliseconds at most, and no allocation
/// that depends on what the header claims.
///
/// # Errors
/// Everything but the worker's variants and `EncodeFailed`; a file that passes can still prove `Damaged` in decoding.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Header, PictureError> {
    examine(bytes, limits).map(|examined| examined.header)
}

/// A file that passed [`probe`], with the places of its metadata.
pub(crate) struct Examined<'a> {
    pub(crate) header: Header,
    pub(crate) container: container::Container<'a>,
}

pub(crate) fn examine<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Examined<'a>, PictureError> {
    limits.check_bytes(bytes)?;
    let format = container::recognise(bytes)?;
    let frame = container::frame(format, bytes)?;
    if frame.width == 0 || frame.height == 0 {
        return Err(PictureError::damaged(format, "it declares no pixels"));
    }
    limits.check_size(frame.width, frame.height)?;
    let container = container::walk(format, bytes)?;
    let orientation = container.exif.map(Orientation::read).unwrap_or_default();
    Ok(Examined {
        header: Header {
            format,
            width: frame.width,
            height: frame.height,
            orientation,
        },
        container,
    })
}
