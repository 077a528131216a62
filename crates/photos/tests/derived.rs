//! What is made of a picture.
#![allow(
    clippy::unwrap_used,
    reason = "a test may end on what it did not expect"
)]

mod pictures;

use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use photos::{
    Colour, Details, Encoded, Gps, Limits, OutputFormat, Plan, Quality, Stage, Wanted, decode,
    first_thumbnail, import, probe, rendition,
};
use pictures::{
    Exif, corners, display_p3, encoded, jpeg, opened, png, quarters, webp, with_exif, with_icc,
};

fn limits() -> Limits {
    Limits::default()
}

fn as_jpeg(bytes: &[u8], width: u32) -> Encoded {
    let decoded = decode(bytes, &limits()).unwrap();
    let quality = Quality::try_from(95).unwrap();
    rendition(&decoded, width, OutputFormat::Jpeg, quality).unwrap()
}

fn stages(bytes: &[u8], wanted: Wanted) -> Vec<Stage> {
    let plan = Plan {
        wanted,
        ..Plan::default()
    };
    let mut stages = Vec::new();
    import(bytes, &plan, |stage| stages.push(stage)).unwrap();
    stages
}

fn whole_exif() -> Exif {
    Exif {
        orientation: Some(6),
        make: Some("Espelho Test"),
        model: Some("Camera\u{1}One  "),
        taken: Some("2024:05:31 14:03:59"),
        offset: Some("-03:00"),
        place: Some(([23, 33, 0], [46, 37, 48])),
        thumbnail: None,
    }
}

#[test]
fn all_eight_orientations_come_out_upright() {
    // What the camera stores, so that the turned picture reads red, green / blue, white.
    let upright = DynamicImage::ImageRgb8(quarters(800, 600));
    for (orientation, stored) in [
        (1, upright.clone()),
        (2, upright.fliph()),
        (3, upright.rotate180()),
        (4, upright.flipv()),
        (5, upright.rotate90().fliph()),
        (6, upright.rotate270()),
        (7, upright.rotate270().fliph()),
        (8, upright.rotate90()),
    ] {
        let exif = Exif {
            orientation: Some(orientation),
            ..Exif::default()
        };
        let file = with_exif(&encoded(stored, ImageFormat::Jpeg), &exif.block());
        let header = probe(&file, &limits()).unwrap();
        assert_eq!(header.upright(), (800, 600), "orientation {orientation}");
        let thumbnail = first_thumbnail(&file, &limits()).unwrap();
        assert_eq!((thumbnail.width, thumbnail.height), (320, 240));
        for made in [thumbnail, as_jpeg(&file, 640), as_jpeg(&file, 2048)] {
            let seen = opened(&made.bytes);
            assert_eq!(seen.dimensions(), (made.width, made.height));
            assert_eq!(corners(&seen), "RGBW", "orientation {orientation}");
        }
    }
}

#[test]
fn nonsense_in_place_of_an_orientation_means_upright() {
    for orientation in [0, 9, 65535] {
        let exif = Exif {
            orientation: Some(orientation),
            ..Exif::default()
        };
        let file = with_exif(&jpeg(80, 60), &exif.block());
        assert_eq!(probe(&file, &limits()).unwrap().upright(), (80, 60));
    }
}

#[test]
fn the_set_has_every_width_below_the_own_and_never_more() {
    let decoded = decode(&jpeg(900, 600), &limits()).unwrap();
    assert_eq!((decoded.width(), decoded.height()), (900, 600));
    assert_eq!(decoded.rendition_widths(), [320, 640, 900]);
    let made = rendition(&decoded, 2048, OutputFormat::Avif, Quality::RENDITION).unwrap();
    assert_eq!((made.width, made.height), (900, 600));
    let large = decode(&jpeg(4400, 3300), &limits()).unwrap();
    assert_eq!((large.width(), large.height()), (4400, 3300));
    let widest = rendition(&large, 9999, OutputFormat::Jpeg, Quality::THUMBNAIL).unwrap();
    assert_eq!((widest.width, widest.height), (2048, 1536));
}

#[test]
fn tiny_and_stretched_pictures_have_renditions_too() {
    for (width, height) in [(1, 1), (1, 700), (700, 1), (3, 2)] {
        for file in [jpeg(width, height), png(width, height), webp(width, height)] {
            let decoded = decode(&file, &limits()).unwrap();
            for width in decoded.rendition_widths() {
                for format in [OutputFormat::Avif, OutputFormat::Jpeg] {
                    let made = rendition(&decoded, width, format, Quality::RENDITION).unwrap();
                    assert!(made.width == width && made.height >= 1);
                }
            }
            assert!(first_thumbnail(&file, &limits()).is_ok());
            assert!(decoded.thumbhash().unwrap().len() <= 25);
        }
    }
}

