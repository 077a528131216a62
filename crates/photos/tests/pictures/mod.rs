//! Pictures made for the tests, metadata written by hand.
#![allow(
    dead_code,
    missing_docs,
    reason = "each test file uses some of these pictures"
)]

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::io::Cursor;

pub const RED: [u8; 3] = [220, 30, 30];
pub const GREEN: [u8; 3] = [30, 200, 40];
pub const BLUE: [u8; 3] = [30, 40, 210];
pub const WHITE: [u8; 3] = [240, 240, 240];

/// Red, green on top; blue, white below. With a dark blot in the middle, so that it is not flat.
pub fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (right, low) = (x >= width / 2, y >= height / 2);
        let (dx, dy) = (x.abs_diff(width / 2), y.abs_diff(height / 2));
        if dx < width / 8 && dy < height / 8 {
            return Rgb([60, (x % 90) as u8, (y % 90) as u8]);
        }
        Rgb(match (right, low) {
            (false, false) => RED,
            (true, false) => GREEN,
            (false, true) => BLUE,
            (true, true) => WHITE,
        })
    })
}

pub fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture
        .into()
        .write_to(&mut Cursor::new(&mut bytes), format)
        .unwrap();
    bytes
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(quarters(width, height), ImageFormat::Jpeg)
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(quarters(width, height), ImageFormat::Png)
}

pub fn webp(width: u32, height: u32) -> Vec<u8> {
    encoded(quarters(width, height), ImageFormat::WebP)
}

pub fn opened(bytes: &[u8]) -> RgbImage {
    image::load_from_memory(bytes).unwrap().into_rgb8()
}

/// The name of the colour nearest to a corner: top left, top right, bottom left, bottom right.
pub fn corners(picture: &RgbImage) -> String {
    let (right, low) = (picture.width() - 3, picture.height() - 3);
    [(2, 2), (right, 2), (2, low), (right, low)]
        .map(|(x, y)| {
            let Rgb(seen) = *picture.get_pixel(x, y);
            let distance = |colour: [u8; 3]| -> u32 {
                (0..3).map(|i| u32::from(seen[i].abs_diff(colour[i]))).sum()
            };
            [(RED, 'R'), (GREEN, 'G'), (BLUE, 'B'), (WHITE, 'W')]
                .into_iter()
                .min_by_key(|(colour, _)| distance(*colour))
                .unwrap()
                .1
        })
        .iter()
        .collect()
}

/// Puts a segment behind the start of a JPEG.
pub fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let mut with = jpeg[..2].to_vec();
    with.extend([0xFF, marker]);
    with.extend(u16::try_from(body.len() + 2).unwrap().to_be_bytes());
    with.extend(body);
    with.extend(&jpeg[2..]);
    with
}

pub fn with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    with_segment(jpeg, 0xE1, &[b"Exif\0\0", exif].concat())
}

pub fn with_icc(jpeg: &[u8], profile: &[u8], parts: usize) -> Vec<u8> {
    let size = profile.len().div_ceil(parts);
    let chunks: Vec<&[u8]> = profile.chunks(size).collect();
    let count = chunks.len() as u8;
    // Each goes to the front, so the last is put in first.
    (1..=count)
        .zip(chunks)
        .rev()
        .fold(jpeg.to_vec(), |jpeg, (number, part)| {
            let body = [b"ICC_PROFILE\0", &[number, count][..], part].concat();
            with_segment(&jpeg, 0xE2, &body)
        })
}

/// An EXIF block in the making.
#[derive(Default)]
pub struct Exif {
    pub orientation: Option<u16>,
    pub make: Option<&'static str>,
    pub model: Option<&'static str>,
    pub taken: Option<&'static str>,
    pub offset: Option<&'static str>,
    /// Degrees, minutes, seconds, and the hemisphere: south and west.
    pub place: Option<([u32; 3], [u32; 3])>,
    pub thumbnail: Option<Vec<u8>>,
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u32,
    value: Vec<u8>,
}

fn text(tag: u16, value: &str) -> Entry {
    let value = [value.as_bytes(), &[0]].concat();
    Entry {
        tag,
        kind: 2,
        count: value.len() as u32,
        value,
    }
}

fn short(tag: u16, value: u16) -> Entry {
    Entry {
        tag,
        kind: 3,
        count: 1,
        value: value.to_le_bytes().to_vec(),
    }
}

fn long(tag: u16, value: usize) -> Entry {
    Entry {
        tag,
        kind: 4,
        count: 1,
        value: (value as u32).to_le_bytes().to_vec(),
    }
}

