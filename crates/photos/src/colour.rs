//! Colour profiles: everything leaves here as sRGB.

use image::RgbImage;
use qcms::{DataType, Intent, Profile, Transform};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a picture came to be sRGB.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// It was, or said nothing, which means the same.
    AsStored,
    /// Converted from its own profile, such as the Display P3 of iPhones.
    Converted,
    /// It has a profile that cannot be used; its numbers were taken for sRGB. Colours may be somewhat off.
    ProfileUnusable,
}

/// Converts in place by the profile, if there is one.
pub(crate) fn to_srgb(pixels: &mut RgbImage, icc: Option<&[u8]>) -> Colour {
    let Some(icc) = icc else {
        return Colour::AsStored;
    };
    // The profile reader panics on some hostile profiles. It holds nothing but the profile, and a panic while converting
    // leaves pixels half converted at worst, which are then thrown away.
    let before = pixels.clone();
    let converted = catch_unwind(AssertUnwindSafe(|| convert(pixels, icc))).unwrap_or(None);
    match converted {
        Some(colour) => colour,
        None => {
            *pixels = before;
            Colour::ProfileUnusable
        }
    }
}

fn convert(pixels: &mut RgbImage, icc: &[u8]) -> Option<Colour> {
    // Bytes 16 to 20 name the colour space. One for greys or inks says nothing about RGB numbers.
    if icc.get(16..20)? != b"RGB " {
        return None;
    }
    let source = Profile::new_from_slice(icc, false)?;
    if source.is_sRGB() {
        return Some(Colour::AsStored);
    }
    let mut target = Profile::new_sRGB();
    target.precache_output_transform();
    let transform = Transform::new(&source, &target, DataType::RGB8, Intent::Perceptual)?;
    transform.apply(pixels);
    Some(Colour::Converted)
}
