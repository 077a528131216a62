//! How fast the product is, measured from outside: the engine against a real server with a clinic of the size asked for, the
//! photo pipeline on 12-megapixel pictures, and the real app's start and memory.
//!
//! *Cold* means that the engine's caches are empty and the operating system's page cache is warm. Every timed answer is
//! checked against a slow reference over the server's own rows; a wrong answer ends the benchmark. Nothing here asserts a
//! time: it prints percentiles and ratios.

pub mod app;
pub mod desk;
pub mod figures;
pub mod photos;
pub mod reads;
pub mod reference;
pub mod sync;

pub use figures::{Figures, Samples};
