//! A client of the real server: TLS with a pinned certificate, plain HTTP/1.1 requests, the WebSocket.

use futures_util::{SinkExt, StreamExt};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use std::net::SocketAddr;
use std::sync::Arc;
use sync::message::{ConsoleMessage, ServerMessage, decode_server, encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use vault::certificate::CertificatePin;

/// Accepts exactly one certificate.
#[derive(Debug)]
struct Pinned {
    pin: String,
    provider: Arc<rustls::crypto::CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if CertificatePin::of(end_entity).to_string() == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General(
                "another certificate than the pinned one".to_owned(),
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Opens TLS to the server whose certificate has this pin.
pub async fn tls(address: SocketAddr, pin: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned {
            pin: pin.to_owned(),
            provider,
        }))
        .with_no_client_auth();
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
}

/// Status and body of one request.
pub async fn request(
    address: SocketAddr,
    pin: &str,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, String) {
    let mut stream = tls(address, pin).await.unwrap();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // A server that refuses a long body may answer before it was read to its end.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    // A server that closes without TLS's own goodbye is reported as an error after everything was read.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// A WebSocket that speaks the sync messages.
pub struct Socket {
    stream: WebSocketStream<TlsStream<TcpStream>>,
}

impl Socket {
    /// Connects to `/sync`.
    pub async fn open(address: SocketAddr, pin: &str) -> Self {
        Self::try_open(address, pin).await.unwrap()
    }

    /// The same where nobody may be listening.
    pub async fn try_open(address: SocketAddr, pin: &str) -> std::io::Result<Self> {
        let stream = tls(address, pin).await?;
        let (stream, _) = tokio_tungstenite::client_async(format!("wss://{address}/sync"), stream)
            .await
            .map_err(std::io::Error::other)?;
        Ok(Self { stream })
    }

    /// Sends a message.
    pub async fn say(&mut self, message: &ConsoleMessage) {
        self.say_bytes(encode(message)).await;
    }

    /// Sends bytes that may be no message.
    pub async fn say_bytes(&mut self, bytes: Vec<u8>) {
        // The server may have closed already; what matters is what is read afterwards.
        let _ = self.stream.send(Message::Binary(bytes.into())).await;
    }

    /// The next message; `None` once the connection is over. Answers pings by itself.
    pub async fn hear(&mut self) -> Option<ServerMessage> {
        let waiting = std::time::Duration::from_secs(20);
        loop {
            let next = tokio::time::timeout(waiting, self.hear_any())
                .await
                .expect("the server says something within 20 s");
            match next {
                Some(ServerMessage::Ping { n }) => self.say(&ConsoleMessage::Pong { n }).await,
                other => return other,
            }
        }
    }

    /// The next message of any kind; `None` once the connection is over.
    pub async fn hear_any(&mut self) -> Option<ServerMessage> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Binary(bytes))) => return Some(decode_server(&bytes).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message that `wanted` picks out; everything before it is passed over.
    pub async fn hear_until<T>(&mut self, wanted: impl Fn(ServerMessage) -> Option<T>) -> T {
        loop {
            let message = self.hear().await.expect("the connection is still open");
            if let Some(found) = wanted(message) {
                return found;
            }
        }
    }
}
