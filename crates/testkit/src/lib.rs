//! What the tests of the other rooms share: a clock and random bytes under control, a store in memory, the behaviours every
//! store must have, a synthetic clinic with its photos.
//!
//! Not for: anything that a clinic runs. No room of the product depends on this one outside its tests.
//!
//! Invariants:
//! - everything follows from a seed and a given time: the same input gives the same rows and pixels in every run;
//! - nobody here exists: names are drawn from lists, CPFs only satisfy their check digits, addresses are in domains that are
//!   reserved for examples.
//!
//! ```
//! use domain::port::Clock as _;
//! use domain::time::Timestamp;
//! let clock = testkit::port::FixedClock::at(Timestamp(0));
//! clock.advance(60_000);
//! assert_eq!(clock.now(), Timestamp(60_000));
//! ```

pub mod clinic;
pub mod conformance;
#[cfg(feature = "demo")]
pub mod demo;
pub mod dice;
pub mod memory;
pub mod port;
pub mod skin;
