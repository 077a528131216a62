//! The machine itself: how the connection stands, and where every input goes.

use super::backoff::{GREETING_WITHIN_MS, wait_ms};
use super::blobs::Blobs;
use super::jobs::{Jobs, Queued};
use super::port::{Effect, Input, Link, OfflineCause, Status, Warning};
use super::window::Window;
use crate::Moment;
use crate::heartbeat::Heartbeat;
use crate::message::{
    ConsoleMessage, FrameError, Hello, OLDEST_PROTOCOL, PROTOCOL, RefusalCause, ServerMessage,
    Welcome, decode_server, encode,
};
use crate::standing::{ForkCause, Standing, StoreJob, StoreReport};
use domain::bucket::BucketSet;
use domain::id::IncarnationId;
use domain::port::Entropy;
use domain::time::Timestamp;

/// A connection that held so long ends the growth of the waits before the next one.
const STEADY_AFTER_MS: u64 = 10_000;
/// A bucket whose checksum keeps differing is fetched again after a minute, two, four... up to an hour.
const RESNAPSHOT_AFTER_MS: u64 = 60_000;
const MOST_RESNAPSHOT_DOUBLINGS: u32 = 6;

/// How the connection stands, with what each state waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Stopped,
    Waiting { until: Moment },
    WantsToken { since: Moment },
    Connecting { since: Moment },
    Greeting { since: Moment, said: bool },
    Online { since: Moment },
}

/// The console's side of one account. Feed it with [`Machine::handle`], do what it says, come back at
/// [`Machine::next_deadline`].
#[derive(Debug)]
pub struct Machine {
    state: State,
    cause: OfflineCause,
    standing: Option<Standing>,
    token: String,
    token_refused: bool,
    renew_token_at: Option<Moment>,
    attempt: u32,
    connection: u64,
    heartbeat: Heartbeat,
    window: Window,
    jobs: Jobs,
    blobs: Blobs,
    head: u64,
    /// What the server last said may be held.
    allowed: BucketSet,
    snapshot_rows: Option<u64>,
    server_time: Option<Timestamp>,
    last_heard: Option<Moment>,
    last_receipt: Option<Moment>,
    resnapshots: u32,
    resnapshot_after: Moment,
    told: Option<Status>,
    effects: Vec<Effect>,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// A machine that waits for [`Input::Start`].
    pub fn new() -> Self {
        Self {
            state: State::Stopped,
            cause: OfflineCause::NotStarted,
            standing: None,
            token: String::new(),
            token_refused: false,
            renew_token_at: None,
            attempt: 0,
            connection: 0,
            heartbeat: Heartbeat::default(),
            window: Window::default(),
            jobs: Jobs::default(),
            blobs: Blobs::default(),
            head: 0,
            allowed: BucketSet::default(),
            snapshot_rows: None,
            server_time: None,
            last_heard: None,
            last_receipt: None,
            resnapshots: 0,
            resnapshot_after: Moment(0),
            told: None,
            effects: Vec::new(),
        }
    }

    /// Takes in what happened and says what is to be done, in order.
    pub fn handle(&mut self, input: Input, now: Moment, entropy: &dyn Entropy) -> Vec<Effect> {
        self.take_in(input, now, entropy);
        self.pass_time(now, entropy);
        self.go_on(now, entropy);
        let status = self.status();
        if self.told != Some(status) {
            self.told = Some(status);
            self.effects.push(Effect::StateChanged(status));
        }
        std::mem::take(&mut self.effects)
    }

    /// When [`Input::Tick`] is due at the latest; `None` while nothing waits for time.
    pub fn next_deadline(&self) -> Option<Moment> {
        match self.state {
            State::Stopped => None,
            State::Waiting { until } => Some(until),
            State::WantsToken { since }
            | State::Connecting { since }
            | State::Greeting { since, .. } => Some(since.plus(GREETING_WITHIN_MS)),
            State::Online { .. } => [
                self.heartbeat.deadline(),
                self.window.overdue_at(),
                self.renew_token_at,
                self.blobs.deadline(),
            ]
            .into_iter()
            .flatten()
            .min(),
        }
    }

