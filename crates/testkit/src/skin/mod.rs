//! Before-and-after pictures of skin that belongs to nobody, drawn from a seed.
//!
//! A seed is a patch of skin: its pores, lines and spots, and its tone unless that of a person is given. The phase says how deep the lines and how dark the spots still
//! are; every shot frames the patch a little differently and in a little other light, as photographs of two visits do.
//!
//! ```
//! use domain::row::PhotoPhase;
//! use testkit::skin::{self, Capture, Shot};
//! let shot = Shot { seed: 7, phase: PhotoPhase::Before, width: 160, height: 120 };
//! let picture = skin::draw(&shot);
//! let file = skin::jpeg(&picture, &Capture::default())?;
//! assert!(file.starts_with(&[0xff, 0xd8]));
//! # Ok::<_, image::ImageError>(())
//! ```

mod file;
mod noise;
mod paint;

pub use file::{Capture, Turn, jpeg, png};
pub use paint::Tone;

use domain::row::PhotoPhase;
use image::RgbImage;
use noise::Field;
use paint::Patch;

/// One picture to be drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shot {
    /// Which patch of skin.
    pub seed: u64,
    /// How much of its lines and spots is left.
    pub phase: PhotoPhase,
    /// Width of the upright picture in pixels.
    pub width: u32,
    /// Height of the upright picture in pixels.
    pub height: u32,
}

/// Threads that draw; more than two only fight each other on the machines this runs on.
const THREADS: usize = 2;

/// Draws a shot in the tone of its seed. The same shot gives the same pixels.
pub fn draw(shot: &Shot) -> RgbImage {
    draw_in(shot, Tone::of(shot.seed))
}

/// Draws a shot in a given tone, for several patches of one person.
pub fn draw_in(shot: &Shot, tone: Tone) -> RgbImage {
    let patch = Patch::of(shot.seed, shot.phase, tone);
    let field = Field::new(shot.seed);
    let mut image = RgbImage::new(shot.width, shot.height);
    let row_bytes = shot.width as usize * 3;
    let rows = (shot.height as usize).div_ceil(THREADS).max(1);
    std::thread::scope(|scope| {
        for (part, pixels) in image.chunks_mut((rows * row_bytes).max(1)).enumerate() {
            let (patch, field) = (&patch, &field);
            scope.spawn(move || {
                for (row, line) in pixels.chunks_mut(row_bytes.max(1)).enumerate() {
                    let y = (part * rows + row) as u32;
                    patch.paint_row(field, y, shot.width, shot.height, line);
                }
            });
        }
    });
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shot(seed: u64, phase: PhotoPhase) -> RgbImage {
        draw(&Shot {
            seed,
            phase,
            width: 320,
            height: 240,
        })
    }

    /// Mean difference of neighbours: how much texture there is.
    fn roughness(image: &RgbImage) -> f64 {
        let green = |x, y| f64::from(image.get_pixel(x, y).0[1]);
        let mut sum = 0.0;
        for (x, y) in (0..312).flat_map(|x| (0..232).map(move |y| (x, y))) {
            sum += (green(x, y) - green(x + 8, y + 8)).abs();
        }
        sum / (312.0 * 232.0)
    }

    #[test]
    fn the_same_shot_is_the_same_picture_and_another_seed_another() {
        assert_eq!(shot(1, PhotoPhase::Before), shot(1, PhotoPhase::Before));
        assert_ne!(shot(1, PhotoPhase::Before), shot(2, PhotoPhase::Before));
    }

    #[test]
    fn lines_and_spots_fade_from_before_to_after() {
        for seed in 0..8 {
            let (before, after) = (
                shot(seed, PhotoPhase::Before),
                shot(seed, PhotoPhase::After),
            );
            assert_ne!(before, after);
            assert!(roughness(&before) > roughness(&after), "seed {seed}");
        }
    }

    #[test]
    fn pixels_have_the_hues_of_skin() {
        for seed in 0..12 {
            let image = shot(seed, PhotoPhase::Before);
            let fits = image.pixels().filter(|pixel| {
                let [red, green, blue] = pixel.0;
                // Between pink and brown-orange: red leads, blue is last or nearly so.
                red > green && f32::from(green) > 0.85 * f32::from(blue) && red >= 40
            });
            let share = fits.count() * 100 / (320 * 240);
            assert!(share >= 97, "seed {seed}: {share} % look like skin");
        }
    }

    #[test]
    fn patches_of_one_tone_have_one_colour_and_other_tones_others() {
        let mean = |seed, phase, tone| {
            let (width, height) = (80, 60);
            let shot = Shot {
                seed,
                phase,
                width,
                height,
            };
            let image = draw_in(&shot, tone);
            let sum: f64 = image.pixels().map(|pixel| f64::from(pixel.0[1])).sum();
            sum / f64::from(width * height)
        };
        let (light, dark) = (
            Tone::of(0),
            (1..).map(Tone::of).find(|tone| *tone != Tone::of(0)),
        );
        let dark = dark.unwrap();
        for seed in 0..10 {
            for phase in [PhotoPhase::Before, PhotoPhase::After] {
                let (one, other) = (mean(seed, phase, light), mean(100, phase, light));
                assert!((one - other).abs() < 0.14 * other, "{seed}: {one} {other}");
                assert_ne!(one, mean(seed, phase, dark));
            }
        }
    }

    #[test]
    fn tiny_and_odd_sizes_are_drawn_too() {
        for (width, height) in [(1, 1), (3, 1), (1, 5), (17, 9)] {
            let image = draw(&Shot {
                seed: 3,
                phase: PhotoPhase::During,
                width,
                height,
            });
            assert_eq!(image.dimensions(), (width, height));
        }
    }
}
