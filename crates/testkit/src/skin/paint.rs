//! A patch of skin, pixel by pixel.
//!
//! Places on the patch are in units of the picture's short side, so that the same seed looks the same at any size.

use super::noise::Field;
use crate::dice::Dice;
use domain::row::PhotoPhase;

/// Skin tones from light to dark, linear enough for our eyes: red, green, blue.
const TONES: [[f32; 3]; 6] = [
    [238.0, 202.0, 184.0],
    [228.0, 186.0, 160.0],
    [213.0, 166.0, 136.0],
    [188.0, 138.0, 106.0],
    [150.0, 103.0, 76.0],
    [112.0, 74.0, 56.0],
];

/// The colour of a person's skin, the same wherever on them a patch is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tone([f32; 3]);

impl Tone {
    /// The tone that a seed gives.
    pub fn of(seed: u64) -> Self {
        Self(*Dice::new(seed, PATCH).pick(&TONES))
    }
}

/// The stream of a seed from which tone and patch are drawn, in this order.
const PATCH: u64 = 10;

/// How much pigment and shadow take from red, green and blue: both are brown, not grey.
const PIGMENT: [f32; 3] = [0.82, 1.0, 1.1];

/// A fine line of the skin, bent a little.
#[derive(Clone, Copy, Debug)]
struct Line {
    x: f32,
    y: f32,
    /// Half its length.
    reach: f32,
    bend: f32,
    slope: f32,
    width: f32,
    depth: f32,
}

/// A darker or redder spot.
#[derive(Clone, Copy, Debug)]
struct Spot {
    x: f32,
    y: f32,
    radius: f32,
    depth: f32,
    /// How much of it is redness rather than pigment.
    red: f32,
}

/// How the camera stood.
#[derive(Clone, Copy, Debug)]
struct Framing {
    shift: (f32, f32),
    zoom: f32,
    turn: f32,
    light: (f32, f32),
    exposure: f32,
}

/// A patch of skin as one shot sees it.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    tone: Tone,
    lines: Vec<Line>,
    spots: Vec<Spot>,
    /// How much of lines and spots is left.
    severity: f32,
    framing: Framing,
}

/// A random number of a range.
fn range(dice: &mut Dice, low: f32, high: f32) -> f32 {
    low + (high - low) * dice.unit() as f32
}

impl Patch {
    pub(super) fn of(seed: u64, phase: PhotoPhase, tone: Tone) -> Self {
        let mut skin = Dice::new(seed, PATCH);
        // The seed's own tone is passed over, so that its lines and spots are the same on any skin.
        skin.bits();
        let lines = (0..skin.between(7, 13))
            .map(|_| Line {
                x: range(&mut skin, -0.1, 1.4),
                y: range(&mut skin, 0.05, 0.95),
                reach: range(&mut skin, 0.12, 0.4),
                bend: range(&mut skin, -0.25, 0.25),
                slope: range(&mut skin, -0.22, 0.22),
                width: range(&mut skin, 0.003, 0.008),
                depth: range(&mut skin, 0.10, 0.26),
            })
            .collect();
        let spots = (0..skin.between(12, 26))
            .map(|_| Spot {
                x: range(&mut skin, -0.1, 1.5),
                y: range(&mut skin, 0.0, 1.0),
                radius: range(&mut skin, 0.008, 0.035),
                depth: range(&mut skin, 0.08, 0.26),
                red: range(&mut skin, 0.0, 1.0),
            })
            .collect();
        let (severity, stream) = match phase {
            PhotoPhase::Before => (1.0, 11),
            PhotoPhase::During => (0.6, 12),
            PhotoPhase::After => (0.22, 13),
        };
        Self {
            tone,
            lines,
            spots,
            severity,
            framing: Framing::of(&mut Dice::new(seed, stream)),
        }
    }

