//! Taking a picture in, stage by stage, so that each result can be shown and stored as soon as it exists.

use crate::colour::Colour;
use crate::decode::decode_examined;
use crate::details::Details;
use crate::error::PictureError;
use crate::header::{Header, Limits, examine};
use crate::rendition::{Encoded, OutputFormat, Quality, rendition};
use crate::thumbnail::{encode_thumbnail, shows_the_same, thumbnail_pixels};
use serde::{Deserialize, Serialize};

/// Which stages to go through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// All of them: a new import.
    #[default]
    Everything,
    /// Header and first thumbnail: a preview before anything is kept.
    Thumbnail,
    /// Header, first thumbnail, the whole decode and placeholder: all that must be known before a picture is kept. Its
    /// renditions can follow when the others of its batch have got as far.
    Sound,
    /// Header, placeholder and renditions: what follows [`Wanted::Sound`], at once or after an interruption.
    Renditions,
}

/// What to make of a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// What it may cost.
    pub limits: Limits,
    /// How far to go.
    pub wanted: Wanted,
    /// Quality of the AVIF renditions.
    pub quality: Quality,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            wanted: Wanted::default(),
            quality: Quality::RENDITION,
        }
    }
}

/// A result on the way, in this order: `Opened`, `Thumbnail`, `Decoded`, `Rendition` once for each width, narrowest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The file is a picture within limits.
    Opened {
        /// What it is.
        header: Header,
        /// What the camera wrote.
        details: Details,
    },
    /// Something to show. A second one, after `Decoded`, replaces the first: the camera's own thumbnail turned out not to
    /// show what the picture shows.
    Thumbnail(Encoded),
    /// The whole picture was decoded and is sound.
    Decoded {
        /// Width of the upright original.
        width: u32,
        /// Height of the upright original.
        height: u32,
        /// How it came to be sRGB.
        colour: Colour,
        /// Placeholder.
        #[serde(with = "serde_bytes")]
        thumbhash: Vec<u8>,
    },
    /// One of the responsive set.
    Rendition(Encoded),
}

/// Takes a picture in and hands over each stage when it is done. After an error nothing more comes; what came before is
/// true, but a picture that fails behind its thumbnail is not sound and must not be kept.
///
/// # Errors
/// As [`crate::decode`] and [`rendition`].
pub fn import(
    bytes: &[u8],
    plan: &Plan,
    mut on_stage: impl FnMut(Stage),
) -> Result<(), PictureError> {
    let examined = examine(bytes, &plan.limits)?;
    on_stage(Stage::Opened {
        header: examined.header,
        details: examined
            .container
            .exif
            .map(Details::of_exif)
            .unwrap_or_default(),
    });
    let mut shown = None;
    if plan.wanted != Wanted::Renditions {
        let pixels = thumbnail_pixels(bytes, &examined)?;
        on_stage(Stage::Thumbnail(encode_thumbnail(&pixels)?));
        shown = Some(pixels);
    }
    if plan.wanted == Wanted::Thumbnail {
        return Ok(());
    }
    let decoded = decode_examined(bytes, &examined)?;
    on_stage(Stage::Decoded {
        width: decoded.width(),
        height: decoded.height(),
        colour: decoded.colour(),
        thumbhash: decoded.thumbhash()?,
    });
    let narrowest = decoded.narrowest();
    if let Some(shown) = shown
        && !shows_the_same(&shown, narrowest)?
    {
        on_stage(Stage::Thumbnail(encode_thumbnail(narrowest)?));
    }
    if plan.wanted == Wanted::Sound {
        return Ok(());
    }
    for width in decoded.rendition_widths() {
        on_stage(Stage::Rendition(rendition(
            &decoded,
            width,
            OutputFormat::Avif,
            plan.quality,
        )?));
    }
    Ok(())
}
