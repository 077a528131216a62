//! The part of the outbox that is on its way: loaded, sent, and not yet settled in the storage.

use super::port::OutboxItem;
use crate::Moment;
use crate::message::{ConsoleMessage, LONGEST_FRAME, Receipt, encode};
use crate::standing::Settled;
use domain::codec;
use domain::envelope::{ActionId, Envelope};
use domain::id::{DeviceId, IncarnationId};
use domain::store_port::Decision;
use serde_bytes::ByteBuf;
use std::collections::{BTreeMap, BTreeSet};

/// Most actions on their way without a receipt.
const WINDOW: usize = 256;
/// Most decided actions that wait for their rows before loading stops.
const MOST_SETTLED: usize = 2_048;
/// Most entries asked for at once.
const LOAD: usize = 64;
/// A push message is filled up to about here, so that a ping never waits long behind one.
const PUSH_BYTES: usize = 64 * 1024;
/// The envelope of a frame with a single action needs less than this.
const FRAME_OVERHEAD: usize = 256;
/// A living server answers within this time, or the connection is made anew.
pub(super) const RECEIPT_WITHIN_MS: u64 = 60_000;

#[derive(Debug)]
struct Sent {
    id: ActionId,
    at: Moment,
}

/// What became of a loaded batch.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// Frames to send, in order.
    pub(super) frames: Vec<Vec<u8>>,
    /// Places whose content is no envelope, not reported before.
    pub(super) unreadable: Vec<u64>,
}

/// The window.
#[derive(Debug, Default)]
pub(super) struct Window {
    ticket: u64,
    asked: Option<(u64, usize)>,
    loaded_through: u64,
    /// Whether everything the outbox had at the last look is loaded.
    exhausted: bool,
    changed_meanwhile: bool,
    sent: BTreeMap<u64, Sent>,
    settled: BTreeMap<u64, Decision>,
    unreadable: BTreeSet<u64>,
    /// Nothing waits, as far as was known when it was last looked at.
    clear: bool,
}

impl Window {
    /// Forgets what is on its way, so that everything without a receipt is loaded and sent again.
    pub(super) fn restart(&mut self) {
        self.asked = None;
        self.loaded_through = 0;
        self.exhausted = false;
        self.changed_meanwhile = false;
        self.sent.clear();
        self.settled.clear();
    }

    pub(super) fn outbox_changed(&mut self) {
        self.clear = false;
        self.exhausted = false;
        self.changed_meanwhile = self.asked.is_some();
    }

    /// The question to ask the storage now: ticket, after, limit.
    pub(super) fn ask(&mut self) -> Option<(u64, u64, usize)> {
        let room = WINDOW.saturating_sub(self.sent.len()).min(LOAD);
        if self.asked.is_some() || self.exhausted || room == 0 || self.settled.len() >= MOST_SETTLED
        {
            return None;
        }
        self.ticket += 1;
        self.asked = Some((self.ticket, room));
        Some((self.ticket, self.loaded_through, room))
    }

    /// Takes in the storage's answer. `next_sequence` is raised beyond what is sent of `incarnation`.
    pub(super) fn loaded(
        &mut self,
        ticket: u64,
        items: Vec<OutboxItem>,
        device: DeviceId,
        now: Moment,
    ) -> Option<Loaded> {
        let (_, limit) = self.asked.take_if(|(asked, _)| *asked == ticket)?;
        self.exhausted = items.len() < limit && !self.changed_meanwhile;
        self.changed_meanwhile = false;
        let mut loaded = Loaded::default();
        let mut push: Vec<ByteBuf> = Vec::new();
        let mut bytes = 0;
        for item in items {
            if item.position <= self.loaded_through {
                continue;
            }
            self.loaded_through = item.position;
            let Some(id) = sendable(&item, device) else {
                if self.unreadable.insert(item.position) {
                    loaded.unreadable.push(item.position);
                }
                continue;
            };
            if bytes > 0 && bytes + item.envelope.len() > PUSH_BYTES {
                loaded.frames.push(push_frame(&mut push));
                bytes = 0;
            }
            bytes += item.envelope.len();
            push.push(ByteBuf::from(item.envelope));
            self.sent.insert(item.position, Sent { id, at: now });
            self.clear = false;
        }
        if !push.is_empty() {
            loaded.frames.push(push_frame(&mut push));
        }
        self.look();
        Some(loaded)
    }