    /// What people see of it.
    pub fn status(&self) -> Status {
        let cursor = self.standing.as_ref().map_or(0, |standing| standing.cursor);
        let filling = self.standing.as_ref().is_some_and(|standing| {
            let lacks = |bucket| !standing.held.contains(bucket);
            standing.snapshot.is_some()
                || standing.held == BucketSet::default()
                || self.allowed.iter().any(lacks)
        });
        Status {
            link: match self.state {
                State::Stopped => Link::Offline {
                    cause: self.cause,
                    retry_at: None,
                },
                State::Waiting { until } => Link::Offline {
                    cause: self.cause,
                    retry_at: Some(until),
                },
                State::WantsToken { .. } | State::Connecting { .. } | State::Greeting { .. } => {
                    Link::Connecting
                }
                State::Online { .. } => Link::Online,
            },
            synced: self.window.is_clear()
                && !self.window.is_loading()
                && self.jobs.is_idle()
                && !filling
                && cursor == self.head,
            cursor,
            head: self.head,
            filling,
            snapshot_rows: self.snapshot_rows,
            blobs_waiting: self.blobs.waiting_count(),
            server_time: self.server_time,
            last_heard: self.last_heard,
            last_receipt: self.last_receipt,
        }
    }

    fn take_in(&mut self, input: Input, now: Moment, entropy: &dyn Entropy) {
        match input {
            Input::Start(standing) => {
                self.jobs.stream_at = standing.cursor;
                self.head = self.head.max(standing.cursor);
                self.standing = Some(standing);
                self.begin(now);
            }
            Input::Hint => match self.state {
                State::Waiting { .. } => self.begin(now),
                State::Online { .. } => self.heartbeat.hurry(now),
                _ => {}
            },
            Input::Connected => {
                if matches!(self.state, State::Connecting { .. }) {
                    self.state = State::Greeting {
                        since: now,
                        said: false,
                    };
                }
            }
            Input::Frame(frame) => self.frame(&frame, now, entropy),
            Input::Disconnected(cause) => {
                if self.has_connection() {
                    self.lose(cause, now, entropy);
                }
            }
            Input::Tick => {}
            Input::Token(token) => self.take_token(token, now),
            Input::TokenUnavailable => {
                if matches!(self.state, State::WantsToken { .. }) {
                    self.lose(OfflineCause::NoToken, now, entropy);
                }
            }
            Input::OutboxChanged => self.window.outbox_changed(),
            Input::OutboxBatch { ticket, items } => self.take_outbox(ticket, items, now),
            Input::Stored(report) => self.stored(report, now),
            Input::StoreFailed => {
                self.jobs.running = None;
                self.fail(OfflineCause::Storage, now, entropy);
            }
            Input::BlobsWaiting(waiting) => self.blobs.set_waiting(waiting),
            Input::BlobBytes {
                blob,
                offset,
                bytes,
            } => self
                .blobs
                .bytes(blob, offset, bytes, now, &mut self.effects),
            Input::BlobUnreadable { blob } => self.blobs.unreadable(blob),
            Input::BlobWanted { blob, have } => self.blobs.want(blob, have),
            Input::BlobPartWritten { blob, have } => {
                self.blobs.written(blob, have, now, &mut self.effects);
            }
        }
    }

    fn has_connection(&self) -> bool {
        matches!(
            self.state,
            State::Connecting { .. } | State::Greeting { .. } | State::Online { .. }
        )
    }

    fn is_online(&self) -> bool {
        matches!(self.state, State::Online { .. })
    }

    fn begin(&mut self, now: Moment) {
        self.state = State::WantsToken { since: now };
        self.effects.push(Effect::NeedToken {
            fresh: self.token_refused,
        });
    }

    fn take_token(&mut self, token: String, now: Moment) {
        match self.state {
            State::WantsToken { .. } => {
                self.token = token;
                self.connection += 1;
                self.state = State::Connecting { since: now };
                self.effects.push(Effect::Connect);
            }
            State::Online { .. } => self.send(&ConsoleMessage::Refresh { token }),
            // The next connection asks for its own.
            _ => {}
        }
    }

    /// Ends a connection from this side.
    fn fail(&mut self, cause: OfflineCause, now: Moment, entropy: &dyn Entropy) {
        if self.has_connection() {
            self.effects.push(Effect::Close);
            self.lose(cause, now, entropy);
        }
    }

