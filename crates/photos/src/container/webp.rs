//! WebP: RIFF chunks inside one `WEBP` list (RFC 9649).

use super::number::le32;
use super::{Container, Frame};
use crate::error::PictureError;
use crate::header::Format;
use image::ImageDecoder as _;
use image::codecs::webp::WebPDecoder;
use std::borrow::Cow;
use std::io::Cursor;

const TRUNCATED: PictureError = PictureError::Truncated {
    format: Format::Webp,
};

/// Behind `RIFF`, the length and `WEBP`.
const FIRST_CHUNK: usize = 12;

/// Three codings store the size in three ways; the decoder's own header reader knows them.
pub(super) fn frame(bytes: &[u8]) -> Result<Frame, PictureError> {
    check_length(bytes)?;
    let decoder = WebPDecoder::new(Cursor::new(bytes))
        .map_err(|_| PictureError::damaged(Format::Webp, "its header cannot be read"))?;
    let (width, height) = decoder.dimensions();
    Ok(Frame { width, height })
}

fn check_length(bytes: &[u8]) -> Result<(), PictureError> {
    let declared = le32(bytes, 4).ok_or(TRUNCATED)? as usize;
    if bytes.len() < declared.saturating_add(8) {
        return Err(TRUNCATED);
    }
    Ok(())
}

pub(super) fn walk(bytes: &[u8]) -> Result<Container<'_>, PictureError> {
    check_length(bytes)?;
    let mut container = Container {
        exif: None,
        icc: None,
    };
    let mut at = FIRST_CHUNK;
    while let (Some(name), Some(length)) = (bytes.get(at..at + 4), le32(bytes, at + 4)) {
        let length = length as usize;
        let Some(body) = (at + 8)
            .checked_add(length)
            .and_then(|end| bytes.get(at + 8..end))
        else {
            return Err(TRUNCATED);
        };
        match name {
            // Some writers keep JPEG's prefix although the format has none.
            b"EXIF" => container.exif = Some(body.strip_prefix(b"Exif\0\0").unwrap_or(body)),
            b"ICCP" => container.icc = Some(Cow::Borrowed(body)),
            _ => {}
        }
        // Chunks are padded to an even length.
        at += 8 + length + length % 2;
    }
    Ok(container)
}
