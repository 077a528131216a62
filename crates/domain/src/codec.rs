//! The canonical encoding: CBOR with named fields, in the order the types declare them.
//!
//! Rows, actions and envelopes are hashed, signed and compared in this form, so it must give the same bytes for the same
//! value on every device. Unknown fields are skipped on reading, so that a newer peer can add some.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes are not what the type expects.
#[derive(Debug, thiserror::Error)]
#[error("stored or received data could not be read as {kind}: {cause}")]
pub struct DecodeError {
    /// The Rust type that was expected.
    pub kind: &'static str,
    /// What the decoder said; it names positions and types, never contents.
    pub cause: String,
}

/// Encodes a value. Domain types always encode: they hold no maps with odd keys and write into memory.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    #[expect(
        clippy::expect_used,
        reason = "writing CBOR of plain structs into a vector cannot fail"
    )]
    ciborium::into_writer(value, &mut bytes).expect("domain types encode into memory");
    bytes
}

/// Decodes a value and refuses bytes left over.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let kind = std::any::type_name::<T>();
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, 64).map_err(|error| {
        DecodeError {
            kind,
            cause: match error {
                ciborium::de::Error::Io(_) => "the data ends too early".to_owned(),
                ciborium::de::Error::Syntax(at) => format!("malformed at byte {at}"),
                ciborium::de::Error::Semantic(_, _) => {
                    "a field is missing or of another type".to_owned()
                }
                ciborium::de::Error::RecursionLimitExceeded => "nested too deeply".to_owned(),
            },
        }
    })?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(DecodeError {
            kind,
            cause: format!("{} bytes too many", rest.len()),
        })
    }
}
