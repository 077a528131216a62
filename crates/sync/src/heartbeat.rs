//! Patience: when to ask whether the other end lives and when to give it up.

use crate::Moment;

/// How often the other end is asked.
pub(crate) const PING_EVERY_MS: u64 = 15_000;
/// How long its answer may take.
pub(crate) const PONG_WITHIN_MS: u64 = 10_000;

/// Asks the other end whether it lives. Only the answer to the last question counts: what comes by itself proves one
/// direction of the link and not the other.
#[derive(Debug, Default)]
pub(crate) struct Heartbeat {
    count: u64,
    asked: Option<Moment>,
    next: Option<Moment>,
}

impl Heartbeat {
    pub(crate) fn start(&mut self, now: Moment) {
        self.asked = None;
        self.next = Some(now.plus(PING_EVERY_MS));
    }

    pub(crate) fn stop(&mut self) {
        self.asked = None;
        self.next = None;
    }

    /// Asks now, unless an answer is awaited already.
    pub(crate) fn hurry(&mut self, now: Moment) {
        if self.asked.is_none() && self.next.is_some() {
            self.next = Some(now);
        }
    }

    pub(crate) fn answered(&mut self, n: u64) {
        if n == self.count {
            self.asked = None;
        }
    }

    pub(crate) fn is_dead(&self, now: Moment) -> bool {
        self.asked
            .is_some_and(|asked| now.since(asked) >= PONG_WITHIN_MS)
    }

    /// The question to send now, if it is time.
    pub(crate) fn due(&mut self, now: Moment) -> Option<u64> {
        if self.asked.is_some() || self.next.is_none_or(|next| now < next) {
            return None;
        }
        self.count += 1;
        self.asked = Some(now);
        self.next = Some(now.plus(PING_EVERY_MS));
        Some(self.count)
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        match self.asked {
            Some(asked) => Some(asked.plus(PONG_WITHIN_MS)),
            None => self.next,
        }
    }
}
