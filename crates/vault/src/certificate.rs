//! The server certificate's pin: what a console learns at enrolment and insists on ever after.

use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// SHA-256 of the certificate's DER form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CertificatePin(pub [u8; 32]);

impl CertificatePin {
    /// The pin of a certificate.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl fmt::Display for CertificatePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The text is not a pin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a certificate pin is 64 hexadecimal digits")]
pub struct CertificatePinError;

impl FromStr for CertificatePin {
    type Err = CertificatePinError;
    fn from_str(text: &str) -> Result<Self, CertificatePinError> {
        text.parse::<domain::blob::BlobId>()
            .map(|hash| Self(hash.0))
            .map_err(|_| CertificatePinError)
    }
}
