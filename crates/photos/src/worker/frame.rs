//! Messages between console and worker.
//!
//! A frame is 12 bytes, a head, and a payload:
//!
//! | bytes | what |
//! |---|---|
//! | 3 | `EPW`, so that output of anything else is noticed at once |
//! | 1 | version of this format |
//! | 4 | length of the head, little-endian |
//! | 4 | length of the payload, little-endian |
//!
//! The head is CBOR in the domain's canonical encoding. The payload is the picture file on the way in and the encoded
//! picture on the way out: outside the CBOR so that megabytes are copied once.

use crate::error::PictureError;
use crate::import::{Plan, Stage};
use domain::codec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

const MAGIC: [u8; 3] = *b"EPW";
const VERSION: u8 = 1;
const PREFIX: usize = 12;

/// Heads hold a plan, or details of a camera: well below this.
const MAX_HEAD: u32 = 16 << 10;

/// Largest picture file on the wire, whatever the limits of a plan say.
const MAX_PICTURE: u32 = 512 << 20;

/// Largest encoded picture: 2048 x 32768 pixels at more than a byte each would still fit.
const MAX_ENCODED: u32 = 128 << 20;

/// How much is reserved before bytes have arrived to show that a length is meant.
const FIRST_RESERVE: usize = 1 << 20;

/// What the console asks: make this of the picture in the payload.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// Repeated in every answer to it.
    pub(super) number: u64,
    /// What to make.
    pub(super) plan: Plan,
}

/// What the worker says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    /// To which request.
    pub(super) number: u64,
    /// What.
    pub(super) body: Body,
}

/// What an answer holds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Body {
    /// A result; the encoded picture, if it is one, is the payload.
    Stage(Stage),
    /// All stages are through.
    Done,
    /// The picture is refused; nothing more comes for it.
    Refused(PictureError),
}

