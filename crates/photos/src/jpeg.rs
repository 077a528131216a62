//! JPEG through libjpeg-turbo: decoding straight to a smaller size, and first thumbnails.

use crate::error::PictureError;
use crate::header::{Format, Header};
use crate::rendition::Quality;
use image::RgbImage;
use turbojpeg::{Compressor, Decompressor, Image, PixelFormat, ScalingFactor, Subsamp};

/// Real progressive pictures have about ten passes. Each pass costs a walk over the whole picture, so a small file with
/// thousands of them could keep a processor busy for hours.
const MAX_PASSES: u32 = 100;

/// The decoder's own words for things that do no harm to the pixels: bytes between the last block and the end marker,
/// and scan parameters that some phones fill in wrongly and every decoder ignores.
const HARMLESS: [&str; 2] = ["before marker 0xd9", "Invalid SOS parameters"];

/// Decodes to the smallest size, in eighths, that is still `upright_width` wide once the picture stands upright. The
/// scaling happens inside the inverse DCT, so pixels that would be thrown away are never computed.
pub(crate) fn decode_at_least(
    bytes: &[u8],
    header: &Header,
    upright_width: u32,
) -> Result<RgbImage, PictureError> {
    let (own_width, _) = header.upright();
    let wanted = upright_width.min(own_width) as usize;
    let factor = (1..=7)
        .map(|eighths| ScalingFactor::new(eighths, 8))
        .find(|factor| factor.scale(own_width as usize) >= wanted)
        .unwrap_or(ScalingFactor::ONE);
    decode(bytes, header, factor)
}

fn decode(bytes: &[u8], header: &Header, factor: ScalingFactor) -> Result<RgbImage, PictureError> {
    let mut decoder = Decompressor::new().map_err(|error| refusal(&error))?;
    decoder
        .set_scan_limit(MAX_PASSES)
        .and_then(|()| decoder.set_scaling_factor(factor))
        .map_err(|error| refusal(&error))?;
    let width = factor.scale(header.width as usize);
    let height = factor.scale(header.height as usize);
    let mut image = Image {
        pixels: vec![0; 3 * width * height],
        width,
        pitch: 3 * width,
        height,
        format: PixelFormat::RGB,
    };
    match decoder.decompress(bytes, image.as_deref_mut()) {
        Err(error) if !is_harmless(&error) => return Err(refusal(&error)),
        _ => {}
    }
    let (Ok(width), Ok(height)) = (u32::try_from(width), u32::try_from(height)) else {
        return Err(PictureError::damaged(Format::Jpeg, "its size overflows"));
    };
    RgbImage::from_raw(width, height, image.pixels)
        .ok_or_else(|| PictureError::damaged(Format::Jpeg, "its size does not fit its pixels"))
}

fn is_harmless(error: &turbojpeg::Error) -> bool {
    let said = error.to_string();
    HARMLESS.iter().any(|words| said.contains(words))
}

/// The decoder reports a doubt (grey or shifted areas) in the same way as a failure. Both are refused: a clinical record
/// must not hold a picture of which a part was made up.
fn refusal(error: &turbojpeg::Error) -> PictureError {
    let said = error.to_string();
    if said.contains("Premature end") {
        PictureError::Truncated {
            format: Format::Jpeg,
        }
    } else if said.contains("scans") || said.contains("Insufficient memory") {
        PictureError::DecodeLimit {
            format: Format::Jpeg,
        }
    } else {
        PictureError::damaged(Format::Jpeg, said)
    }
}

/// Encodes with the usual chroma subsampling and no metadata.
pub(crate) fn encode(pixels: &RgbImage, quality: Quality) -> Result<Vec<u8>, PictureError> {
    let attempt = || {
        let mut encoder = Compressor::new()?;
        encoder.set_quality(i32::from(u8::from(quality)))?;
        encoder.set_subsamp(Subsamp::Sub2x2)?;
        encoder.compress_to_vec(Image {
            pixels: pixels.as_raw().as_slice(),
            width: pixels.width() as usize,
            pitch: 3 * pixels.width() as usize,
            height: pixels.height() as usize,
            format: PixelFormat::RGB,
        })
    };
    attempt().map_err(|error| PictureError::EncodeFailed {
        cause: error.to_string(),
    })
}
