//! The machine itself: who is connected, and where every input goes.

use super::lanes::{BlobLane, BlobRequest, Pushes};
use super::port::{ChangesRead, Effect, Input, Session, Verdict, Warning};
use super::snapshot::{Plan, common};
use crate::Moment;
use crate::heartbeat::Heartbeat;
use crate::message::{
    Changes, ConsoleMessage, FrameError, Hello, LONGEST_FRAME, OLDEST_PROTOCOL, PROTOCOL, Receipt,
    RefusalCause, ServerMessage, Welcome, decode_console, encode,
};
use domain::bucket::{Bucket, BucketSet};
use domain::row::RowKey;
use domain::store_port::Decision;
use serde_bytes::ByteBuf;
use std::collections::VecDeque;

/// How long the greeting may take to come.
const GREETING_WITHIN_MS: u64 = 10_000;
/// Rows read for a console at once.
const MOST_ROWS: usize = 512;
/// Ranges or pages sent ahead of what the console has stored.
const AHEAD: usize = 2;
/// Bytes handed over and not yet gone, from which on nothing is read for the console.
const ENOUGH_QUEUED: usize = 256 * 1024;
/// Bytes handed over and not yet gone, from which on the console is taken for dead.
const TOO_MUCH_QUEUED: usize = 4 * 1024 * 1024;
/// A frame's own fields beside its rows need less than this.
const FRAME_OVERHEAD: usize = 4 * 1024;

#[derive(Debug)]
enum State {
    New { since: Moment },
    Verifying(Box<Hello>),
    Open(Session),
    Closed,
}

/// The database effect under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Busy {
    Execute,
    Changes,
    Page(Bucket),
}

/// The server's side of one connection. Feed it with [`Connection::handle`], do what it says, come back at
/// [`Connection::next_deadline`].
#[derive(Debug)]
pub struct Connection {
    state: State,
    busy: Option<Busy>,
    blob_busy: bool,
    pushes: Pushes,
    executed_last: bool,
    cursor: u64,
    head: u64,
    unstored: VecDeque<u64>,
    rows_at_once: usize,
    plan: Option<Plan>,
    blobs: BlobLane,
    queued: usize,
    heartbeat: Heartbeat,
    token_ends: Option<Moment>,
    effects: Vec<Effect>,
}

impl Connection {
    /// A connection just made, which has said nothing yet.
    pub fn new(now: Moment) -> Self {
        Self {
            state: State::New { since: now },
            busy: None,
            blob_busy: false,
            pushes: Pushes::default(),
            executed_last: false,
            cursor: 0,
            head: 0,
            unstored: VecDeque::new(),
            rows_at_once: MOST_ROWS,
            plan: None,
            blobs: BlobLane::default(),
            queued: 0,
            heartbeat: Heartbeat::default(),
            token_ends: None,
            effects: Vec::new(),
        }
    }

    /// Takes in what happened and says what is to be done, in order. Nothing follows [`Effect::Close`].
    pub fn handle(&mut self, input: Input, now: Moment) -> Vec<Effect> {
        self.take_in(input, now);
        self.pass_time(now);
        self.go_on();
        std::mem::take(&mut self.effects)
    }

    /// When [`Input::Tick`] is due at the latest; `None` once it is closed.
    pub fn next_deadline(&self) -> Option<Moment> {
        match &self.state {
            State::New { since } => Some(since.plus(GREETING_WITHIN_MS)),
            State::Verifying(_) | State::Closed => None,
            State::Open(_) => [self.heartbeat.deadline(), self.token_ends]
                .into_iter()
                .flatten()
                .min(),
        }
    }

