//! The structure of picture files: where the size, EXIF and colour profile are, and whether the end is there.
//!
//! Only lengths and tags are read here, never pixels, and every access is checked: these are the first eyes on foreign
//! bytes.

mod jpeg;
mod png;
mod webp;

use crate::error::PictureError;
use crate::header::{Format, UnsupportedFormat};
use std::borrow::Cow;

/// Size and metadata slices of a structurally complete file.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    /// The EXIF block from its TIFF header on.
    pub(crate) exif: Option<&'a [u8]>,
    /// The ICC profile, where the container stores it uncompressed. PNG's is inflated by the decoder.
    pub(crate) icc: Option<Cow<'a, [u8]>>,
}

/// The declared size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The format by the first bytes.
pub(crate) fn recognise(bytes: &[u8]) -> Result<Format, PictureError> {
    let unsupported = |format| Err(PictureError::UnsupportedFormat { format });
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(Format::Png),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Ok(Format::Webp),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => {
            unsupported(UnsupportedFormat::Tiff)
        }
        [b'G', b'I', b'F', b'8', ..] => unsupported(UnsupportedFormat::Gif),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => unsupported(UnsupportedFormat::Bmp),
        [0xFF, 0x0A, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => {
            unsupported(UnsupportedFormat::JpegXl)
        }
        [_, _, _, _, b'f', b't', b'y', b'p', rest @ ..] => match iso_brand(rest) {
            Some(format) => unsupported(format),
            None => Err(PictureError::NotAPicture),
        },
        _ => truncated_signature(bytes),
    }
}

/// A cut inside the signature itself still names the format when the start is unmistakable.
fn truncated_signature(bytes: &[u8]) -> Result<Format, PictureError> {
    let format = if bytes.starts_with(&[0xFF, 0xD8]) && bytes.len() == 2 {
        Format::Jpeg
    } else if bytes.len() >= 4 && b"\x89PNG\r\n\x1A\n".starts_with(bytes) {
        Format::Png
    } else {
        return Err(PictureError::NotAPicture);
    };
    Err(PictureError::Truncated { format })
}

/// HEIC and AVIF share a container with video; the brands after `ftyp` (major, version, then compatible ones) tell.
fn iso_brand(after_ftyp: &[u8]) -> Option<UnsupportedFormat> {
    let brands = || after_ftyp.chunks_exact(4).take(16);
    if brands().any(|brand| brand == b"avif" || brand == b"avis") {
        return Some(UnsupportedFormat::Avif);
    }
    const HEIF: [&[u8]; 7] = [
        b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1",
    ];
    brands()
        .any(|brand| HEIF.contains(&brand))
        .then_some(UnsupportedFormat::Heic)
}

/// The declared size, from as little of the file as possible.
pub(crate) fn frame(format: Format, bytes: &[u8]) -> Result<Frame, PictureError> {
    match format {
        Format::Jpeg => jpeg::frame(bytes),
        Format::Png => png::frame(bytes),
        Format::Webp => webp::frame(bytes),
    }
}

/// The metadata, and the certainty that the file reaches its end.
pub(crate) fn walk(format: Format, bytes: &[u8]) -> Result<Container<'_>, PictureError> {
    match format {
        Format::Jpeg => jpeg::walk(bytes),
        Format::Png => png::walk(bytes),
        Format::Webp => webp::walk(bytes),
    }
}

/// Reads big- and little-endian numbers without ever indexing past the end.
pub(crate) mod number {
    pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u32> {
        let pair = bytes.get(at..at.checked_add(2)?)?;
        Some(u32::from(u16::from_be_bytes(pair.try_into().ok()?)))
    }

    pub(crate) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
        let four = bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_be_bytes(four.try_into().ok()?))
    }

    pub(crate) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
        let four = bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(four.try_into().ok()?))
    }
}
