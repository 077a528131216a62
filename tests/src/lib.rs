//! What tests and benchmarks of the whole product share: the programs, a clinic on this machine, and a real window driven
//! as a person would.
//!
//! Not for: the tests of one room, which live beside it.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use system_tests::{Clinic, Programs, Window};
//! let programs = Programs::built()?;
//! let clinic = Clinic::make(&programs, 60, 4)?;
//! let link = clinic.enrolment_link("Sala 1", "treatment_room")?;
//! let window = Window::open(&programs, clinic.folder("console"), &["--demo", "--enrol", &link]).await?;
//! window.see("Quem está aí?").await?;
//! # Ok(())
//! # }
//! ```

pub mod bench;
pub mod clinic;
pub mod person;
pub mod programs;
pub mod window;

pub use clinic::Clinic;
pub use person::Person;
pub use programs::Programs;
pub use window::Window;
