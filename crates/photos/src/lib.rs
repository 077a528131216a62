//! Pictures: a camera file's bytes in, checked and upright smaller pictures out.
//!
//! Not for: keeping, sealing or sending pictures (the engine does), knowing whose they are, or telling the time. There is
//! no database, no network, no file and no clock here.
//!
//! What always holds:
//! - The content decides what a file is, never its name. [`probe`] checks bytes, pixels and completeness from the
//!   structure alone, before anything is allocated for pixels.
//! - A picture that is cut short or contradicts itself is refused by name ([`PictureError::code`]), never shown half grey.
//! - What comes out is upright, sRGB, opaque and free of metadata: no EXIF, no place, no profile.
//! - Nothing is scaled up.
//! - Foreign bytes never cause a panic; what slips through in a decoder written in C stays inside the process of
//!   [`worker`], which holds no keys.
//!
//! [`import`] goes through all stages and hands over each result at once; [`worker::Client`] does the same in a separate
//! process. The steps are there on their own as well:
//!
//! ```no_run
//! use photos::{Limits, OutputFormat, Quality};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = std::fs::read("camera.jpg")?;
//! let limits = Limits::default();
//! let thumbnail = photos::first_thumbnail(&file, &limits)?;
//! println!("{} x {} to look at", thumbnail.width, thumbnail.height);
//! let decoded = photos::decode(&file, &limits)?;
//! for width in decoded.rendition_widths() {
//!     let picture = photos::rendition(&decoded, width, OutputFormat::Avif, Quality::RENDITION)?;
//!     println!("{} x {}: {} bytes", picture.width, picture.height, picture.bytes.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Measured
//!
//! A phone's 12 megapixel JPEG (4032 x 3024, 4.2 MB), release build, two processor cores that others kept busy, so these are
//! upper bounds; CPU time in brackets where wall time says little:
//!
//! | step | |
//! |---|---|
//! | [`probe`], the walk over the whole file for its end marker included | 1 ms |
//! | [`first_thumbnail`] from the camera's 512 x 384 EXIF thumbnail | 2-6 ms |
//! | [`first_thumbnail`] from a decode at 1/8 | 42 ms (30 ms) |
//! | [`decode`], with all four sizes resized | 75-100 ms |
//! | AVIF 320 / 640 / 1280 / 2048 | 45 / 45 / 155 / 325 ms of CPU |
//! | [`import`], start to last rendition | 0.71-0.78 s |
//! | peak memory of the process | 91-110 MB |
//!
//! Why it is as it is:
//! - AVIF by rav1e at 8 bits: its 10-bit default nearly doubles the time for nothing an 8-bit screen shows. The presets by
//!   size are chosen at `speed` in `rendition.rs`. One picture after the other with the encoder's own threads took as long
//!   as all four at once, and hands the small ones over sooner.
//! - JPEGs are decoded to the smallest eighth that is wide enough. For 12 megapixels (5/8) that is no faster than a full
//!   decode and a resize, 70 ms each, since only 1/2, 1/4 and 1/8 have vector code; it takes 14 MB instead of 37, and larger
//!   pictures gain time as well.
//! - Turning and colour conversion come after shrinking, on a quarter of the pixels or fewer.

mod colour;
mod container;
mod decode;
mod details;
mod error;
mod header;
mod import;
mod jpeg;
mod placeholder;
mod rendition;
mod resize;
mod thumbnail;
pub mod worker;

pub use colour::Colour;
pub use decode::{Decoded, decode};
pub use details::{CaptureTime, Details, Gps, Orientation, Place, UnknownOrientation};
pub use error::PictureError;
pub use header::{Format, Header, Limits, UnsupportedFormat, probe};
pub use import::{Plan, Stage, Wanted, import};
pub use rendition::{
    Encoded, OutputFormat, Quality, QualityOutOfRange, WIDTHS, rendition, rendition_widths,
};
pub use thumbnail::first_thumbnail;
