//! The server's own certificate: made once, kept in the data folder, pinned by every console at its enrolment.
//!
//! A clinic has no domain name and no authority that would sign for one. What a console trusts instead is the SHA-256
//! of this very certificate, which it got together with its enrolment code.

use crate::data::{DataDir, DataError};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use vault::certificate::CertificatePin;

/// What can go wrong with the certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The files could not be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// It could not be made.
    #[error("the server's certificate could not be made: {0}")]
    Make(#[from] rcgen::Error),
    /// It cannot be used.
    #[error(
        "the certificate in the data folder's tls/ cannot be used: {0}; restore both of its files from a backup"
    )]
    Unusable(#[from] rustls::Error),
}

/// A certificate with its key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Makes a new certificate and keeps it. The names in it are not what consoles check; they are there for tools.
    pub fn make(data: &DataDir) -> Result<Self, TlsError> {
        let key = rcgen::KeyPair::generate()?;
        let names = vec!["localhost".to_owned(), "espelho.local".to_owned()];
        let mut parameters = rcgen::CertificateParams::new(names)?;
        parameters
            .distinguished_name
            .push(rcgen::DnType::CommonName, "Espelho clinic server");
        // The pin is what is trusted, so an expiry would only lock a clinic out of its own server.
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2120, 1, 1);
        let certificate = parameters.self_signed(&key)?;
        let identity = Self {
            certificate: certificate.der().clone(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        };
        data.write_secret(&data.tls_key(), identity.key.secret_der())?;
        data.write_secret(&data.tls_certificate(), &identity.certificate)?;
        Ok(identity)
    }

    /// Reads the kept certificate.
    pub fn read(data: &DataDir) -> Result<Self, TlsError> {
        let certificate = data.read(&data.tls_certificate())?;
        let key = data.read(&data.tls_key())?;
        Ok(Self {
            certificate: CertificateDer::from(certificate),
            key: PrivatePkcs8KeyDer::from(key).into(),
        })
    }

    /// What consoles pin.
    pub fn pin(&self) -> CertificatePin {
        CertificatePin::of(&self.certificate)
    }

    /// The TLS side of a listener: TLS 1.2 and 1.3, ring, HTTP/1.1 only (WebSocket needs no more).
    pub fn server_config(&self) -> Result<Arc<rustls::ServerConfig>, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
