//! What the camera wrote: sealed with the photo, and the moment it was taken.

use domain::codec;
use domain::id::PhotoId;
use domain::port::Entropy;
use domain::time::{ClinicZone, Day, Timestamp};
use jiff::civil::DateTime;
use photos::{CaptureTime, Details};
use serde::Serialize;
use vault::key::PhotoKey;

/// Characters of a file name that are kept.
const LONGEST_NAME: usize = 255;
/// A camera set to a moment further ahead than this is not believed.
const AHEAD: i64 = 24 * 3_600_000;

/// What only those who may open the photo can read of it.
#[derive(Serialize)]
struct SealedDetails<'a> {
    /// What the file was called.
    file_name: String,
    /// What the camera wrote.
    camera: &'a Details,
}

/// Seals name, camera and place under the photo's key, bound to the photo.
pub(super) fn seal(
    key: &PhotoKey,
    photo: PhotoId,
    name: &str,
    camera: &Details,
    entropy: &dyn Entropy,
) -> Vec<u8> {
    let details = SealedDetails {
        file_name: name.chars().take(LONGEST_NAME).collect(),
        camera,
    };
    vault::envelope::seal(key, photo.as_bytes(), &codec::encode(&details), entropy)
}

/// When the picture was taken: by the camera's clock and offset, or the clinic's zone where it wrote none; `now` where the
/// camera says nothing or a moment that has not come.
pub(super) fn taken_at(camera: &Details, zone: &ClinicZone, now: Timestamp) -> Timestamp {
    camera
        .taken
        .as_ref()
        .and_then(|taken| instant(taken, zone))
        .filter(|at| at.0 <= now.0.saturating_add(AHEAD))
        .unwrap_or(now)
}

fn instant(taken: &CaptureTime, zone: &ClinicZone) -> Option<Timestamp> {
    let local: DateTime = taken.local.parse().ok()?;
    let (day, minute) = (
        Day::from_date(local.date()),
        i64::from(local.hour()) * 60 + i64::from(local.minute()),
    );
    let whole = match &taken.offset {
        Some(offset) => {
            Timestamp(i64::from(day.0) * 86_400_000).plus_minutes(minute - offset_minutes(offset)?)
        }
        None => zone.at(day, i32::try_from(minute).ok()?),
    };
    Some(Timestamp(
        whole.0.saturating_add(i64::from(local.second()) * 1000),
    ))
}

/// `-03:00` in minutes.
fn offset_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    Some(if text.starts_with('-') {
        -minutes
    } else {
        minutes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(local: &str, offset: Option<&str>) -> Timestamp {
        let taken = CaptureTime {
            local: local.to_owned(),
            offset: offset.map(str::to_owned),
        };
        let camera = Details {
            taken: Some(taken),
            ..Details::default()
        };
        taken_at(
            &camera,
            &ClinicZone::sao_paulo(),
            Timestamp(1_800_000_000_000),
        )
    }

    #[test]
    fn a_moment_without_offset_is_the_clinics_own() {
        let noon = taken("2026-05-31T12:00:07", None);
        assert_eq!(noon, taken("2026-05-31T12:00:07", Some("-03:00")));
        assert_eq!(noon, taken("2026-05-31T20:30:07", Some("+05:30")));
    }

    #[test]
    fn a_camera_ahead_of_time_is_not_believed() {
        assert_eq!(
            taken("2031-01-01T00:00:00", None),
            Timestamp(1_800_000_000_000)
        );
        assert_eq!(taken("nonsense", None), Timestamp(1_800_000_000_000));
    }
}
