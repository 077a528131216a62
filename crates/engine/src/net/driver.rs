//! The task that drives the machine with real sockets, real time and the console's storage.

use super::http::{self, HttpError, TokenAnswer};
use super::lane::{Answer, Errand, Lane, Work, errand};
use super::link::Wishes;
use super::status::Counters;
use super::tls::Dialer;
use super::wire::{Heard, Wire};
use super::{Account, Host, HostFailed};
use domain::port::Entropy;
use domain::time::Timestamp;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use sync::Moment;
use sync::console::{Effect, Input, Link as Stand, Machine, OfflineCause, Status};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;

/// A console whose own storage fails is asked again after this time.
const STORAGE_AGAIN: Duration = Duration::from_secs(5);
/// Files that could not be listed or read are tried again after this time.
const BLOBS_AGAIN: Duration = Duration::from_secs(60);
/// A token that could not be renewed while the connection stands is asked for again after this time; the old one is good
/// for three more minutes.
const TOKEN_AGAIN: Duration = Duration::from_secs(20);
/// A tick that comes so late was held up by the PC's sleep, after which there may be another network.
const SLEPT: Duration = Duration::from_secs(30);
/// Ticks come at most this often, should a deadline stay in the past because something else has to happen first.
const LEAST_TICK: Duration = Duration::from_millis(20);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// Something that is waited for; dropping it gives it up.
type Pending<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

/// Drives the machine.
pub(super) struct Driver {
    machine: Machine,
    started: Instant,
    account: Arc<Account>,
    dialer: Arc<Dialer>,
    host: Arc<dyn Host>,
    entropy: Arc<dyn Entropy>,
    records: Lane,
    blobs: Lane,
    answers: UnboundedReceiver<Answer>,
    wishes: Arc<Wishes>,
    counters: Arc<Counters>,
    tell: watch::Sender<Status>,
    wire: Option<Wire>,
    connecting: Pending<Result<Wire, OfflineCause>>,
    asking: Pending<Result<TokenAnswer, HttpError>>,
    /// Why no token was given, for the connection that the machine asks for next.
    refusal: Option<OfflineCause>,
    /// The server's time, and when it was that.
    server_clock: Option<(Timestamp, Instant)>,
    start_again: Option<Instant>,
    blobs_again: Option<Instant>,
    token_again: Option<Instant>,
    ticked: Instant,
}

/// What woke the task.
enum Woken {
    Wish,
    Answer(Answer),
    Heard(Heard),
    Connected(Result<Wire, OfflineCause>),
    Token(Result<TokenAnswer, HttpError>),
    Due,
}

