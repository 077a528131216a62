//! Why a picture was refused, by cause.

use crate::header::{Format, UnsupportedFormat};
use serde::{Deserialize, Serialize};

/// Why a picture could not be taken in. Each names the cause and what the person at the screen can do about it; none
/// carries a file name, pixel or detail of the picture.
///
/// It travels from the isolated decoder to the console, hence the serialised form.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureError {
    /// The file has no bytes.
    #[error("the file is empty; copy it from the camera again")]
    Empty,
    /// The content is no picture format known here, whatever the file is called.
    #[error("the file is not a picture, whatever its name says; choose a JPEG, PNG or WebP file")]
    NotAPicture,
    /// A picture, but of a kind that is not decoded here.
    #[error("{format} is not supported yet; export the picture as JPEG or PNG and import that")]
    UnsupportedFormat {
        /// What it is.
        format: UnsupportedFormat,
    },
    /// More bytes than [`crate::Limits::bytes`].
    #[error(
        "the file has {} MB, more than the {} MB allowed; export a smaller copy",
        bytes / 1_000_000,
        limit / 1_000_000
    )]
    TooLarge {
        /// Length of the file.
        bytes: u64,
        /// The limit it exceeds.
        limit: u64,
    },
    /// More pixels than [`crate::Limits`] allow, by the header alone: nothing was decoded.
    #[error(
        "the picture declares {width} x {height} pixels, more than allowed ({} megapixels, {side} on a side); export a \
         smaller copy",
        pixels / 1_000_000
    )]
    TooManyPixels {
        /// Declared width.
        width: u32,
        /// Declared height.
        height: u32,
        /// [`crate::Limits::pixels`].
        pixels: u64,
        /// [`crate::Limits::side`].
        side: u32,
    },
    /// The file ends before the picture does. Part of it could be shown, but a record with half a picture that looks
    /// like a whole one is worse than none, so it is refused.
    #[error("the {format} file ends before the picture does; copy it from the camera again")]
    Truncated {
        /// What the file is.
        format: Format,
    },
    /// The file is complete but its content contradicts itself.
    #[error("the {format} file is damaged ({cause}); copy it from the camera again")]
    Damaged {
        /// What the file is.
        format: Format,
        /// What the decoder stumbled over.
        cause: String,
    },
    /// Decoding would take more memory or passes than allowed, although the pixel count is within limits.
    #[error(
        "decoding this {format} file would take more memory or passes than allowed; open it in a picture editor and save \
         it as a plain JPEG"
    )]
    DecodeLimit {
        /// What the file is.
        format: Format,
    },
    /// A rendition could not be encoded.
    #[error(
        "a smaller version of the picture could not be made ({cause}); the original is unaffected, try again"
    )]
    EncodeFailed {
        /// What the encoder said.
        cause: String,
    },
    /// The isolated decoder could not be started.
    #[error(
        "the picture decoder could not be started ({cause}); reinstall the application if this stays"
    )]
    WorkerUnavailable {
        /// What the operating system said.
        cause: String,
    },
    /// The isolated decoder ended while it had this picture.
    #[error(
        "the picture decoder stopped on this file; it is likely damaged or hostile, export it anew"
    )]
    WorkerDied,
    /// The isolated decoder took too long on this picture and was stopped.
    #[error(
        "decoding took longer than {seconds} s and was stopped; export the picture anew or make it smaller"
    )]
    WorkerTimeout {
        /// The time it was given.
        seconds: u64,
    },
    /// The isolated decoder answered something this version does not understand.
    #[error(
        "the picture decoder is of another version or misbehaves ({cause}); restart the application"
    )]
    WorkerProtocol {
        /// Which rule its answer broke.
        cause: String,
    },
}

impl PictureError {
    /// A stable name of the cause, for messages in the person's language and for counting.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotAPicture => "not_a_picture",
            Self::UnsupportedFormat { .. } => "unsupported_format",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::Truncated { .. } => "truncated",
            Self::Damaged { .. } => "damaged",
            Self::DecodeLimit { .. } => "decode_limit",
            Self::EncodeFailed { .. } => "encode_failed",
            Self::WorkerUnavailable { .. } => "worker_unavailable",
            Self::WorkerDied => "worker_died",
            Self::WorkerTimeout { .. } => "worker_timeout",
            Self::WorkerProtocol { .. } => "worker_protocol",
        }
    }

    pub(crate) fn damaged(format: Format, cause: impl Into<String>) -> Self {
        Self::Damaged {
            format,
            cause: cause.into(),
        }
    }
}
