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
