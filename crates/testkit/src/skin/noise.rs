//! Value noise: random heights on a lattice, smoothly joined.

/// A field of noise of a seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field(u32);

impl Field {
    pub(super) fn new(seed: u64) -> Self {
        Self((seed ^ (seed >> 32)) as u32 ^ 0x9e37_79b9)
    }

    /// A height in `[-1, 1)` of a lattice point.
    fn height(self, x: i32, y: i32) -> f32 {
        // A multiply-and-shift mix (the finaliser of MurmurHash3): cheap, and without visible patterns.
        let mut bits =
            (x as u32).wrapping_mul(0x85eb_ca6b) ^ (y as u32).wrapping_mul(0xc2b2_ae35) ^ self.0;
        bits = (bits ^ (bits >> 16)).wrapping_mul(0x7feb_352d);
        bits = (bits ^ (bits >> 15)).wrapping_mul(0x846c_a68b);
        bits ^= bits >> 16;
        (bits >> 8) as f32 / 8_388_608.0 - 1.0
    }

    /// The height at a place, joined smoothly.
    pub(super) fn at(self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let (across, down) = (ease(x - left), ease(y - top));
        let (left, top) = (left as i32, top as i32);
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        mix(
            mix(self.height(left, top), self.height(left + 1, top), across),
            mix(
                self.height(left, top + 1),
                self.height(left + 1, top + 1),
                across,
            ),
            down,
        )
    }

    /// Another field, unrelated to this one.
    pub(super) fn other(self, number: u32) -> Self {
        Self(self.0 ^ number.wrapping_mul(0x27d4_eb2f))
    }
}
