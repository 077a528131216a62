//! Deterministic entropy for this crate's own tests.

use domain::port::Entropy;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes that never repeat and are the same in every run.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = blake3::hash(&self.0.fetch_add(1, Relaxed).to_le_bytes());
            chunk.copy_from_slice(&block.as_bytes()[..chunk.len()]);
        }
    }
}
