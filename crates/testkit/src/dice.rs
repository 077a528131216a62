//! Choices that repeat from a seed. Written on raw generator output alone, so that no update of a library changes what a
//! seed gives.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// A seeded source of choices.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of a seed. Different `stream`s of one seed are independent: what one part of a generator draws does not
    /// shift what another does.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Fills a slice.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// A number below `end`; 0 when `end` is 0. The bias is below `end / 2^32`.
    pub fn below(&mut self, end: u32) -> u32 {
        let wide = u64::from(self.bits()) * u64::from(end);
        (wide >> 32) as u32
    }

    /// An index of a slice of `len`.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(u32::try_from(len).unwrap_or(u32::MAX)) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        let span = high.saturating_sub(low).max(0).unsigned_abs() + 1;
        low.saturating_add_unsigned(self.below(span))
    }

    /// True in `per_mille` of 1000 draws.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        f64::from(self.bits()) / f64::from(u32::MAX).next_up()
    }

    /// One of `items`, which must not be empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// One of `items`, drawn by its weight; the items must not all weigh nothing.
    pub fn weighted<T: Copy>(&mut self, items: &[(T, u32)]) -> T {
        let total = items.iter().map(|(_, weight)| weight).sum();
        let mut left = self.below(total);
        for (item, weight) in items {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        items[items.len() - 1].0
    }

    /// One of `items`, of which the first are much likelier: the rank falls off like names in a population do.
    pub fn ranked<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let drawn = self.unit();
        let index = (drawn * drawn * items.len() as f64) as usize;
        &items[index.min(items.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_in_their_range_and_reach_its_ends() {
        let mut dice = Dice::new(7, 0);
        let drawn: Vec<i32> = (0..500).map(|_| dice.between(-2, 2)).collect();
        assert_eq!(drawn.iter().min(), Some(&-2));
        assert_eq!(drawn.iter().max(), Some(&2));
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn weights_decide_and_nothing_weightless_is_drawn() {
        let mut dice = Dice::new(7, 0);
        let drawn: Vec<char> = (0..1000)
            .map(|_| dice.weighted(&[('a', 9), ('b', 0), ('c', 1)]))
            .collect();
        let count = |wanted| drawn.iter().filter(|item| **item == wanted).count();
        assert_eq!(count('b'), 0);
        assert!((50..200).contains(&count('c')), "{}", count('c'));
    }

    #[test]
    fn streams_of_a_seed_differ_and_repeat() {
        let draw = |stream| Dice::new(1, stream).bits();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
