//! Photos: importing, listing, comparing. Pixels come only through `photo://localhost/<id>?w=<pixels>`.

use domain::row::PhotoPhase;
use serde::{Deserialize, Serialize};
use specta::Type;

/// A photo in a strip or list.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct PhotoCard {
    /// Which; also the name in `photo://`.
    pub id: String,
    /// Of whom.
    pub client_id: String,
    /// Part of the body.
    pub region: String,
    /// Angle.
    pub view: String,
    /// Before or after.
    pub phase: PhotoPhase,
    /// When it was taken (ms).
    #[specta(type = specta_typescript::Number)]
    pub taken_at: f64,
    /// Width of the upright original in pixels.
    pub width: u32,
    /// Height of the upright original in pixels.
    pub height: u32,
    /// ThumbHash, base64.
    pub thumbhash: String,
    /// Widths of the renditions there are, narrowest first.
    pub widths: Vec<u32>,
    /// Whether all renditions are there.
    pub complete: bool,
    /// Whether the server has receipted the original.
    pub on_server: bool,
    /// Changes with every new rendition, to be put into the picture's address as `v`.
    pub revision: u32,
}

/// Files for a client.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct ImportRequest {
    /// Of whom.
    pub client_id: String,
    /// At which appointment.
    pub appointment_id: Option<String>,
    /// Part of the body.
    pub region: String,
    /// Angle.
    pub view: String,
    /// Before or after.
    pub phase: PhotoPhase,
    /// Paths of dropped files.
    pub paths: Vec<String>,
}

/// A batch of files on its way in.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct ImportView {
    /// Which batch.
    pub id: String,
    /// Of whom.
    pub client_id: String,
    /// Its files, in order.
    pub files: Vec<ImportFile>,
    /// Whether every file has come to an end.
    pub finished: bool,
}

/// One file of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct ImportFile {
    /// Name without its folder.
    pub name: String,
    /// The photo it became, as soon as it has one.
    pub photo_id: Option<String>,
    /// How far it is.
    pub state: ImportState,
}

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ImportState {
    /// Waiting.
    Waiting,
    /// Being read and checked.
    Reading,
    /// Visible; renditions are being made.
    Optimizing {
        /// Renditions made.
        done: u8,
        /// Renditions to make.
        of: u8,
    },
    /// All there.
    Done {
        /// Length of the original in bytes.
        #[specta(type = specta_typescript::Number)]
        original_bytes: f64,
        /// Length of the widest rendition in bytes.
        #[specta(type = specta_typescript::Number)]
        rendition_bytes: f64,
    },
    /// The same file is there already.
    Skipped {
        /// As this photo.
        existing: String,
    },
    /// It could not be taken.
    Failed {
        /// Stable code for the message.
        code: String,
        /// What happened and what to do.
        message: String,
    },
}

/// Naming a photo.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct TagRequest {
    /// Which.
    pub id: String,
    /// Part of the body.
    pub region: String,
    /// Angle.
    pub view: String,
    /// Before or after.
    pub phase: PhotoPhase,
}