/// Why a message could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// The other side closed between two messages, as it does to end.
    #[error("the other side has ended")]
    Closed,
    /// Anything the pipe reports, an end within a message included.
    #[error("the pipe failed: {0}")]
    Pipe(#[from] io::Error),
    /// Not a message of ours.
    #[error("the message does not begin as one")]
    Magic,
    /// A message of another version of this programme.
    #[error("the message is of version {0}, this side speaks {VERSION}")]
    Version(u8),
    /// A length beyond what is ever sent.
    #[error("the message claims a {part} of {length} bytes, at most {limit} are allowed")]
    TooLong {
        /// Head or payload.
        part: &'static str,
        /// What it claims.
        length: u32,
        /// What is allowed.
        limit: u32,
    },
    /// The head is not what it should be.
    #[error(transparent)]
    Head(#[from] codec::DecodeError),
}

pub(super) fn write_request(
    output: &mut impl Write,
    request: &Request,
    picture: &[u8],
) -> Result<(), FrameError> {
    write(output, request, picture, MAX_PICTURE)
}

pub(super) fn read_request(input: &mut impl Read) -> Result<(Request, Vec<u8>), FrameError> {
    read(input, MAX_PICTURE)
}

/// Takes the encoded picture out of a stage, to travel as payload.
pub(super) fn write_answer(output: &mut impl Write, mut answer: Answer) -> Result<(), FrameError> {
    let payload = match &mut answer.body {
        Body::Stage(Stage::Thumbnail(encoded) | Stage::Rendition(encoded)) => {
            std::mem::take(&mut encoded.bytes)
        }
        _ => Vec::new(),
    };
    write(output, &answer, &payload, MAX_ENCODED)
}

/// Puts the payload back into its stage.
pub(super) fn read_answer(input: &mut impl Read) -> Result<Answer, FrameError> {
    let (mut answer, payload): (Answer, _) = read(input, MAX_ENCODED)?;
    if let Body::Stage(Stage::Thumbnail(encoded) | Stage::Rendition(encoded)) = &mut answer.body {
        encoded.bytes = payload;
    }
    Ok(answer)
}

fn checked(part: &'static str, length: u32, limit: u32) -> Result<u32, FrameError> {
    if length > limit {
        return Err(FrameError::TooLong {
            part,
            length,
            limit,
        });
    }
    Ok(length)
}

fn write<T: Serialize>(
    output: &mut impl Write,
    head: &T,
    payload: &[u8],
    max_payload: u32,
) -> Result<(), FrameError> {
    let head = codec::encode(head);
    let length_of = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let head_length = checked("head", length_of(&head), MAX_HEAD)?;
    let payload_length = checked("payload", length_of(payload), max_payload)?;
    let mut prefix = Vec::with_capacity(PREFIX + head.len());
    prefix.extend(MAGIC);
    prefix.push(VERSION);
    prefix.extend(head_length.to_le_bytes());
    prefix.extend(payload_length.to_le_bytes());
    prefix.extend(&head);
    output.write_all(&prefix)?;
    output.write_all(payload)?;
    output.flush()?;
    Ok(())
}

fn read<T: DeserializeOwned>(
    input: &mut impl Read,
    max_payload: u32,
) -> Result<(T, Vec<u8>), FrameError> {
    let prefix = read_prefix(input)?;
    let [m0, m1, m2, version, h0, h1, h2, h3, p0, p1, p2, p3] = prefix;
    if [m0, m1, m2] != MAGIC {
        return Err(FrameError::Magic);
    }
    if version != VERSION {
        return Err(FrameError::Version(version));
    }
    let head_length = checked("head", u32::from_le_bytes([h0, h1, h2, h3]), MAX_HEAD)?;
    let payload_length = checked("payload", u32::from_le_bytes([p0, p1, p2, p3]), max_payload)?;
    let head = codec::decode(&read_part(input, head_length)?)?;
    Ok((head, read_part(input, payload_length)?))
}

/// The first byte tells an orderly end from a message cut short.
fn read_prefix(input: &mut impl Read) -> Result<[u8; PREFIX], FrameError> {
    let mut prefix = [0; PREFIX];
    let got = loop {
        match input.read(&mut prefix) {
            Ok(0) => return Err(FrameError::Closed),
            Ok(got) => break got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    };
    input.read_exact(&mut prefix[got..])?;
    Ok(prefix)
}

/// Memory grows with what arrives, not with what is announced.
fn read_part(input: &mut impl Read, length: u32) -> Result<Vec<u8>, FrameError> {
    let mut part = Vec::with_capacity((length as usize).min(FIRST_RESERVE));
    input.take(u64::from(length)).read_to_end(&mut part)?;
    if part.len() < length as usize {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rendition::{Encoded, OutputFormat};
    use proptest::prelude::*;

    fn an_answer() -> Answer {
        Answer {
            number: 7,
            body: Body::Stage(Stage::Rendition(Encoded {
                width: 320,
                height: 240,
                format: OutputFormat::Avif,
                bytes: vec![1, 2, 3],
            })),
        }
    }

    fn written(answer: Answer) -> Vec<u8> {
        let mut wire = Vec::new();
        write_answer(&mut wire, answer).unwrap();
        wire
    }

    #[test]
    fn an_answer_arrives_with_its_picture() {
        let wire = written(an_answer());
        assert_eq!(read_answer(&mut wire.as_slice()).unwrap(), an_answer());
    }

    #[test]
    fn a_request_arrives_with_its_picture() {
        let request = Request {
            number: 1,
            plan: Plan::default(),
        };
        let mut wire = Vec::new();
        write_request(&mut wire, &request, b"picture").unwrap();
        let (read, picture) = read_request(&mut wire.as_slice()).unwrap();
        assert_eq!((read, picture.as_slice()), (request, &b"picture"[..]));
    }

    #[test]
    fn every_refusal_survives_the_wire() {
        let refusal = PictureError::TooManyPixels {
            width: 20_000,
            height: 10_000,
            pixels: 120_000_000,
            side: 32_768,
        };
        let answer = Answer {
            number: 1,
            body: Body::Refused(refusal),
        };
        let wire = written(answer.clone());
        assert_eq!(read_answer(&mut wire.as_slice()).unwrap(), answer);
    }

    #[test]
    fn another_version_is_named_before_its_content_is_read() {
        let mut wire = written(an_answer());
        wire[3] = 9;
        assert!(matches!(
            read_answer(&mut wire.as_slice()),
            Err(FrameError::Version(9))
        ));
    }

    #[test]
    fn an_announced_length_beyond_the_bound_is_refused_before_it_is_read() {
        for at in [4, 8] {
            let mut wire = written(an_answer());
            wire[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            assert!(matches!(
                read_answer(&mut wire.as_slice()),
                Err(FrameError::TooLong { .. })
            ));
        }
    }

    proptest! {
        /// Whatever comes through the pipe, reading it ends with a value or an error.
        #[test]
        fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_answer(&mut bytes.as_slice());
            let mut framed = MAGIC.to_vec();
            framed.push(VERSION);
            framed.extend(bytes);
            let _ = read_answer(&mut framed.as_slice());
            let _ = read_request(&mut framed.as_slice());
        }

        /// A message cut anywhere is an error, and cut at its start an orderly end.
        #[test]
        fn a_cut_message_is_an_error(keep in 0.0..1.0_f64) {
            let wire = written(an_answer());
            let cut = &wire[..(wire.len() as f64 * keep) as usize];
            match read_answer(&mut &*cut) {
                Err(FrameError::Closed) => prop_assert!(cut.is_empty()),
                Err(_) => prop_assert!(!cut.is_empty()),
                Ok(_) => prop_assert!(false, "half a message was taken for a whole one"),
            }
        }

        /// One wrong byte gives another message or an error, never a panic.
        #[test]
        fn a_flipped_byte_never_panics(at in any::<prop::sample::Index>(), bits in 1_u8..) {
            let mut wire = written(an_answer());
            let at = at.index(wire.len());
            wire[at] ^= bits;
            let _ = read_answer(&mut wire.as_slice());
        }
    }
}
