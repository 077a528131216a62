//! Foreign bytes: whatever comes in, a value or a refusal comes out.
#![allow(
    clippy::unwrap_used,
    reason = "a test may end on what it did not expect"
)]

mod pictures;

use photos::{Details, Limits, PictureError, decode, first_thumbnail, probe};
use pictures::{Exif, display_p3, jpeg, png, webp, with_exif, with_icc};
use proptest::prelude::*;
use std::sync::LazyLock;

static WHOLE: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let exif = Exif {
        orientation: Some(5),
        taken: Some("2024:05:31 14:03:59"),
        place: Some(([23, 33, 0], [46, 37, 48])),
        thumbnail: Some(jpeg(64, 48)),
        ..Exif::default()
    };
    let with_everything = with_icc(&with_exif(&jpeg(96, 64), &exif.block()), &display_p3(), 2);
    [with_everything, png(96, 64), webp(96, 64)]
});

fn try_all(bytes: &[u8]) -> Result<(), PictureError> {
    let limits = Limits::default();
    let probed = probe(bytes, &limits).map(|_| ());
    let details = Details::read(bytes, &limits).map(|_| ());
    assert_eq!(probed, details);
    let thumbnail = first_thumbnail(bytes, &limits).map(|_| ());
    let decoded = decode(bytes, &limits).map(|_| ());
    if let Err(refusal) = &probed {
        assert_eq!(thumbnail, Err(refusal.clone()));
        assert_eq!(decoded, Err(refusal.clone()));
    }
    decoded
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn cut_pictures_are_refused(which in 0..3_usize, at in any::<prop::sample::Index>()) {
        let whole = &WHOLE[which];
        let cut = &whole[..at.index(whole.len())];
        prop_assert!(try_all(cut).is_err());
    }

    #[test]
    fn flipped_bytes_never_panic(
        which in 0..3_usize,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..6),
    ) {
        let mut bytes = WHOLE[which].clone();
        for (at, bits) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        let _ = try_all(&bytes);
    }

    /// Most of a small file is picture data; metadata parsers get their own turn.
    #[test]
    fn flipped_metadata_never_panics(
        flips in prop::collection::vec((0..2500_usize, 1_u8..), 1..4),
    ) {
        let mut bytes = WHOLE[0].clone();
        for (at, bits) in flips {
            let at = at % bytes.len();
            bytes[at] ^= bits;
        }
        let _ = try_all(&bytes);
    }

    #[test]
    fn noise_behind_a_signature_never_panics(
        which in 0..3_usize,
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut bytes = WHOLE[which][..12].to_vec();
        bytes.extend(noise);
        prop_assert!(try_all(&bytes).is_err());
    }
}