    fn lose(&mut self, cause: OfflineCause, now: Moment, entropy: &dyn Entropy) {
        let steady =
            matches!(self.state, State::Online { since } if now.since(since) >= STEADY_AFTER_MS);
        self.attempt = if steady {
            0
        } else {
            self.attempt.saturating_add(1)
        };
        let wait = wait_ms(self.attempt, cause.needs_a_person(), entropy);
        self.cause = cause;
        self.state = State::Waiting {
            until: now.plus(wait),
        };
        self.token.clear();
        self.renew_token_at = None;
        self.heartbeat.stop();
        self.window.restart();
        self.jobs.clear();
        self.blobs.restart();
    }

    /// What is due by now.
    fn pass_time(&mut self, now: Moment, entropy: &dyn Entropy) {
        match self.state {
            State::Stopped => {}
            State::Waiting { until } => {
                if now >= until {
                    self.begin(now);
                }
            }
            State::WantsToken { since } => {
                if now.since(since) >= GREETING_WITHIN_MS {
                    self.lose(OfflineCause::NoToken, now, entropy);
                }
            }
            State::Connecting { since } => {
                if now.since(since) >= GREETING_WITHIN_MS {
                    self.fail(OfflineCause::Unreachable, now, entropy);
                }
            }
            State::Greeting { since, .. } => {
                if now.since(since) >= GREETING_WITHIN_MS {
                    self.fail(OfflineCause::Silent, now, entropy);
                }
            }
            State::Online { .. } => self.pass_time_online(now, entropy),
        }
    }

    fn pass_time_online(&mut self, now: Moment, entropy: &dyn Entropy) {
        if self.heartbeat.is_dead(now) {
            self.fail(OfflineCause::Silent, now, entropy);
            return;
        }
        if self.window.overdue_at().is_some_and(|at| now >= at) {
            self.warn(Warning::ReceiptsOverdue);
            self.fail(OfflineCause::Silent, now, entropy);
            return;
        }
        if let Some(n) = self.heartbeat.due(now) {
            self.send(&ConsoleMessage::Ping { n });
        }
        if self.renew_token_at.is_some_and(|at| now >= at) {
            self.renew_token_at = None;
            self.effects.push(Effect::NeedToken { fresh: false });
        }
    }

    /// Starts whatever can go on now.
    fn go_on(&mut self, now: Moment, entropy: &dyn Entropy) {
        if let State::Greeting { since, said: false } = self.state
            && self.jobs.running.is_none()
        {
            // The greeting waits for a job of an earlier connection, so that the cursor it tells is true.
            self.state = State::Greeting { since, said: true };
            self.greet();
        }
        if !self.is_online() {
            return;
        }
        let Some(standing) = &self.standing else {
            return;
        };
        match self.jobs.next(standing, &self.window, self.connection) {
            Ok(Some(job)) => self.effects.push(Effect::Store(job)),
            Ok(None) => {}
            Err(_) => {
                self.fail(OfflineCause::Unreadable, now, entropy);
                return;
            }
        }
        if let Some((ticket, after, limit)) = self.window.ask() {
            self.effects.push(Effect::LoadOutbox {
                ticket,
                after,
                limit,
            });
        }
        if !self.window.is_loading() {
            self.blobs.pump(now, &mut self.effects);
        }
    }

    fn greet(&mut self) {
        let Some(standing) = &self.standing else {
            return;
        };
        self.jobs.stream_at = standing.cursor;
        let hello = Hello {
            protocol: PROTOCOL,
            token: std::mem::take(&mut self.token),
            device: standing.device,
            incarnation: standing.incarnation,
            next_sequence: standing.next_sequence,
            epoch: standing.epoch,
            cursor: standing.cursor,
            held: standing.held,
            snapshot: standing.snapshot.clone(),
        };
        self.send(&ConsoleMessage::Hello(Box::new(hello)));
    }

    fn send(&mut self, message: &ConsoleMessage) {
        self.effects.push(Effect::Send(encode(message)));
    }

    fn warn(&mut self, warning: Warning) {
        self.effects.push(Effect::Warn(warning));
    }