fn rationals(tag: u16, values: [u32; 3]) -> Entry {
    Entry {
        tag,
        kind: 5,
        count: 3,
        value: values
            .iter()
            .flat_map(|value| [value.to_le_bytes(), 1_u32.to_le_bytes()])
            .flatten()
            .collect(),
    }
}

/// Appends a directory and gives its place.
fn directory(block: &mut Vec<u8>, entries: &[Entry], next: usize) -> usize {
    let start = block.len();
    let mut outside: Vec<u8> = Vec::new();
    let outside_at = start + 2 + 12 * entries.len() + 4;
    block.extend((entries.len() as u16).to_le_bytes());
    for entry in entries {
        block.extend(entry.tag.to_le_bytes());
        block.extend(entry.kind.to_le_bytes());
        block.extend(entry.count.to_le_bytes());
        if entry.value.len() <= 4 {
            let mut value = entry.value.clone();
            value.resize(4, 0);
            block.extend(value);
        } else {
            block.extend(((outside_at + outside.len()) as u32).to_le_bytes());
            outside.extend(&entry.value);
        }
    }
    block.extend((next as u32).to_le_bytes());
    block.extend(outside);
    start
}

impl Exif {
    /// Little-endian TIFF; the first directory comes last because it points to all others.
    pub fn block(&self) -> Vec<u8> {
        let mut block = b"II\x2A\0\0\0\0\0".to_vec();
        let mut first = Vec::new();
        first.extend(self.make.map(|make| text(0x010F, make)));
        first.extend(self.model.map(|model| text(0x0110, model)));
        first.extend(self.orientation.map(|number| short(0x0112, number)));
        let mut camera = Vec::new();
        camera.extend(self.taken.map(|taken| text(0x9003, taken)));
        camera.extend(self.offset.map(|offset| text(0x9011, offset)));
        let camera = directory(&mut block, &camera, 0);
        first.push(long(0x8769, camera));
        if let Some((latitude, longitude)) = self.place {
            let place = [
                text(1, "S"),
                rationals(2, latitude),
                text(3, "W"),
                rationals(4, longitude),
            ];
            let place = directory(&mut block, &place, 0);
            first.push(long(0x8825, place));
        }
        let next = self.thumbnail.as_ref().map_or(0, |thumbnail| {
            let at = block.len();
            block.extend(thumbnail);
            let entries = [long(0x0201, at), long(0x0202, thumbnail.len())];
            directory(&mut block, &entries, 0)
        });
        let first = directory(&mut block, &first, next) as u32;
        block[4..8].copy_from_slice(&first.to_le_bytes());
        block
    }
}

/// A Display P3 profile with a gamma of 2.2, as small as ICC allows.
pub fn display_p3() -> Vec<u8> {
    let fixed = |value: f64| ((value * 65536.0).round() as i32).to_be_bytes();
    let xyz =
        |x: f64, y: f64, z: f64| [b"XYZ \0\0\0\0", &fixed(x)[..], &fixed(y), &fixed(z)].concat();
    let gamma = [b"curv\0\0\0\0", &1_u32.to_be_bytes()[..], &[2, 51, 0, 0]].concat();
    let tags: [(&[u8; 4], Vec<u8>); 7] = [
        (b"rXYZ", xyz(0.51512, 0.24120, -0.00105)),
        (b"gXYZ", xyz(0.29198, 0.69225, 0.04189)),
        (b"bXYZ", xyz(0.15710, 0.06657, 0.78407)),
        (b"wtpt", xyz(0.96420, 1.0, 0.82491)),
        (b"rTRC", gamma.clone()),
        (b"gTRC", gamma.clone()),
        (b"bTRC", gamma),
    ];
    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data = Vec::new();
    let data_at = 128 + 4 + 12 * tags.len();
    for (name, value) in tags {
        table.extend(name);
        table.extend(((data_at + data.len()) as u32).to_be_bytes());
        table.extend((value.len() as u32).to_be_bytes());
        data.extend(value);
    }
    let mut profile = vec![0; 128];
    let length = (128 + table.len() + data.len()) as u32;
    profile[0..4].copy_from_slice(&length.to_be_bytes());
    profile[8..12].copy_from_slice(&[2, 0x10, 0, 0]);
    profile[12..24].copy_from_slice(b"mntrRGB XYZ ");
    profile[36..40].copy_from_slice(b"acsp");
    profile[68..80].copy_from_slice(&[fixed(0.9642), fixed(1.0), fixed(0.82491)].concat());
    [profile, table, data].concat()
}