    /// Takes in a receipt; false when the action is not on its way.
    pub(super) fn receipt(&mut self, receipt: Receipt) -> bool {
        let found = self.position_of(receipt.incarnation, receipt.sequence);
        let Some(position) = found else { return false };
        self.sent.remove(&position);
        self.settled.insert(position, receipt.decision);
        true
    }

    /// Decisions that may be carried out once everything up to `cursor` is stored, oldest first.
    pub(super) fn ready(&self, cursor: u64) -> Vec<Settled> {
        self.settled
            .iter()
            .filter(|(_, decision)| match decision {
                Decision::Applied { seq } => *seq <= cursor,
                Decision::Rejected { .. } => true,
            })
            .map(|(position, decision)| Settled {
                position: *position,
                decision: decision.clone(),
            })
            .collect()
    }

    /// The storage has carried these out.
    pub(super) fn carried_out(&mut self, settled: &[Settled]) {
        for one in settled {
            self.settled.remove(&one.position);
        }
        self.look();
    }

    fn look(&mut self) {
        if self.exhausted && self.sent.is_empty() && self.settled.is_empty() {
            self.clear = true;
        }
    }

    fn position_of(&self, incarnation: IncarnationId, sequence: u64) -> Option<u64> {
        self.sent
            .iter()
            .find(|(_, sent)| sent.id.incarnation == incarnation && sent.id.sequence == sequence)
            .map(|(position, _)| *position)
    }

    /// Whether the action is on its way.
    pub(super) fn has(&self, incarnation: IncarnationId, sequence: u64) -> bool {
        self.position_of(incarnation, sequence).is_some()
    }

    /// The oldest action on its way of one life of the outbox.
    pub(super) fn oldest_of(&self, incarnation: IncarnationId) -> Option<ActionId> {
        self.sent
            .values()
            .map(|sent| sent.id)
            .find(|id| id.incarnation == incarnation)
    }

    /// Takes an action and those after it in the same life off the way, because the server cannot take them; `None` when
    /// it is not on its way.
    pub(super) fn forget(&mut self, incarnation: IncarnationId, sequence: u64) -> Option<ActionId> {
        let position = self.position_of(incarnation, sequence)?;
        let id = self.sent.get(&position).map(|sent| sent.id);
        self.sent
            .retain(|_, sent| sent.id.incarnation != incarnation || sent.id.sequence < sequence);
        id
    }

    /// The highest sequence on its way of one life of the outbox.
    pub(super) fn highest_of(&self, incarnation: IncarnationId) -> Option<u64> {
        self.sent
            .values()
            .filter(|sent| sent.id.incarnation == incarnation)
            .map(|sent| sent.id.sequence)
            .max()
    }

    /// When the oldest unanswered action is overdue.
    pub(super) fn overdue_at(&self) -> Option<Moment> {
        self.sent
            .values()
            .map(|sent| sent.at.plus(RECEIPT_WITHIN_MS))
            .min()
    }

    pub(super) fn is_loading(&self) -> bool {
        self.asked.is_some()
    }

    /// Nothing waits for a receipt or for its rows, and nothing is unreadable.
    pub(super) fn is_clear(&self) -> bool {
        self.clear && self.unreadable.is_empty()
    }
}

fn sendable(item: &OutboxItem, device: DeviceId) -> Option<ActionId> {
    if item.envelope.len() + FRAME_OVERHEAD > LONGEST_FRAME {
        return None;
    }
    let envelope = codec::decode::<Envelope>(&item.envelope).ok()?;
    (envelope.id.device == device).then_some(envelope.id)
}

fn push_frame(push: &mut Vec<ByteBuf>) -> Vec<u8> {
    encode(&ConsoleMessage::Push {
        envelopes: std::mem::take(push),
    })
}