    fn take_outbox(&mut self, ticket: u64, items: Vec<super::OutboxItem>, now: Moment) {
        let Some(standing) = &mut self.standing else {
            return;
        };
        let Some(loaded) = self.window.loaded(ticket, items, standing.device, now) else {
            return;
        };
        if let Some(highest) = self.window.highest_of(standing.incarnation) {
            standing.next_sequence = standing.next_sequence.max(highest + 1);
        }
        for position in loaded.unreadable {
            self.effects.push(Effect::Unreadable { position });
        }
        self.effects
            .extend(loaded.frames.into_iter().map(Effect::Send));
    }

    fn stored(&mut self, report: StoreReport, now: Moment) {
        let Some(running) = self.jobs.running.take() else {
            self.warn(Warning::Unexpected("stored"));
            return;
        };
        let before = self.standing.replace(report.standing);
        let Some(standing) = &self.standing else {
            return;
        };
        let cursor = standing.cursor;
        if running.connection != self.connection || !self.is_online() {
            return;
        }
        self.window.carried_out(&running.settled);
        if running.is_page {
            self.send(&ConsoleMessage::PageStored {});
        }
        if running.is_fork {
            self.warn(Warning::OutboxForked);
            self.window.restart();
        }
        if before.is_none_or(|before| before.cursor != cursor) {
            self.send(&ConsoleMessage::Applied { cursor });
        }
        self.fetch_again(report.mismatched, now);
    }

    fn fetch_again(&mut self, mismatched: BucketSet, now: Moment) {
        if mismatched == BucketSet::default() {
            return;
        }
        self.warn(Warning::ChecksumMismatch(mismatched));
        if now < self.resnapshot_after {
            return;
        }
        let doublings = self.resnapshots.min(MOST_RESNAPSHOT_DOUBLINGS);
        self.resnapshot_after = now.plus(RESNAPSHOT_AFTER_MS << doublings);
        self.resnapshots += 1;
        self.send(&ConsoleMessage::Resnapshot {
            buckets: mismatched,
        });
    }

    fn frame(&mut self, frame: &[u8], now: Moment, entropy: &dyn Entropy) {
        if !self.has_connection() {
            return;
        }
        self.last_heard = Some(now);
        let message = match decode_server(frame) {
            Ok(message) => message,
            Err(FrameError::UnknownKind) => return self.warn(Warning::UnknownMessage),
            Err(FrameError::TooLong(_) | FrameError::Malformed(_)) => {
                return self.fail(OfflineCause::Unreadable, now, entropy);
            }
        };
        match message {
            ServerMessage::Refused { cause } => {
                self.token_refused = matches!(
                    cause,
                    RefusalCause::TokenExpired | RefusalCause::TokenForged
                );
                self.fail(OfflineCause::Refused(cause), now, entropy);
            }
            ServerMessage::Ping { n } => self.send(&ConsoleMessage::Pong { n }),
            ServerMessage::Pong { n } => self.heartbeat.answered(n),
            ServerMessage::Welcome(welcome) => self.welcomed(welcome, now, entropy),
            other if self.is_online() => self.heard(other, now, entropy),
            _ => self.warn(Warning::Unexpected("before the greeting")),
        }
    }

    fn welcomed(&mut self, welcome: Welcome, now: Moment, entropy: &dyn Entropy) {
        if !matches!(self.state, State::Greeting { said: true, .. }) {
            return self.warn(Warning::Unexpected("welcome"));
        }
        if welcome.protocol < OLDEST_PROTOCOL {
            return self.fail(
                OfflineCause::Refused(RefusalCause::ProtocolTooNew),
                now,
                entropy,
            );
        }
        self.state = State::Online { since: now };
        self.token_refused = false;
        self.head = welcome.head;
        self.allowed = welcome.buckets;
        self.server_time = Some(welcome.server_time);
        self.renew_token_at = Some(now.plus(welcome.token_lives_ms / 5 * 4));
        self.heartbeat.start(now);
        let Some(standing) = &self.standing else {
            return;
        };
        let known = standing.epoch;
        let is_old_copy = welcome.executed_through >= standing.next_sequence;
        if known.is_some_and(|known| known != welcome.epoch) {
            self.jobs.stream_at = 0;
            self.warn(Warning::EpochChanged);
        }
        self.queue_job(StoreJob::Adopt {
            epoch: welcome.epoch,
            buckets: welcome.buckets,
            server_time: welcome.server_time,
        });
        if is_old_copy {
            self.queue_job(StoreJob::Fork(ForkCause::OldCopy));
        }
    }

