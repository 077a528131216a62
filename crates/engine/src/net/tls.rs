//! TLS to a server whose certificate is known beforehand.
//!
//! A clinic's server signs its own certificate. What makes it the right one is its SHA-256, learnt at enrolment; names and
//! dates in it say nothing. That the other end also holds the certificate's key is checked as always, by its signature in
//! the handshake.

use super::address::Server;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme,
};
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use vault::certificate::CertificatePin;

/// Accepts exactly one certificate.
#[derive(Debug)]
struct Pinned {
    pin: CertificatePin,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        if CertificatePin::of(end_entity) == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// No connection to the server could be made.
#[derive(Debug)]
pub(super) enum DialError {
    /// Nobody was reached, or who answered does not speak TLS.
    Unreachable(io::Error),
    /// Who answered is not the server that was pinned, or does not hold its key.
    CertificateChanged,
}

impl From<io::Error> for DialError {
    fn from(error: io::Error) -> Self {
        let refused = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<TlsError>())
            .is_some_and(|inner| matches!(inner, TlsError::InvalidCertificate(_)));
        if refused {
            Self::CertificateChanged
        } else {
            Self::Unreachable(error)
        }
    }
}

/// Makes connections to one server. Keeps TLS sessions, so that coming back after a cut is cheaper.
pub(super) struct Dialer {
    server: Server,
    tls: TlsConnector,
}

impl Dialer {
    pub(super) fn new(server: &Server) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        #[expect(
            clippy::expect_used,
            reason = "the provider of this build has suites for both versions"
        )]
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider has the default versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned {
                pin: server.pin,
                provider,
            }))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            server: server.clone(),
            tls: TlsConnector::from(Arc::new(config)),
        }
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// One connection, ready to be spoken on.
    pub(super) async fn dial(&self) -> Result<TlsStream<TcpStream>, DialError> {
        let name = self
            .server
            .name()
            .map_err(|error| DialError::Unreachable(io::Error::other(error)))?;
        let tcp = TcpStream::connect(&self.server.address).await?;
        // A receipt is waited for; small frames must not wait for each other's acknowledgement.
        tcp.set_nodelay(true)?;
        Ok(self.tls.connect(name, tcp).await?)
    }
}
