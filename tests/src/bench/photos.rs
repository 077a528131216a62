//! The photo pipeline on a 12-megapixel camera file.

use super::{Figures, Samples};
use anyhow::{Result, ensure};
use domain::row::PhotoPhase;
use photos::{Limits, Plan, Stage};
use std::time::Instant;
use testkit::skin::{self, Capture, Shot};

const ROUNDS: usize = 8;

/// First thumbnail and full set, in this process, without sealing or storing.
///
/// # Errors
/// When a picture does not come out as it should.
pub fn measure(figures: &mut Figures) -> Result<()> {
    let (mut first, mut full) = (Samples::new(), Samples::new());
    let shot = Shot {
        seed: 7,
        phase: PhotoPhase::Before,
        width: 4000,
        height: 3000,
    };
    let file = skin::jpeg(&skin::draw(&shot), &Capture::default())?;
    for _ in 0..ROUNDS {
        let thumbnail = first.time(|| photos::first_thumbnail(&file, &Limits::default()))?;
        ensure!(
            thumbnail.width == 320 && thumbnail.height == 240,
            "the thumbnail has another size"
        );
        let mut widths = Vec::new();
        let begun = Instant::now();
        photos::import(&file, &Plan::default(), |stage| {
            if let Stage::Rendition(encoded) = stage {
                widths.push(encoded.width);
            }
        })?;
        full.add(begun.elapsed());
        ensure!(widths == photos::WIDTHS, "the set has other widths");
    }
    figures.set("photo12.first_thumbnail_ms", first.micros(50.0) / 1000.0);
    figures.set("photo12.full_set_ms", full.micros(50.0) / 1000.0);
    figures.set("photo12.n", first.len() as f64);
    figures.set("photo12.file_kb", file.len() as f64 / 1000.0);
    Ok(())
}
