//! The WebSocket of one connection: made, read and written side by side, closed.

use super::http::PATIENCE;
use super::tls::{DialError, Dialer};
use futures_util::{Sink as _, Stream as _};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use sync::console::OfflineCause;
use sync::message::{LONGEST_FRAME, RefusalCause};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Small, because messages mostly are, and a console has one of these for its whole life.
const READ_BUFFER: usize = 8 * 1024;
/// Frames that leave together are written together up to here.
const WRITE_TOGETHER: usize = 16 * 1024;
/// A frame is handed over only after the socket took what came before, so a little more than the longest one is enough.
const WRITE_BUFFER: usize = LONGEST_FRAME + 2 * WRITE_TOGETHER;

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// What happened on the socket.
#[derive(Debug)]
pub(super) enum Heard {
    /// A frame came.
    Frame(Vec<u8>),
    /// The connection is over.
    Ended(OfflineCause),
}

/// A WebSocket with the frames that wait for it. There are never many: the machine pushes a window of actions and a piece
/// of a file, and goes on when the server has answered.
pub(super) struct Wire {
    // On the heap, because it is large and is handed around while it is made.
    socket: Box<Socket>,
    waiting: VecDeque<Vec<u8>>,
    unflushed: bool,
    broken: bool,
}

impl Wire {
    /// Connects to the server's `/sync`.
    pub(super) async fn open(dialer: &Dialer) -> Result<Self, OfflineCause> {
        let socket = tokio::time::timeout(PATIENCE, open_socket(dialer))
            .await
            .unwrap_or(Err(OfflineCause::Unreachable))?;
        Ok(Self {
            socket: Box::new(socket),
            waiting: VecDeque::new(),
            unflushed: false,
            broken: false,
        })
    }

    /// Hands over a frame; it leaves while [`Wire::next`] is waited for.
    pub(super) fn send(&mut self, frame: Vec<u8>) {
        self.waiting.push_back(frame);
        self.unflushed = true;
    }

    /// The next event. Safe to drop and call again: nothing is lost in between.
    pub(super) async fn next(&mut self) -> Heard {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
        if self.unflushed && !self.broken {
            match self.poll_write(context) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                // The server may have said why before it hung up; that is read first.
                Poll::Ready(Err(_)) => self.broken = true,
                Poll::Pending => {}
            }
        }
        match self.poll_read(context) {
            Poll::Pending if self.broken => Poll::Ready(Heard::Ended(OfflineCause::Cut)),
            heard => heard,
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut socket = Pin::new(&mut *self.socket);
        while !self.waiting.is_empty() {
            ready!(socket.as_mut().poll_ready(context))?;
            if let Some(frame) = self.waiting.pop_front() {
                socket.as_mut().start_send(Message::Binary(frame.into()))?;
            }
        }
        socket.poll_flush(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
        loop {
            let heard = match ready!(Pin::new(&mut *self.socket).poll_next(context)) {
                Some(Ok(Message::Binary(bytes))) => Heard::Frame(bytes.into()),
                // The library answers protocol pings itself.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Text(_)) | Err(Error::Capacity(_))) => {
                    Heard::Ended(OfflineCause::Unreadable)
                }
                Some(Ok(Message::Close(_) | Message::Frame(_)) | Err(_)) | None => {
                    Heard::Ended(OfflineCause::Cut)
                }
            };
            return Poll::Ready(heard);
        }
    }

    /// Says goodbye, if the server listens within `patience`.
    pub(super) async fn close(mut self, patience: Duration) {
        // Nothing depends on it: what was not receipted is sent again.
        let _ = tokio::time::timeout(patience, self.socket.close(None)).await;
    }
}

async fn open_socket(dialer: &Dialer) -> Result<Socket, OfflineCause> {
    let stream = dialer.dial().await.map_err(|error| match error {
        DialError::CertificateChanged => OfflineCause::CertificateChanged,
        DialError::Unreachable(cause) => {
            tracing::info!(%cause, "the server cannot be reached");
            OfflineCause::Unreachable
        }
    })?;
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = READ_BUFFER;
    config.write_buffer_size = WRITE_TOGETHER;
    config.max_write_buffer_size = WRITE_BUFFER;
    config.max_message_size = Some(LONGEST_FRAME);
    config.max_frame_size = Some(LONGEST_FRAME);
    let address = format!("wss://{}/sync", dialer.server().address);
    tokio_tungstenite::client_async_with_config(address, stream, Some(config))
        .await
        .map(|(socket, _)| socket)
        .map_err(|error| match error {
            Error::Http(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                OfflineCause::Refused(RefusalCause::TooManyConnections)
            }
            Error::Http(answer) if answer.status() == StatusCode::TOO_MANY_REQUESTS => {
                OfflineCause::Refused(RefusalCause::TooFast)
            }
            Error::Http(_) | Error::Protocol(_) => OfflineCause::Unreadable,
            cause => {
                tracing::info!(%cause, "the connection was not made");
                OfflineCause::Unreachable
            }
        })
}