    /// Who is connected, once admitted.
    pub fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Open(session) => Some(session),
            _ => None,
        }
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn take_in(&mut self, input: Input, now: Moment) {
        if self.is_closed() {
            return;
        }
        match input {
            Input::Frame(frame) => self.frame(&frame),
            Input::Admitted(session) => self.admitted(session, now),
            Input::NotAdmitted(cause) | Input::End(cause) => self.refuse(cause),
            Input::TokenRenewed { lives_ms } => self.token_ends = Some(now.plus(lives_ms)),
            Input::Executed(verdicts) => self.executed(verdicts),
            Input::Notify { head } => self.head = self.head.max(head),
            Input::Changes(read) => self.changes(read),
            Input::SnapshotPage {
                rows,
                last_key,
                complete,
            } => self.page(rows, last_key, complete),
            Input::StorageFailed => self.refuse(RefusalCause::Internal),
            Input::Drained => self.queued = 0,
            Input::Tick => {}
            blob => self.blob_answer(blob),
        }
    }

    fn blob_answer(&mut self, answer: Input) {
        if !std::mem::take(&mut self.blob_busy) {
            self.warn(Warning::Unexpected("blob"));
            return;
        }
        let message = match answer {
            Input::BlobHave { blob, offset } => ServerMessage::BlobHave { blob, offset },
            Input::BlobStored { blob } => ServerMessage::BlobStored { blob },
            Input::BlobRefused { blob, cause } => ServerMessage::BlobRefused { blob, cause },
            Input::BlobPart {
                blob,
                offset,
                total,
                bytes,
            } => ServerMessage::BlobData {
                blob,
                offset,
                total,
                bytes: ByteBuf::from(bytes),
            },
            Input::BlobMissing { blob } => ServerMessage::BlobMissing { blob },
            _ => return,
        };
        self.send(&message);
    }

    fn send(&mut self, message: &ServerMessage) {
        let frame = encode(message);
        self.queued += frame.len();
        self.effects.push(Effect::Send(frame));
    }

    fn warn(&mut self, warning: Warning) {
        self.effects.push(Effect::Warn(warning));
    }

    fn refuse(&mut self, cause: RefusalCause) {
        self.state = State::Closed;
        self.warn(Warning::Refused(cause));
        self.send(&ServerMessage::Refused { cause });
        self.effects.push(Effect::Close(cause));
    }

    fn pass_time(&mut self, now: Moment) {
        match &self.state {
            State::New { since } => {
                if now.since(*since) >= GREETING_WITHIN_MS {
                    self.refuse(RefusalCause::Silent);
                }
            }
            State::Verifying(_) | State::Closed => {}
            State::Open(_) => {
                if self.heartbeat.is_dead(now) || self.queued > TOO_MUCH_QUEUED {
                    self.refuse(RefusalCause::Silent);
                } else if self.token_ends.is_some_and(|ends| now >= ends) {
                    self.refuse(RefusalCause::TokenExpired);
                } else if let Some(n) = self.heartbeat.due(now) {
                    self.send(&ServerMessage::Ping { n });
                }
            }
        }
    }

    fn frame(&mut self, frame: &[u8]) {
        let message = match decode_console(frame) {
            Ok(message) => message,
            Err(FrameError::UnknownKind) => return self.warn(Warning::UnknownMessage),
            Err(FrameError::TooLong(_)) => return self.refuse(RefusalCause::TooLarge),
            Err(FrameError::Malformed(_)) => return self.refuse(RefusalCause::Malformed),
        };
        match (&self.state, message) {
            (State::New { .. }, ConsoleMessage::Hello(hello)) => {
                if hello.protocol < OLDEST_PROTOCOL {
                    return self.refuse(RefusalCause::ProtocolTooOld);
                }
                self.state = State::Verifying(hello.clone());
                self.effects.push(Effect::Verify(hello));
            }
            (State::Open(session), message) => {
                let (device, buckets) = (session.device, session.buckets);
                if let Err(cause) = self.heard(message, device, buckets) {
                    self.refuse(cause);
                }
            }
            _ => self.refuse(RefusalCause::OutOfOrder),
        }
    }

    fn heard(
        &mut self,
        message: ConsoleMessage,
        device: domain::id::DeviceId,
        buckets: BucketSet,
    ) -> Result<(), RefusalCause> {
        match message {
            ConsoleMessage::Hello(_) => return Err(RefusalCause::OutOfOrder),
            ConsoleMessage::Refresh { token } => self.effects.push(Effect::VerifyToken(token)),
            ConsoleMessage::Push { envelopes } => self.pushes.take(envelopes, device)?,
            ConsoleMessage::Applied { cursor } => {
                self.unstored.retain(|to| *to > cursor);
                self.effects.push(Effect::Progress { cursor });
            }
            ConsoleMessage::PageStored {} => {
                if let Some(plan) = &mut self.plan {
                    plan.unstored = plan.unstored.saturating_sub(1);
                }
            }
            ConsoleMessage::Resnapshot { buckets: wanted } => self.resnapshot(wanted, buckets),
            ConsoleMessage::BlobOffer { blob, len } => {
                self.blobs.take(BlobRequest::Offer { blob, len })?;
            }
            ConsoleMessage::BlobChunk {
                blob,
                offset,
                bytes,
            } => self.blobs.take(BlobRequest::Chunk {
                blob,
                offset,
                bytes: bytes.into_vec(),
            })?,
            ConsoleMessage::BlobGet { blob, offset, max } => self.blobs.take(BlobRequest::Get {
                blob,
                offset,
                max: usize::try_from(max).unwrap_or(usize::MAX),
            })?,
            ConsoleMessage::Ping { n } => self.send(&ServerMessage::Pong { n }),
            ConsoleMessage::Pong { n } => self.heartbeat.answered(n),
        }
        Ok(())
    }

    fn admitted(&mut self, session: Session, now: Moment) {
        let State::Verifying(hello) = &self.state else {
            return self.warn(Warning::Unexpected("admitted"));
        };
        if hello.device != session.device {
            return self.refuse(RefusalCause::TokenForged);
        }
        let plan = Plan::for_greeting(hello, &session);
        self.cursor = plan.as_ref().map_or(hello.cursor, |plan| plan.at_seq);
        self.head = self.head.max(session.head);
        let welcome = Welcome {
            protocol: PROTOCOL.min(hello.protocol),
            epoch: session.epoch,
            head: session.head,
            buckets: session.buckets,
            server_time: session.server_time,
            executed_through: session.executed_through,
            token_lives_ms: session.token_lives_ms,
        };
        let rows = session.rows;
        self.token_ends = Some(now.plus(session.token_lives_ms));
        self.heartbeat.start(now);
        self.state = State::Open(session);
        self.send(&ServerMessage::Welcome(welcome));
        if let Some(plan) = plan {
            let rows = (!plan.resumed).then_some(rows);
            self.begin_snapshot(plan, rows);
        }
    }

    fn begin_snapshot(&mut self, plan: Plan, rows: Option<u64>) {
        self.send(&ServerMessage::SnapshotBegin {
            at_seq: plan.at_seq,
            buckets: plan.left,
            resumed: plan.resumed,
            rows,
        });
        self.plan = Some(plan);
        self.end_snapshot_if_complete();
    }

    fn end_snapshot_if_complete(&mut self) {
        if let Some(plan) = self.plan.take_if(|plan| plan.current().is_none()) {
            self.send(&ServerMessage::SnapshotEnd {
                at_seq: plan.at_seq,
            });
        }
    }

    fn resnapshot(&mut self, wanted: BucketSet, allowed: BucketSet) {
        let left = common(wanted, allowed);
        self.warn(Warning::ChecksumMismatch(left));
        if self.plan.is_some() || left == BucketSet::default() {
            return;
        }
        // A range being read now would be streamed from before the pages; it is dropped and read again afterwards.
        self.begin_snapshot(Plan::fresh(self.cursor, left), None);
    }

    fn executed(&mut self, verdicts: Vec<Verdict>) {
        if self.busy != Some(Busy::Execute) {
            return self.warn(Warning::Unexpected("executed"));
        }
        self.busy = None;
        let mut receipts = Vec::new();
        for verdict in verdicts {
            let answer = match verdict {
                Verdict::Decided {
                    incarnation,
                    sequence,
                    decision,
                } => {
                    if let Decision::Applied { seq } = decision {
                        self.head = self.head.max(seq);
                    }
                    receipts.push(Receipt {
                        incarnation,
                        sequence,
                        decision,
                    });
                    continue;
                }
                Verdict::Gap {
                    incarnation,
                    expected,
                } => ServerMessage::Gap {
                    incarnation,
                    expected,
                },
                Verdict::Forked {
                    incarnation,
                    sequence,
                } => ServerMessage::Forked {
                    incarnation,
                    sequence,
                },
            };
            self.send_receipts(&mut receipts);
            self.send(&answer);
        }
        self.send_receipts(&mut receipts);
    }

    fn send_receipts(&mut self, receipts: &mut Vec<Receipt>) {
        if !receipts.is_empty() {
            let receipts = std::mem::take(receipts);
            self.send(&ServerMessage::Receipts { receipts });
        }
    }

    fn changes(&mut self, read: ChangesRead) {
        if self.busy != Some(Busy::Changes) {
            return self.warn(Warning::Unexpected("changes"));
        }
        self.busy = None;
        if self.plan.is_some() {
            return;
        }
        if read.rows.len() + FRAME_OVERHEAD > LONGEST_FRAME {
            return self.read_less();
        }
        if read.from != self.cursor || read.to <= read.from {
            // Nothing to tell after all; a later notice starts the next reading.
            self.head = self.cursor.max(read.to);
            return;
        }
        self.rows_at_once = (self.rows_at_once * 2).min(MOST_ROWS);
        self.cursor = read.to;
        self.head = self.head.max(read.head);
        self.unstored.push_back(read.to);
        self.send(&ServerMessage::Changes(Changes {
            from: read.from,
            to: read.to,
            head: read.head,
            rows: ByteBuf::from(read.rows),
            checksums: read.checksums,
        }));
    }

    /// What was read does not fit a frame: half as many rows are read next.
    fn read_less(&mut self) {
        if self.rows_at_once == 1 {
            self.refuse(RefusalCause::Internal);
        } else {
            self.rows_at_once /= 2;
        }
    }

    fn page(&mut self, rows: Vec<u8>, last_key: Option<RowKey>, complete: bool) {
        let Some(Busy::Page(bucket)) = self.busy else {
            return self.warn(Warning::Unexpected("page"));
        };
        self.busy = None;
        if rows.len() + FRAME_OVERHEAD > LONGEST_FRAME {
            return self.read_less();
        }
        let Some(plan) = &mut self.plan else { return };
        // A page without rows cannot be followed by another one after its last key.
        let last = complete || last_key.is_none();
        plan.sent(bucket, last_key, last);
        self.rows_at_once = (self.rows_at_once * 2).min(MOST_ROWS);
        self.send(&ServerMessage::SnapshotPage {
            bucket,
            rows: ByteBuf::from(rows),
            last,
        });
        self.end_snapshot_if_complete();
    }

    /// Starts whatever can go on now.
    fn go_on(&mut self) {
        let State::Open(session) = &self.state else {
            return;
        };
        let buckets = session.buckets;
        if self.busy.is_none() {
            self.next_database_effect(buckets);
        }
        if !self.blob_busy
            && self.queued < ENOUGH_QUEUED
            && let Some(effect) = self.blobs.next()
        {
            self.blob_busy = true;
            self.effects.push(effect);
        }
    }

    /// Deciding and reading take turns, so that neither starves, and never overlap, so that a receipt is always sent
    /// before the rows of its action.
    fn next_database_effect(&mut self, buckets: BucketSet) {
        let has_room = self.queued < ENOUGH_QUEUED;
        let can_read = has_room
            && match &self.plan {
                Some(plan) => plan.unstored < AHEAD,
                None => self.head > self.cursor && self.unstored.len() < AHEAD,
            };
        let reads_turn = self.executed_last && can_read;
        let execute = !reads_turn && !self.pushes.is_empty();
        self.executed_last = execute;
        if execute {
            self.busy = Some(Busy::Execute);
            let envelopes = self.pushes.next();
            self.effects.push(Effect::Execute { envelopes });
        } else if can_read {
            self.read(buckets);
        }
    }

    fn read(&mut self, buckets: BucketSet) {
        let limit = self.rows_at_once;
        match self.plan.as_ref().map(|plan| (plan.current(), plan.after)) {
            Some((Some(bucket), after)) => {
                self.busy = Some(Busy::Page(bucket));
                self.effects.push(Effect::ReadSnapshotPage {
                    bucket,
                    after,
                    limit,
                });
            }
            Some((None, _)) => {}
            None => {
                self.busy = Some(Busy::Changes);
                self.effects.push(Effect::ReadChanges {
                    from: self.cursor,
                    buckets,
                    limit,
                });
            }
        }
    }
}
