//! Pictures as files that a camera could have written.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _, ImageResult, RgbImage};
use jiff::civil::DateTime;

/// How the camera was held.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Turn {
    /// Upright (EXIF orientation 1).
    #[default]
    Upright,
    /// Turned so that the stored picture must be turned 90 degrees clockwise to be upright (orientation 6).
    Clockwise,
    /// Upside down (orientation 3).
    Over,
    /// 90 degrees counter-clockwise to be upright (orientation 8).
    Counterclockwise,
}

/// What a camera notes beside a picture.
#[derive(Clone, PartialEq, Debug)]
pub struct Capture {
    /// How it was held; the stored pixels are turned accordingly.
    pub turn: Turn,
    /// When, by the camera's own clock, without a time zone as cameras do.
    pub taken: DateTime,
    /// Maker and model.
    pub camera: (String, String),
    /// JPEG quality, 1 to 100.
    pub quality: u8,
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            turn: Turn::Upright,
            taken: jiff::civil::date(2026, 3, 2).at(14, 5, 9, 0),
            camera: ("Espelho".to_owned(), "Sintética 1".to_owned()),
            quality: 88,
        }
    }
}

/// A JPEG file of an upright picture, with EXIF.
///
/// # Errors
/// When the picture has more than 65,535 pixels a side.
pub fn jpeg(upright: &RgbImage, capture: &Capture) -> ImageResult<Vec<u8>> {
    let stored = match capture.turn {
        Turn::Upright => None,
        Turn::Clockwise => Some(image::imageops::rotate270(upright)),
        Turn::Over => Some(image::imageops::rotate180(upright)),
        Turn::Counterclockwise => Some(image::imageops::rotate90(upright)),
    };
    let stored = stored.as_ref().unwrap_or(upright);
    let mut plain = Vec::with_capacity(stored.len() / 6);
    JpegEncoder::new_with_quality(&mut plain, capture.quality).encode_image(stored)?;
    let exif = app1(capture);
    // Right behind the two bytes that begin every JPEG, where cameras put it.
    let mut file = Vec::with_capacity(plain.len() + exif.len());
    file.extend_from_slice(&plain[..2]);
    file.extend_from_slice(&exif);
    file.extend_from_slice(&plain[2..]);
    Ok(file)
}

/// A PNG file of a picture, without anything beside the pixels.
///
/// # Errors
/// When the encoder refuses the size.
pub fn png(picture: &RgbImage) -> ImageResult<Vec<u8>> {
    let mut file = Vec::new();
    let (width, height) = picture.dimensions();
    PngEncoder::new(&mut file).write_image(picture, width, height, ExtendedColorType::Rgb8)?;
    Ok(file)
}

/// One entry of a TIFF directory: tag, type, count and either the value or the text that is stored behind the directory.
enum Entry {
    Short(u16, u16),
    Long(u16, u32),
    Text(u16, String),
}

/// The bytes of a directory that begins at `offset`, with its texts behind it.
fn directory(entries: &[Entry], offset: u32) -> Vec<u8> {
    let mut table = Vec::new();
    let mut texts = Vec::new();
    let behind = offset + 2 + 12 * entries.len() as u32 + 4;
    table.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    for entry in entries {
        let (tag, kind, count, value) = match entry {
            Entry::Short(tag, value) => (*tag, 3_u16, 1, u32::from(*value)),
            Entry::Long(tag, value) => (*tag, 4, 1, *value),
            Entry::Text(tag, text) => {
                let at = behind + texts.len() as u32;
                // Longer than 3 characters in all uses here, so never stored in the entry itself.
                texts.extend_from_slice(text.as_bytes());
                texts.push(0);
                (*tag, 2, text.len() as u32 + 1, at)
            }
        };
        table.extend_from_slice(&tag.to_le_bytes());
        table.extend_from_slice(&kind.to_le_bytes());
        table.extend_from_slice(&count.to_le_bytes());
        table.extend_from_slice(&value.to_le_bytes());
    }
    table.extend_from_slice(&[0; 4]);
    table.extend_from_slice(&texts);
    table
}