#[test]
fn stages_come_in_order_and_renditions_are_avif() {
    let stages = stages(&jpeg(1000, 750), Wanted::Everything);
    let names: Vec<String> = stages
        .iter()
        .map(|stage| match stage {
            Stage::Opened { header, .. } => format!("opened {}", header.width),
            Stage::Thumbnail(made) => format!("thumbnail {}", made.width),
            Stage::Decoded {
                width, thumbhash, ..
            } => {
                assert!((5..=25).contains(&thumbhash.len()));
                format!("decoded {width}")
            }
            Stage::Rendition(made) => {
                assert_eq!(&made.bytes[4..12], b"ftypavif");
                format!("rendition {} x {}", made.width, made.height)
            }
        })
        .collect();
    assert_eq!(
        names,
        [
            "opened 1000",
            "thumbnail 320",
            "decoded 1000",
            "rendition 320 x 240",
            "rendition 640 x 480",
            "rendition 1000 x 750"
        ]
    );
}

#[test]
fn a_plan_can_stop_at_the_thumbnail_or_skip_it() {
    let file = jpeg(500, 400);
    let preview = stages(&file, Wanted::Thumbnail);
    assert!(matches!(
        preview.as_slice(),
        [Stage::Opened { .. }, Stage::Thumbnail(_)]
    ));
    let resumed = stages(&file, Wanted::Renditions);
    assert!(
        resumed
            .iter()
            .all(|stage| !matches!(stage, Stage::Thumbnail(_)))
    );
    assert!(matches!(resumed.last(), Some(Stage::Rendition(last)) if last.width == 500));
}

#[test]
fn details_are_read_for_the_record() {
    let file = with_exif(&jpeg(80, 60), &whole_exif().block());
    let details = Details::read(&file, &limits()).unwrap();
    let taken = details.taken.unwrap();
    assert_eq!(taken.local, "2024-05-31T14:03:59");
    assert_eq!(taken.offset.as_deref(), Some("-03:00"));
    assert_eq!(details.make.as_deref(), Some("Espelho Test"));
    assert_eq!(details.model.as_deref(), Some("CameraOne"));
    let Gps::At(place) = details.gps else {
        panic!("no place: {:?}", details.gps);
    };
    assert!((place.latitude + 23.55).abs() < 1e-9);
    assert!((place.longitude + 46.63).abs() < 1e-9);
    assert_eq!(
        Details::read(&png(9, 9), &limits()).unwrap(),
        Details::default()
    );
}

#[test]
fn exif_of_png_counts_as_well() {
    let mut exif = whole_exif();
    exif.orientation = Some(8);
    let block = exif.block();
    let plain = png(80, 60);
    // Behind the signature and the header chunk. The checksum of a side chunk is not looked at.
    let mut file = plain[..33].to_vec();
    file.extend((block.len() as u32).to_be_bytes());
    file.extend(b"eXIf");
    file.extend(&block);
    file.extend([0; 4]);
    file.extend(&plain[33..]);
    assert_eq!(probe(&file, &limits()).unwrap().upright(), (60, 80));
    assert!(matches!(
        Details::read(&file, &limits()).unwrap().gps,
        Gps::At(_)
    ));
}

#[test]
fn nothing_derived_carries_metadata() {
    let mut exif = whole_exif();
    exif.thumbnail = Some(with_exif(&jpeg(480, 640), &whole_exif().block()));
    let stored = jpeg(600, 800);
    let with_place = with_exif(&stored, &exif.block());
    let file = with_icc(&with_place, &display_p3(), 1);
    assert!(contains(&file, b"Espelho Test") && contains(&file, b"acsp"));
    let mut seen = 0;
    for file in [with_place, file] {
        for stage in stages(&file, Wanted::Everything) {
            if let Stage::Thumbnail(made) | Stage::Rendition(made) = stage {
                seen += 1;
                for trace in [
                    &b"Exif"[..],
                    b"exif",
                    b"Espelho",
                    b"CameraOne",
                    b"2024:05",
                    b"ICC_PROFILE",
                    b"acsp",
                    b"rICC",
                    b"prof",
                    b"GPS",
                    b"II*\0",
                    &[23, 0, 0, 0, 1, 0, 0, 0],
                ] {
                    assert!(!contains(&made.bytes, trace), "{} {trace:?}", made.width);
                }
            }
        }
    }
    assert!(seen >= 8, "only {seen} pictures were looked at");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn display_p3_becomes_srgb() {
    let rosy = RgbImage::from_pixel(64, 64, Rgb([200, 100, 100]));
    let plain = encoded(rosy, ImageFormat::Jpeg);
    for parts in [1, 3] {
        let file = with_icc(&plain, &display_p3(), parts);
        let decoded = decode(&file, &limits()).unwrap();
        assert_eq!(decoded.colour(), Colour::Converted);
        let Rgb([red, green, _]) = *opened(&as_jpeg(&file, 64).bytes).get_pixel(32, 32);
        // The same colour needs more red and less green in the narrower space.
        assert!(
            (208..=222).contains(&red) && (84..=98).contains(&green),
            "{red} {green}"
        );
    }
    let grey = encoded(
        RgbImage::from_pixel(64, 64, Rgb([128; 3])),
        ImageFormat::Jpeg,
    );
    let Rgb(seen) = *opened(&as_jpeg(&with_icc(&grey, &display_p3(), 1), 64).bytes).get_pixel(9, 9);
    assert!(
        seen.iter().all(|channel| channel.abs_diff(128) <= 2),
        "{seen:?}"
    );
}

#[test]
fn a_profile_that_cannot_be_used_is_said_and_changes_nothing() {
    let plain = jpeg(64, 64);
    for profile in [vec![7; 400], display_p3()[..200].to_vec()] {
        let file = with_icc(&plain, &profile, 1);
        let decoded = decode(&file, &limits()).unwrap();
        assert_eq!(decoded.colour(), Colour::ProfileUnusable);
        assert_eq!(as_jpeg(&file, 64), as_jpeg(&plain, 64));
    }
}

#[test]
fn transparency_becomes_white() {
    let glass = RgbaImage::from_fn(64, 64, |x, _| match x {
        0..32 => Rgba([200, 0, 0, 0]),
        _ => Rgba([0, 0, 0, 128]),
    });
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let seen = opened(&as_jpeg(&encoded(glass.clone(), format), 64).bytes);
        assert!(seen.get_pixel(8, 8).0.iter().all(|channel| *channel > 250));
        let half = seen.get_pixel(55, 8).0;
        assert!(
            half.iter().all(|channel| channel.abs_diff(127) <= 3),
            "{half:?}"
        );
    }
}

