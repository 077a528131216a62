//! Photo records. The pixels are sealed blobs beside the database.

use crate::blob::BlobId;
use crate::id::{AppointmentId, ClientId, ClientKeyId, EncounterId, PhotoId, StaffId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A sealed file: named by the hash of its ciphertext, so that equality of pictures leaks nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BlobRef {
    /// BLAKE3 of the ciphertext.
    pub id: BlobId,
    /// Length of the ciphertext in bytes.
    pub len: u64,
}

/// Before, during or after a course of treatment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum PhotoPhase {
    /// Before.
    Before = 0,
    /// In between.
    During = 1,
    /// After.
    After = 2,
}

impl PhotoPhase {
    /// The phase of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Before, Self::During, Self::After]
            .into_iter()
            .find(|phase| *phase as u8 == number)
    }
}

/// How a rendition is encoded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum RenditionFormat {
    /// AVIF.
    Avif = 0,
    /// JPEG, used only for the first thumbnail of an import.
    Jpeg = 1,
    /// WebP.
    Webp = 2,
}

impl RenditionFormat {
    /// The format of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Avif, Self::Jpeg, Self::Webp]
            .into_iter()
            .find(|format| *format as u8 == number)
    }
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Avif => "image/avif",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// A smaller picture derived from the original; never the evidence itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rendition {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Encoding.
    pub format: RenditionFormat,
    /// Length of the encoded picture in bytes, before sealing.
    pub bytes: u64,
    /// Where it is.
    pub blob: BlobRef,
}

/// A photograph of a client.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Photo {
    /// Identity.
    pub id: PhotoId,
    /// Of whom.
    pub client: ClientId,
    /// In which record.
    pub encounter: Option<EncounterId>,
    /// At which appointment.
    pub appointment: Option<AppointmentId>,
    /// Part of the body, as the clinic's catalogue names it: `Face`.
    pub region: String,
    /// Angle: `Frontal`, `Perfil direito`.
    pub view: String,
    /// Before or after.
    pub phase: PhotoPhase,
    /// When the camera took it; the import time where the file does not say.
    pub taken_at: Timestamp,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// By whom.
    pub imported_by: StaffId,
    /// Width of the upright picture in pixels.
    pub width: u32,
    /// Height of the upright picture in pixels.
    pub height: u32,
    /// ThumbHash placeholder, 25 bytes at most. Too coarse to recognise anybody by.
    #[serde(with = "serde_bytes")]
    pub thumbhash: Vec<u8>,
    /// Keyed BLAKE3 of the original file, by which an exact duplicate is noticed.
    #[serde(with = "serde_bytes")]
    pub fingerprint: Vec<u8>,
    /// Length of the original file in bytes.
    pub original_bytes: u64,
    /// The sealed original; immutable.
    pub original: BlobRef,
    /// The client key that the photo's own key is wrapped under.
    pub client_key: ClientKeyId,
    /// The photo's random key, wrapped; opaque here.
    #[serde(with = "serde_bytes")]
    pub wrapped_key: Vec<u8>,
    /// File name, camera and place, sealed under the photo's key.
    #[serde(with = "serde_bytes")]
    pub sealed_details: Vec<u8>,
    /// Smaller pictures, narrowest first.
    pub renditions: Vec<Rendition>,
    /// When it was taken back (put on the wrong client by mistake).
    pub withdrawn_at: Option<Timestamp>,
}
