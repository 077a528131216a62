//! The blurred impression shown while a picture loads.

use crate::error::PictureError;
use crate::resize::shrink;
use image::RgbImage;

/// ThumbHash takes at most 100 pixels a side.
const MAX_SIDE: u32 = 100;

/// The hash of a picture of any size.
pub(crate) fn thumbhash(pixels: &RgbImage) -> Result<Vec<u8>, PictureError> {
    let longest = pixels.width().max(pixels.height());
    let small;
    let source = if longest > MAX_SIDE {
        let side = |length: u32| (length * MAX_SIDE / longest).max(1);
        small = shrink(pixels, side(pixels.width()), side(pixels.height()))?;
        &small
    } else {
        pixels
    };
    let rgba: Vec<u8> = source
        .pixels()
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2], u8::MAX])
        .collect();
    Ok(thumbhash::rgba_to_thumb_hash(
        source.width() as usize,
        source.height() as usize,
        &rgba,
    ))
}
