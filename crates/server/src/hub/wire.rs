//! One WebSocket as two events: something was heard, or everything said has left.
//!
//! Reading and writing go on side by side without a task or a channel of their own: with thousands of mostly idle
//! connections, that memory counts. Frames wait here only as long as the connection's machine allows, which is one
//! answer, one batch and one chunk at a time.

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{Sink, Stream};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Longest that a peer may take to read what waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What happened on the socket.
#[derive(Debug)]
pub enum Heard {
    /// A frame came.
    Frame(Vec<u8>),
    /// Everything handed over has left the process.
    Drained,
    /// The connection is over.
    Closed,
}

/// A WebSocket with its waiting frames.
pub struct Wire {
    socket: WebSocket,
    waiting: VecDeque<Vec<u8>>,
    flushing: Option<Instant>,
}

impl Wire {
    /// Takes over a socket.
    pub fn new(socket: WebSocket) -> Self {
        Self {
            socket,
            waiting: VecDeque::new(),
            flushing: None,
        }
    }

    /// Hands over a frame.
    pub fn send(&mut self, frame: Vec<u8>) {
        self.waiting.push_back(frame);
        self.flushing.get_or_insert_with(Instant::now);
    }

    /// When the peer counts as too slow, if something waits for it.
    pub fn too_slow_at(&self) -> Option<Instant> {
        self.flushing.map(|since| since + PATIENCE)
    }

    /// The next event. Safe to drop and call again: nothing is lost in between.
    pub async fn next(&mut self) -> Heard {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
        if self.flushing.is_some() {
            match self.poll_flush(context) {
                Poll::Ready(Ok(())) => {
                    self.flushing = None;
                    return Poll::Ready(Heard::Drained);
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Heard::Closed),
                Poll::Pending => {}
            }
        }
        loop {
            return match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Ready(Some(Ok(Message::Binary(bytes)))) => {
                    Poll::Ready(Heard::Frame(bytes.into()))
                }
                // The library answers protocol pings itself; text has no meaning here and goes to the machine, which
                // refuses it as malformed.
                Poll::Ready(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
                Poll::Ready(Some(Ok(Message::Text(text)))) => {
                    Poll::Ready(Heard::Frame(text.as_bytes().to_vec()))
                }
                Poll::Ready(Some(Ok(Message::Close(_)) | Err(_)) | None) => {
                    Poll::Ready(Heard::Closed)
                }
                Poll::Pending => Poll::Pending,
            };
        }
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        let mut socket = Pin::new(&mut self.socket);
        while !self.waiting.is_empty() {
            std::task::ready!(socket.as_mut().poll_ready(context))?;
            if let Some(frame) = self.waiting.pop_front() {
                socket.as_mut().start_send(Message::Binary(frame.into()))?;
            }
        }
        socket.poll_flush(context)
    }

    /// Sends what waits and says goodbye, within `patience`.
    pub async fn close(mut self, code: u16, patience: Duration) {
        let goodbye = async {
            poll_fn(|context| self.poll_flush(context)).await?;
            let frame = CloseFrame {
                code,
                reason: "".into(),
            };
            self.socket.send(Message::Close(Some(frame))).await
        };
        // A peer that is gone or does not read loses nothing: everything durable was committed before it was said.
        let _ = tokio::time::timeout(patience, goodbye).await;
    }
}