impl Driver {
    #[expect(
        clippy::too_many_arguments,
        reason = "the link hands over every part of itself once"
    )]
    pub(super) fn new(
        runtime: &Handle,
        account: Account,
        host: Arc<dyn Host>,
        entropy: Arc<dyn Entropy>,
        started: Instant,
        wishes: Arc<Wishes>,
        counters: Arc<Counters>,
        tell: watch::Sender<Status>,
    ) -> Self {
        let (answer, answers) = unbounded_channel();
        let lane = |answer| Lane::start(runtime, Arc::clone(&host), answer, wishes.stopping());
        let (records, blobs) = (lane(answer.clone()), lane(answer));
        Self {
            machine: Machine::new(),
            started,
            dialer: Arc::new(Dialer::new(&account.server)),
            account: Arc::new(account),
            records,
            blobs,
            answers,
            host,
            entropy,
            wishes,
            counters,
            tell,
            wire: None,
            connecting: None,
            asking: None,
            refusal: None,
            server_clock: None,
            start_again: None,
            blobs_again: None,
            token_again: None,
            ticked: started,
        }
    }

    /// Runs until the link is to end.
    pub(super) async fn run(mut self) {
        self.records.take_on(Work::standing());
        loop {
            let due = tokio::time::Instant::from_std(self.due());
            let woken = tokio::select! {
                () = self.wishes.made() => Woken::Wish,
                Some(answer) = self.answers.recv() => Woken::Answer(answer),
                heard = hear(&mut self.wire) => Woken::Heard(heard),
                made = settled(&mut self.connecting) => Woken::Connected(made),
                token = settled(&mut self.asking) => Woken::Token(token),
                () = tokio::time::sleep_until(due) => Woken::Due,
            };
            if self.take(woken).is_break() {
                break;
            }
        }
        if let Some(wire) = self.wire.take() {
            wire.close(GOODBYE).await;
        }
        self.records.end().await;
        self.blobs.end().await;
    }

    fn take(&mut self, woken: Woken) -> ControlFlow<()> {
        match woken {
            Woken::Wish => return self.wish(),
            Woken::Answer(answer) => self.answer(answer),
            Woken::Heard(Heard::Frame(frame)) => {
                self.counters.heard(frame.len());
                self.feed(Input::Frame(frame));
            }
            Woken::Heard(Heard::Ended(cause)) => {
                self.wire = None;
                self.feed(Input::Disconnected(cause));
            }
            Woken::Connected(Ok(wire)) => {
                self.counters.connected();
                self.wire = Some(wire);
                // What could not be read or was not listed before is tried again on every connection.
                self.blobs.take_on(Work::blobs_waiting());
                self.feed(Input::Connected);
            }
            Woken::Connected(Err(cause)) => self.feed(Input::Disconnected(cause)),
            Woken::Token(answer) => self.take_token(answer),
            Woken::Due => self.tick(),
        }
        ControlFlow::Continue(())
    }

    fn wish(&mut self) -> ControlFlow<()> {
        let wished = self.wishes.take();
        if wished.stop {
            return ControlFlow::Break(());
        }
        if wished.outbox {
            self.feed(Input::OutboxChanged);
        }
        if wished.blobs {
            self.blobs.take_on(Work::blobs_waiting());
        }
        for (blob, have) in wished.wanted {
            self.feed(Input::BlobWanted { blob, have });
        }
        if wished.hint {
            if self.start_again.take().is_some() {
                self.records.take_on(Work::standing());
            }
            self.feed(Input::Hint);
        }
        ControlFlow::Continue(())
    }

    fn answer(&mut self, answer: Answer) {
        let now = Instant::now();
        match answer {
            Answer::Input(input) => {
                if matches!(input, Input::BlobUnreadable { .. }) {
                    self.blobs_again = Some(now + BLOBS_AGAIN);
                }
                self.feed(input);
            }
            Answer::Standing(Ok(standing)) => self.feed(Input::Start(standing)),
            Answer::Standing(Err(HostFailed)) => {
                let again = now + STORAGE_AGAIN;
                self.start_again = Some(again);
                let mut status = self.machine.status();
                status.link = Stand::Offline {
                    cause: OfflineCause::Storage,
                    retry_at: Some(self.moment(again)),
                };
                self.tell.send_replace(status);
            }
            // An empty answer would claim that nothing waits. The machine forgets the question with the connection, and
            // the next one begins with it.
            Answer::OutboxFailed => {
                self.hang_up();
                self.feed(Input::Disconnected(OfflineCause::Storage));
            }
            Answer::Blobs(Ok(waiting)) => {
                self.blobs_again = None;
                self.feed(Input::BlobsWaiting(waiting));
            }
            Answer::Blobs(Err(HostFailed)) => self.blobs_again = Some(now + BLOBS_AGAIN),
        }
    }

    fn take_token(&mut self, answer: Result<TokenAnswer, HttpError>) {
        let now = Instant::now();
        match answer {
            Ok(answer) => {
                self.server_clock = Some((answer.server_time, now));
                self.feed(Input::Token(answer.token));
            }
            Err(error) => {
                tracing::warn!(code = error.code(), %error, "no token");
                if self.machine.status().link == Stand::Online {
                    self.token_again = Some(now + TOKEN_AGAIN);
                    return;
                }
                // The machine knows only that there is no token. People have to know why, and so has its patience, so the
                // reason is given as the outcome of the connection that would have followed.
                self.refusal = Some(error.offline_cause());
                self.feed(Input::Token(String::new()));
                self.refusal = None;
            }
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.ticked = now;
        let passed = |at: Option<Instant>| at.is_some_and(|at| now >= at);
        if passed(self.start_again) {
            self.start_again = None;
            self.records.take_on(Work::standing());
        }
        if passed(self.blobs_again) {
            self.blobs_again = None;
            self.blobs.take_on(Work::blobs_waiting());
        }
        if passed(self.token_again) {
            self.token_again = None;
            if self.machine.status().link == Stand::Online {
                self.ask_token();
            }
        }
        let Some(deadline) = self.machine.next_deadline() else {
            return;
        };
        if now.saturating_duration_since(self.instant(deadline)) > SLEPT {
            tracing::info!("a long sleep is over");
            self.feed(Input::Hint);
        }
        self.feed(Input::Tick);
    }

    /// Gives the machine an input and does what it asks.
    fn feed(&mut self, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let now = self.moment(Instant::now());
            for effect in self.machine.handle(input, now, &*self.entropy) {
                if matches!(effect, Effect::Connect)
                    && let Some(cause) = self.refusal.take()
                {
                    next = Some(Input::Disconnected(cause));
                    continue;
                }
                self.carry_out(effect);
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Connect => {
                let dialer = Arc::clone(&self.dialer);
                self.connecting = Some(Box::pin(async move { Wire::open(&dialer).await }));
            }
            Effect::Send(frame) => {
                if let Some(wire) = &mut self.wire {
                    self.counters.said(frame.len());
                    wire.send(frame);
                }
            }
            Effect::Close => self.hang_up(),
            // A token is never given twice, so each is fresh.
            Effect::NeedToken { .. } => self.ask_token(),
            Effect::StateChanged(status) => self.state_changed(status),
            Effect::Warn(warning) => tracing::warn!(?warning, "odd"),
            other => match errand(other) {
                Some(Errand::Records(work)) => self.records.take_on(work),
                Some(Errand::Blobs(work)) => self.blobs.take_on(work),
                None => {}
            },
        }
    }

    fn state_changed(&self, status: Status) {
        let before = self.tell.send_replace(status);
        if before.link != status.link {
            match status.link {
                Stand::Offline { cause, .. } => tracing::info!(cause = cause.code(), "offline"),
                Stand::Connecting => {}
                Stand::Online => {
                    tracing::info!(cursor = status.cursor, head = status.head, "online")
                }
            }
        }
    }

    fn ask_token(&mut self) {
        let dialer = Arc::clone(&self.dialer);
        let account = Arc::clone(&self.account);
        let entropy = Arc::clone(&self.entropy);
        let host = Arc::clone(&self.host);
        let known = self.server_clock;
        self.asking = Some(Box::pin(async move {
            let time = match known {
                Some((time, at)) => later(time, at.elapsed()),
                // A wrong guess costs one more request; a console that knows nothing begins with 1970.
                None => tokio::task::spawn_blocking(move || host.server_time())
                    .await
                    .ok()
                    .flatten()
                    .unwrap_or(Timestamp(0)),
            };
            http::token(&dialer, &account, time, &*entropy).await
        }));
    }

    fn hang_up(&mut self) {
        self.connecting = None;
        if let Some(wire) = self.wire.take() {
            tokio::spawn(wire.close(GOODBYE));
        }
    }

    /// When something is to be done though nothing happens.
    fn due(&self) -> Instant {
        let machine = self.machine.next_deadline();
        let machine = machine.map(|moment| self.instant(moment).max(self.ticked + LEAST_TICK));
        [
            machine,
            self.start_again,
            self.blobs_again,
            self.token_again,
        ]
        .into_iter()
        .flatten()
        .min()
        // Nothing waits for time; waking up for nothing once an hour costs nothing.
        .unwrap_or_else(|| Instant::now() + Duration::from_secs(3600))
    }

    fn moment(&self, at: Instant) -> Moment {
        let passed = at.saturating_duration_since(self.started).as_millis();
        Moment(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    fn instant(&self, at: Moment) -> Instant {
        self.started + Duration::from_millis(at.0)
    }
}

fn later(time: Timestamp, passed: Duration) -> Timestamp {
    let passed = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
    Timestamp(time.0.saturating_add(passed))
}

async fn hear(wire: &mut Option<Wire>) -> Heard {
    match wire {
        Some(wire) => wire.next().await,
        None => std::future::pending().await,
    }
}

async fn settled<T>(pending: &mut Pending<T>) -> T {
    let Some(waited) = pending else {
        return std::future::pending().await;
    };
    let outcome = waited.await;
    *pending = None;
    outcome
}
