//! PNG chunks: length, name, body, checksum, up to `IEND`.

use super::number::be32;
use super::{Container, Frame};
use crate::error::PictureError;
use crate::header::Format;

const TRUNCATED: PictureError = PictureError::Truncated {
    format: Format::Png,
};

/// Behind the signature.
const FIRST_CHUNK: usize = 8;

/// `IHDR` is required to be the first chunk.
pub(super) fn frame(bytes: &[u8]) -> Result<Frame, PictureError> {
    let name = bytes
        .get(FIRST_CHUNK + 4..FIRST_CHUNK + 8)
        .ok_or(TRUNCATED)?;
    if name != b"IHDR" {
        return Err(PictureError::damaged(
            Format::Png,
            "it does not begin with its header",
        ));
    }
    Ok(Frame {
        width: be32(bytes, FIRST_CHUNK + 8).ok_or(TRUNCATED)?,
        height: be32(bytes, FIRST_CHUNK + 12).ok_or(TRUNCATED)?,
    })
}

pub(super) fn walk(bytes: &[u8]) -> Result<Container<'_>, PictureError> {
    let mut exif = None;
    let mut at = FIRST_CHUNK;
    loop {
        let length = be32(bytes, at).ok_or(TRUNCATED)? as usize;
        let name = bytes.get(at + 4..at + 8).ok_or(TRUNCATED)?;
        let body_end = (at + 8).checked_add(length).ok_or(TRUNCATED)?;
        let body = bytes.get(at + 8..body_end).ok_or(TRUNCATED)?;
        at = body_end.checked_add(4).ok_or(TRUNCATED)?;
        if at > bytes.len() {
            return Err(TRUNCATED);
        }
        match name {
            b"eXIf" => exif = Some(body),
            b"IEND" => break,
            _ => {}
        }
    }
    // A profile is deflated here; the decoder inflates it.
    Ok(Container { exif, icc: None })
}