    /// Queues a job that this side makes; there are never enough of those to fill the queue.
    fn queue_job(&mut self, job: StoreJob) {
        let _room_is_certain = self.jobs.push(Queued::Job(job));
    }

    fn heard(&mut self, message: ServerMessage, now: Moment, entropy: &dyn Entropy) {
        let in_order = match message {
            ServerMessage::Receipts { receipts } => {
                self.last_receipt = Some(now);
                for receipt in receipts {
                    // A receipt for what is not on its way belongs to an action that a fork or a reload will send again.
                    self.window.receipt(receipt);
                }
                true
            }
            ServerMessage::Gap {
                incarnation,
                expected,
            } => return self.gap(incarnation, expected, now, entropy),
            ServerMessage::Forked {
                incarnation,
                sequence,
            } => {
                self.forked(incarnation, sequence);
                true
            }
            ServerMessage::Changes(changes) => {
                let continues = changes.from == self.jobs.stream_at && changes.to >= changes.from;
                self.head = changes.head;
                self.jobs.stream_at = changes.to;
                continues && self.jobs.push(Queued::Changes(changes))
            }
            ServerMessage::SnapshotBegin {
                at_seq,
                buckets,
                resumed,
                rows,
            } => {
                self.snapshot_rows = rows;
                resumed
                    || self
                        .jobs
                        .push(Queued::Job(StoreJob::SnapshotReset { at_seq, buckets }))
            }
            ServerMessage::SnapshotPage { bucket, rows, last } => self.jobs.push(Queued::Page {
                bucket,
                rows: rows.into_vec(),
                last,
            }),
            ServerMessage::SnapshotEnd { at_seq } => {
                self.jobs.stream_at = at_seq;
                self.head = self.head.max(at_seq);
                self.snapshot_rows = None;
                self.jobs
                    .push(Queued::Job(StoreJob::SnapshotFinish { at_seq }))
            }
            blob => {
                self.heard_of_blob(blob, now);
                true
            }
        };
        if !in_order {
            self.warn(Warning::Unexpected("out of order"));
            self.fail(OfflineCause::Unreadable, now, entropy);
        }
    }

    fn heard_of_blob(&mut self, message: ServerMessage, now: Moment) {
        let effects = &mut self.effects;
        match message {
            ServerMessage::BlobHave { blob, offset } => {
                self.blobs.have(blob, offset, now, effects);
            }
            ServerMessage::BlobStored { blob } => self.blobs.stored(blob, effects),
            ServerMessage::BlobRefused { blob, cause } => self.blobs.refuse(blob, cause, effects),
            ServerMessage::BlobData {
                blob,
                offset,
                total,
                bytes,
            } => self
                .blobs
                .data(blob, offset, total, bytes.into_vec(), now, effects),
            ServerMessage::BlobMissing { blob } => self.blobs.missing(blob, effects),
            _ => effects.push(Effect::Warn(Warning::Unexpected("message"))),
        }
    }

    /// The server lacks actions before those it got. When they are on their way, something was lost between the two and
    /// a new connection sends everything again; when they are gone here too, nothing will ever fill the gap.
    fn gap(
        &mut self,
        incarnation: IncarnationId,
        expected: u64,
        now: Moment,
        entropy: &dyn Entropy,
    ) {
        if self.window.has(incarnation, expected) {
            return self.fail(OfflineCause::Unreadable, now, entropy);
        }
        if let Some(oldest) = self.window.oldest_of(incarnation)
            && oldest.sequence > expected
        {
            self.window.forget(incarnation, oldest.sequence);
            self.queue_job(StoreJob::Fork(ForkCause::Unsendable(oldest)));
        }
    }

    fn forked(&mut self, incarnation: IncarnationId, sequence: u64) {
        if let Some(id) = self.window.forget(incarnation, sequence) {
            self.queue_job(StoreJob::Fork(ForkCause::Unsendable(id)));
        }
    }
}