/// The application segment with EXIF 2.3 data: little-endian TIFF.
fn app1(capture: &Capture) -> Vec<u8> {
    let taken = capture.taken.strftime("%Y:%m:%d %H:%M:%S").to_string();
    let orientation = match capture.turn {
        Turn::Upright => 1,
        Turn::Over => 3,
        Turn::Clockwise => 6,
        Turn::Counterclockwise => 8,
    };
    let first = |inner: u32| {
        let entries = [
            Entry::Text(0x010f, ascii(&capture.camera.0)),
            Entry::Text(0x0110, ascii(&capture.camera.1)),
            Entry::Short(0x0112, orientation),
            Entry::Text(0x0132, taken.clone()),
            Entry::Long(0x8769, inner),
        ];
        directory(&entries, 8)
    };
    // The inner directory follows the first, whose length does not depend on the number written into it.
    let inner_at = 8 + first(0).len() as u32;
    let mut tiff = b"II\x2a\0\x08\0\0\0".to_vec();
    tiff.extend(first(inner_at));
    tiff.extend(directory(&[Entry::Text(0x9003, taken)], inner_at));
    let mut segment = vec![0xff, 0xe1];
    segment.extend_from_slice(&(tiff.len() as u16 + 8).to_be_bytes());
    segment.extend_from_slice(b"Exif\0\0");
    segment.extend(tiff);
    segment
}

/// EXIF texts are ASCII, and four characters at least so that they stand outside their entry.
fn ascii(text: &str) -> String {
    let folded = store::fold(text);
    format!("{folded:<4}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skin::{Shot, draw};
    use domain::row::PhotoPhase;
    use image::metadata::Orientation;
    use image::{DynamicImage, ImageDecoder as _};

    fn picture() -> RgbImage {
        draw(&Shot {
            seed: 5,
            phase: PhotoPhase::Before,
            width: 96,
            height: 64,
        })
    }

    #[test]
    fn a_turned_picture_is_upright_again_by_its_orientation() {
        let upright = picture();
        for turn in [
            Turn::Upright,
            Turn::Clockwise,
            Turn::Over,
            Turn::Counterclockwise,
        ] {
            let file = jpeg(
                &upright,
                &Capture {
                    turn,
                    quality: 95,
                    ..Capture::default()
                },
            )
            .unwrap();
            let mut decoder =
                image::codecs::jpeg::JpegDecoder::new(std::io::Cursor::new(&file)).unwrap();
            let orientation = decoder.orientation().unwrap();
            assert_eq!(
                orientation == Orientation::NoTransforms,
                turn == Turn::Upright
            );
            let mut seen = DynamicImage::from_decoder(decoder).unwrap();
            seen.apply_orientation(orientation);
            let seen = seen.to_rgb8();
            assert_eq!(seen.dimensions(), upright.dimensions());
            let apart = seen
                .iter()
                .zip(upright.iter())
                .map(|(a, b)| u64::from(a.abs_diff(*b)));
            let mean = apart.sum::<u64>() as f64 / seen.len() as f64;
            assert!(mean < 6.0, "{turn:?}: {mean}");
        }
    }

    #[test]
    fn a_png_keeps_every_pixel() {
        let upright = picture();
        let seen = image::load_from_memory(&png(&upright).unwrap()).unwrap();
        assert_eq!(seen.to_rgb8(), upright);
    }

    #[test]
    fn time_and_camera_stand_in_the_file() {
        let file = jpeg(&picture(), &Capture::default()).unwrap();
        let holds = |text: &[u8]| file.windows(text.len()).any(|window| window == text);
        assert!(holds(b"2026:03:02 14:05:09\0"));
        assert!(holds(b"sintetica 1\0"));
    }
}