    /// Paints one row of a picture of the given size into `line`, three bytes a pixel.
    pub(super) fn paint_row(
        &self,
        field: &Field,
        y: u32,
        width: u32,
        height: u32,
        line: &mut [u8],
    ) {
        let short = width.min(height) as f32;
        let near = |edge: f32| self.framing.place(edge, y as f32 / short).1;
        let (one, other) = (near(0.0), near(width as f32 / short));
        let (top, bottom) = (one.min(other), one.max(other));
        // What does not reach this row is not looked at for each of its pixels.
        let lines: Vec<Line> = self
            .lines
            .iter()
            .filter(|line| line.meets(top, bottom))
            .copied()
            .collect();
        let spots: Vec<Spot> = self
            .spots
            .iter()
            .filter(|spot| spot.meets(top, bottom))
            .copied()
            .collect();
        let (pores, blotches, grain) = (
            field.other(1),
            field.other(2),
            field.other(3 + self.framing.zoom.to_bits()),
        );
        let middle = (width as f32 / short / 2.0, height as f32 / short / 2.0);
        for (x, pixel) in line.chunks_exact_mut(3).enumerate() {
            let at = (x as f32 / short, y as f32 / short);
            let (u, v) = self.framing.place(at.0, at.1);
            let relief = pores.at(u * 210.0, v * 210.0).min(0.0) * 0.045
                + pores.at(u * 70.0, v * 90.0) * 0.018;
            let mottle =
                blotches.at(u * 3.0, v * 3.0) * 0.045 + blotches.at(u * 9.0, v * 9.0) * 0.025;
            let (mut dark, mut red) = (0.0, mottle * 0.5);
            for wrinkle in &lines {
                dark += wrinkle.shade(u, v);
            }
            for spot in &spots {
                let shade = spot.shade(u, v);
                dark += shade * (1.0 - 0.6 * spot.red);
                red += shade * spot.red;
            }
            let light = self.framing.light_at(at.0 - middle.0, at.1 - middle.1);
            let noise = grain.at(x as f32 * 0.9, y as f32 * 0.9) * 0.012;
            let level = light * (1.0 + relief + mottle) + noise;
            let shadow = light * dark * self.severity;
            let redness = red * (0.35 + 0.65 * self.severity);
            let tints = [
                1.0 + 0.10 * redness,
                1.0 - 0.42 * redness,
                1.0 - 0.34 * redness,
            ];
            for (channel, byte) in pixel.iter_mut().enumerate() {
                let lit = level - shadow * PIGMENT[channel];
                *byte = (self.tone.0[channel] * lit * tints[channel]).clamp(0.0, 255.0) as u8;
            }
        }
    }
}

impl Framing {
    fn of(shot: &mut Dice) -> Self {
        Self {
            shift: (range(shot, -0.03, 0.03), range(shot, -0.03, 0.03)),
            zoom: range(shot, 0.96, 1.05),
            turn: range(shot, -0.035, 0.035),
            light: (range(shot, -0.16, 0.16), range(shot, -0.20, 0.02)),
            exposure: range(shot, 0.94, 1.02),
        }
    }

    /// The place on the patch that is seen at a place of the picture.
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let (x, y) = (x - 0.5, y - 0.5);
        let (sin, cos) = self.turn.sin_cos();
        (
            (x * cos - y * sin) * self.zoom + 0.5 + self.shift.0,
            (x * sin + y * cos) * self.zoom + 0.5 + self.shift.1,
        )
    }

    /// Soft light from one side, falling off towards the corners.
    fn light_at(&self, x: f32, y: f32) -> f32 {
        let slope = 1.0 + self.light.0 * x + self.light.1 * y;
        let distance = x * x + y * y;
        self.exposure * slope * (1.02 - 0.30 * distance / (0.6 + distance))
    }
}

impl Line {
    fn meets(&self, top: f32, bottom: f32) -> bool {
        let sway = (self.bend.abs() + self.slope.abs()) * self.reach + 5.0 * self.width;
        self.y - sway <= bottom && top <= self.y + sway
    }

    /// How dark it is at a place: a narrow groove beside which the skin is a little lighter.
    fn shade(&self, u: f32, v: f32) -> f32 {
        let along = (u - self.x) / self.reach;
        if along.abs() >= 1.0 {
            return 0.0;
        }
        let middle = self.y + self.reach * (self.slope * along + self.bend * (along * along - 0.4));
        let across = (v - middle) / self.width;
        if across.abs() > 4.0 {
            return 0.0;
        }
        let groove = 1.0 / (1.0 + across * across * across * across);
        let ridge = 0.22 / (1.0 + (across - 2.0) * (across - 2.0));
        self.depth * (1.0 - along * along) * (groove - ridge)
    }
}

impl Spot {
    fn meets(&self, top: f32, bottom: f32) -> bool {
        self.y - 2.0 * self.radius <= bottom && top <= self.y + 2.0 * self.radius
    }

    fn shade(&self, u: f32, v: f32) -> f32 {
        let (x, y) = ((u - self.x) / self.radius, (v - self.y) / self.radius);
        let distance = x * x + y * y;
        if distance >= 4.0 {
            return 0.0;
        }
        let inner = 1.0 - distance / 4.0;
        self.depth * inner * inner
    }
}