#[test]
fn sixteen_bits_and_greys_become_eight_bit_colour() {
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> =
        ImageBuffer::from_pixel(64, 64, Rgb([51_400, 25_700, 12_850]));
    let seen = opened(&as_jpeg(&encoded(deep, ImageFormat::Png), 64).bytes);
    let Rgb([red, green, blue]) = *seen.get_pixel(32, 32);
    assert!(red.abs_diff(200) <= 2 && green.abs_diff(100) <= 2 && blue.abs_diff(50) <= 2);
    let grey = image::GrayImage::from_pixel(64, 64, image::Luma([90]));
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let seen = opened(&as_jpeg(&encoded(grey.clone(), format), 64).bytes);
        assert!(
            seen.get_pixel(5, 5)
                .0
                .iter()
                .all(|channel| channel.abs_diff(90) <= 2)
        );
    }
}

/// A picture whose own thumbnail is `thumbnail`.
fn with_thumbnail(thumbnail: RgbImage) -> Vec<u8> {
    let exif = Exif {
        thumbnail: Some(encoded(thumbnail, ImageFormat::Jpeg)),
        ..Exif::default()
    };
    with_exif(&jpeg(1600, 1200), &exif.block())
}

fn thumbnails(file: &[u8]) -> Vec<RgbImage> {
    stages(file, Wanted::Everything)
        .into_iter()
        .filter_map(|stage| match stage {
            Stage::Thumbnail(made) => Some(opened(&made.bytes)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_good_camera_thumbnail_is_shown_first() {
    // Slightly darker, to be told from the picture itself.
    let own = quarters(1600, 1200);
    let mut darker = image::imageops::resize(&own, 640, 480, image::imageops::FilterType::Triangle);
    darker
        .pixels_mut()
        .for_each(|pixel| pixel.0 = pixel.0.map(|c| c.saturating_sub(9)));
    let shown = thumbnails(&with_thumbnail(darker));
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].dimensions(), (320, 240));
    assert!(shown[0].get_pixel(300, 200).0[0] < 236);
}

#[test]
fn a_camera_thumbnail_too_small_or_of_another_shape_is_not_used() {
    for (width, height) in [(160, 120), (640, 400)] {
        let wrong = RgbImage::from_pixel(width, height, Rgb([0; 3]));
        let shown = thumbnails(&with_thumbnail(wrong));
        assert_eq!(shown.len(), 1);
        assert_eq!(corners(&shown[0]), "RGBW");
    }
}

#[test]
fn a_camera_thumbnail_that_shows_something_else_is_replaced() {
    let own = quarters(1600, 1200);
    let mut other = image::imageops::resize(&own, 640, 480, image::imageops::FilterType::Triangle);
    for (x, y) in (400..500).flat_map(|x| (300..400).map(move |y| (x, y))) {
        other.put_pixel(x, y, Rgb([20, 20, 20]));
    }
    let shown = thumbnails(&with_thumbnail(other));
    assert_eq!(shown.len(), 2);
    assert!(shown[0].get_pixel(225, 175).0[0] < 60);
    assert!(shown[1].get_pixel(225, 175).0[0] > 200);
}
