//! Files that are not taken in, and what is said about them.
#![allow(
    clippy::unwrap_used,
    reason = "a test may end on what it did not expect"
)]

mod pictures;

use photos::{Format, Limits, PictureError, UnsupportedFormat, decode, first_thumbnail, probe};
use pictures::{jpeg, png, webp, with_segment};

/// All entry points refuse in the same words.
#[track_caller]
fn refused(bytes: &[u8], code: &str) -> PictureError {
    let limits = Limits::default();
    let refusal = decode(bytes, &limits).unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal}");
    let thumbnail = first_thumbnail(bytes, &limits).unwrap_err();
    assert_eq!(thumbnail.code(), code, "{thumbnail}");
    refusal
}

#[test]
fn an_empty_file_is_called_empty() {
    refused(b"", "empty");
}

#[test]
fn a_text_file_is_no_picture_whatever_its_name() {
    refused(b"Agenda da semana: segunda-feira", "not_a_picture");
}

#[test]
fn the_content_decides_the_format() {
    for (bytes, format) in [
        (jpeg(64, 48), Format::Jpeg),
        (png(64, 48), Format::Png),
        (webp(64, 48), Format::Webp),
    ] {
        let header = probe(&bytes, &Limits::default()).unwrap();
        assert_eq!(
            (header.format, header.width, header.height),
            (format, 64, 48)
        );
    }
}

#[test]
fn formats_that_are_not_decoded_are_named() {
    for (start, format) in [
        (
            &b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..],
            UnsupportedFormat::Heic,
        ),
        (
            b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
            UnsupportedFormat::Heic,
        ),
        (
            b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
            UnsupportedFormat::Avif,
        ),
        (b"II*\0\x08\0\0\0", UnsupportedFormat::Tiff),
        (b"MM\0*\0\0\0\x08", UnsupportedFormat::Tiff),
        (b"GIF89a\x01\0\x01\0", UnsupportedFormat::Gif),
        (b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0", UnsupportedFormat::Bmp),
        (b"\0\0\0\x0cJXL \r\n\x87\n", UnsupportedFormat::JpegXl),
    ] {
        let refusal = refused(start, "unsupported_format");
        assert_eq!(refusal, PictureError::UnsupportedFormat { format });
        assert!(refusal.to_string().contains(&format.to_string()));
    }
    refused(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "not_a_picture");
}

#[test]
fn inks_and_twelve_bits_are_refused_by_name() {
    let start = jpeg(64, 48);
    let frame = start
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .unwrap();
    let mut inks = start.clone();
    inks[frame + 9] = 4;
    assert_eq!(
        refused(&inks, "unsupported_format"),
        PictureError::UnsupportedFormat {
            format: UnsupportedFormat::CmykJpeg
        }
    );
    let mut deep = start;
    deep[frame + 4] = 12;
    refused(&deep, "unsupported_format");
}

#[test]
fn a_header_of_200_megapixels_is_refused_before_anything_is_decoded() {
    let mut large_png = png(64, 48);
    large_png[16..20].copy_from_slice(&20_000_u32.to_be_bytes());
    large_png[20..24].copy_from_slice(&10_000_u32.to_be_bytes());
    let mut large_jpeg = jpeg(64, 48);
    let frame = large_jpeg
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .unwrap();
    large_jpeg[frame + 5..frame + 7].copy_from_slice(&10_000_u16.to_be_bytes());
    large_jpeg[frame + 7..frame + 9].copy_from_slice(&20_000_u16.to_be_bytes());
    for bytes in [large_png, large_jpeg] {
        let refusal = refused(&bytes, "too_many_pixels");
        assert!(refusal.to_string().contains("20000 x 10000"));
        // The size is known from the header alone, so even a cut file is refused for it.
        refused(&bytes[..bytes.len().min(700)], "too_many_pixels");
    }
}

#[test]
fn a_strip_of_allowed_pixels_but_absurd_length_is_refused() {
    let mut strip = png(64, 48);
    strip[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
    strip[20..24].copy_from_slice(&1_u32.to_be_bytes());
    refused(&strip, "too_many_pixels");
}

#[test]
fn no_pixels_are_damage() {
    let mut none = png(64, 48);
    none[16..20].copy_from_slice(&[0; 4]);
    refused(&none, "damaged");
}

#[test]
fn more_bytes_than_allowed_are_refused_unread() {
    let limits = Limits {
        bytes: 100,
        ..Limits::default()
    };
    let refusal = probe(&[0; 101], &limits).unwrap_err();
    assert_eq!(refusal.code(), "too_large");
}

#[test]
fn a_file_cut_anywhere_is_called_truncated() {
    for whole in [jpeg(300, 200), png(300, 200), webp(300, 200)] {
        for keep in [30, 50, 99] {
            refused(&whole[..whole.len() * keep / 100], "truncated");
        }
        refused(&whole[..whole.len() - 1], "truncated");
    }
}

#[test]
fn a_cut_file_with_an_end_marker_put_on_is_still_noticed() {
    let whole = jpeg(300, 200);
    let mut cut = whole[..whole.len() * 3 / 4].to_vec();
    cut.extend([0xFF, 0xD9]);
    let refusal = decode(&cut, &Limits::default()).unwrap_err();
    assert!(
        matches!(refusal.code(), "truncated" | "damaged"),
        "{refusal}"
    );
}

#[test]
fn overwritten_picture_data_is_called_damaged() {
    let mut holed = jpeg(300, 200);
    let middle = holed.len() * 2 / 3;
    holed[middle..middle + 40].copy_from_slice(&[0xFF, 0x9F].repeat(20));
    refused(&holed, "damaged");
    let mut holed = png(300, 200);
    let middle = holed.len() / 2;
    holed[middle] ^= 0x55;
    refused(&holed, "damaged");
}

#[test]
fn what_phones_append_behind_the_picture_does_no_harm() {
    let mut moving = jpeg(300, 200);
    moving.extend(b"\0\0\0\x18ftypmp42 a short film \xFF\xD8\xFF");
    assert!(decode(&moving, &Limits::default()).is_ok());
}

#[test]
fn a_second_exif_block_or_a_broken_one_does_no_harm() {
    let odd = with_segment(&jpeg(300, 200), 0xE1, b"Exif\0\0II*\0\xFF\xFF\xFF\x7F");
    assert!(decode(&odd, &Limits::default()).is_ok());
}

#[test]
fn every_code_is_its_own() {
    let all = [
        PictureError::Empty,
        PictureError::NotAPicture,
        PictureError::TooLarge { bytes: 2, limit: 1 },
        PictureError::Truncated {
            format: Format::Jpeg,
        },
        PictureError::DecodeLimit {
            format: Format::Jpeg,
        },
        PictureError::WorkerDied,
        PictureError::WorkerTimeout { seconds: 1 },
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(PictureError::code).collect();
    assert_eq!(codes.len(), all.len());
}
