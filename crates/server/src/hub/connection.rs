//! One connection: drives the machine of `sync::server` with a real socket, a real clock and the real storage.

use super::wire::{Heard, Wire};
use super::{Jobs, Seat};
use crate::app::App;
use axum::extract::ws::WebSocket;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use std::sync::Arc;
use std::time::{Duration, Instant};
use sync::Moment;
use sync::message::RefusalCause;
use sync::server::{Connection, Effect, Input, Warning};

/// Time a closing connection gets to take in what was said last.
const GOODBYE: Duration = Duration::from_secs(2);

/// When nothing is due, as while a greeting is being checked.
const IDLE: Duration = Duration::from_secs(60);

/// Runs a connection to its end.
pub async fn serve(app: Arc<App>, socket: WebSocket, seat: Seat) {
    app.metrics.connections.add(1);
    app.metrics.connections_opened.add(1);
    let number = seat.number();
    tracing::debug!(connection = number, "opened");
    let cause = Driver::new(Arc::clone(&app), socket, seat).run().await;
    app.metrics.connections.sub(1);
    tracing::info!(connection = number, ?cause, "closed");
}

struct Driver {
    app: Arc<App>,
    wire: Wire,
    seat: Seat,
    machine: Connection,
    jobs: Jobs,
    running: FuturesUnordered<BoxFuture<'static, Input>>,
    started: Instant,
}

impl Driver {
    fn new(app: Arc<App>, socket: WebSocket, seat: Seat) -> Self {
        Self {
            jobs: Jobs::new(Arc::clone(&app)),
            wire: Wire::new(socket),
            machine: Connection::new(Moment::default()),
            running: FuturesUnordered::new(),
            started: Instant::now(),
            app,
            seat,
        }
    }

    /// Runs until somebody closes; says why when it was this side.
    async fn run(mut self) -> Option<RefusalCause> {
        loop {
            let input = self.wait().await?;
            if let Some(cause) = self.feed(input) {
                self.finish(cause).await;
                return Some(cause);
            }
        }
    }

    /// The next thing that happens; `None` when the socket is gone.
    async fn wait(&mut self) -> Option<Input> {
        let deadline = self.deadline();
        tokio::select! {
            heard = self.wire.next() => match heard {
                Heard::Frame(frame) => {
                    self.app.metrics.received_bytes.add(frame.len() as u64);
                    Some(Input::Frame(frame))
                }
                Heard::Drained => Some(Input::Drained),
                Heard::Closed => None,
            },
            Some(input) = self.running.next() => Some(input),
            Ok(()) = self.seat.ended.changed() => {
                let cause = *self.seat.ended.borrow_and_update();
                Some(Input::End(cause.unwrap_or(RefusalCause::Draining)))
            }
            Ok(()) = self.seat.heads.changed() => {
                let head = *self.seat.heads.borrow_and_update();
                Some(Input::Notify { head })
            }
            () = tokio::time::sleep_until(deadline.into()) => {
                if self.wire.too_slow_at().is_some_and(|at| at <= Instant::now()) {
                    self.app.metrics.slow_readers.add(1);
                    return None;
                }
                Some(Input::Tick)
            }
        }
    }

    fn now(&self) -> Moment {
        let millis = self.started.elapsed().as_millis();
        Moment(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    fn deadline(&self) -> Instant {
        let machine = self
            .machine
            .next_deadline()
            .map(|at| self.started + Duration::from_millis(at.0));
        [machine, self.wire.too_slow_at()]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or_else(|| Instant::now() + IDLE)
    }

    /// Gives the machine an input and does what it asks. The cause when it closes.
    fn feed(&mut self, input: Input) -> Option<RefusalCause> {
        if let Input::Admitted(session) = &input {
            self.seat.name(session.device);
            self.jobs.admit(session);
        }
        let now = self.now();
        for effect in self.machine.handle(input, now) {
            match effect {
                Effect::Send(frame) => {
                    self.app.metrics.sent_bytes.add(frame.len() as u64);
                    self.wire.send(frame);
                }
                Effect::Close(cause) => return Some(cause),
                Effect::Warn(warning) => self.warn(warning),
                Effect::Progress { .. } => {}
                other => {
                    if let Some(job) = self.jobs.start(other) {
                        self.running.push(job);
                    }
                }
            }
        }
        None
    }

    fn warn(&self, warning: Warning) {
        let number = self.seat.number();
        if let Warning::Refused(cause) = warning
            && blames_peer(cause)
        {
            self.app.metrics.protocol_errors.add(1);
        }
        tracing::warn!(connection = number, ?warning, "odd");
    }

    /// Lets what was begun end, so that nothing committed lacks its announcement, then says goodbye.
    async fn finish(mut self, cause: RefusalCause) {
        while self.running.next().await.is_some() {}
        let code = match cause {
            RefusalCause::Draining => 1001,
            RefusalCause::TooManyConnections => 1013,
            RefusalCause::TooLarge => 1009,
            RefusalCause::Internal => 1011,
            _ => 1008,
        };
        self.wire.close(code, GOODBYE).await;
    }
}

fn blames_peer(cause: RefusalCause) -> bool {
    matches!(
        cause,
        RefusalCause::OutOfOrder
            | RefusalCause::Malformed
            | RefusalCause::TooLarge
            | RefusalCause::TooFast
            | RefusalCause::ForeignDevice
    )
}
