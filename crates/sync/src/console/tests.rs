//! The console's machine against a server that says exactly what a test wants.

mod blobs;
mod faults;
mod flow;

use super::{Effect, Input, Link, Machine, OutboxItem, Status};
use crate::Moment;
use crate::message::{
    Changes, ConsoleMessage, EpochId, Hello, PROTOCOL, Receipt, ServerMessage, Welcome,
    decode_console, encode,
};
use crate::packed::pack;
use crate::standing::{Standing, StoreJob, StoreReport};
use domain::bucket::BucketSet;
use domain::codec;
use domain::envelope::{ActionId, Envelope};
use domain::id::{DeviceId, IncarnationId, RoomId, StaffId};
use domain::port::Entropy;
use domain::row::{Room, Row, RowChange};
use domain::store_port::Decision;
use domain::time::Timestamp;
use serde_bytes::ByteBuf;
use uuid::Uuid;

const DEVICE: DeviceId = DeviceId(Uuid::from_u128(1));
const LIFE: IncarnationId = IncarnationId(Uuid::from_u128(2));
const EPOCH: EpochId = EpochId([7; 16]);
const TOKEN_LIVES_MS: u64 = 900_000;

struct Zeroes;

impl Entropy for Zeroes {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn standing() -> Standing {
    Standing {
        device: DEVICE,
        incarnation: LIFE,
        next_sequence: 1,
        epoch: Some(EPOCH),
        cursor: 10,
        held: BucketSet::all(),
        snapshot: None,
    }
}

fn welcome() -> Welcome {
    Welcome {
        protocol: PROTOCOL,
        epoch: EPOCH,
        head: 10,
        buckets: BucketSet::all(),
        server_time: Timestamp(5_000),
        executed_through: 0,
        token_lives_ms: TOKEN_LIVES_MS,
    }
}

fn envelope(sequence: u64) -> Vec<u8> {
    codec::encode(&Envelope {
        id: ActionId {
            device: DEVICE,
            incarnation: LIFE,
            sequence,
        },
        at: Timestamp(0),
        actor: StaffId(Uuid::from_u128(3)),
        name: "anything@1".to_owned(),
        body: vec![],
        previous: vec![0; 32],
        signature: vec![],
    })
}

fn room(number: u128) -> Row {
    Room {
        id: RoomId(Uuid::from_u128(number)),
        name: "Sala".to_owned(),
        active: true,
    }
    .into()
}

fn changes(from: u64, to: u64) -> ServerMessage {
    ServerMessage::Changes(Changes {
        from,
        to,
        head: to,
        rows: ByteBuf::from(pack(&[RowChange::put(room(u128::from(to)))]).unwrap()),
        checksums: vec![],
    })
}

fn receipt(sequence: u64, decision: Decision) -> ServerMessage {
    ServerMessage::Receipts {
        receipts: vec![Receipt {
            incarnation: LIFE,
            sequence,
            decision,
        }],
    }
}

/// The machine with the storage and the clock of a test.
struct Desk {
    machine: Machine,
    now: Moment,
    standing: Standing,
    /// What waits, by its place; the place is also its sequence.
    outbox: Vec<OutboxItem>,
    jobs: Vec<StoreJob>,
    status: Option<Status>,
}

impl Desk {
    fn new() -> Self {
        Self::standing(standing())
    }

    fn standing(standing: Standing) -> Self {
        Self {
            machine: Machine::new(),
            now: Moment(1_000),
            standing,
            outbox: Vec::new(),
            jobs: Vec::new(),
            status: None,
        }
    }

    /// A console that is online, has adopted the server's greeting and loaded its outbox.
    fn online() -> Self {
        Self::with_outbox(0)
    }

    fn with_outbox(waiting: u64) -> Self {
        let mut desk = Self::new();
        desk.outbox = (1..=waiting)
            .map(|position| OutboxItem {
                position,
                envelope: envelope(position),
            })
            .collect();
        desk.standing.next_sequence = waiting + 1;
        desk.connect();
        desk
    }

    /// From stopped or waiting to online; the greeting that was said.
    fn connect(&mut self) -> Hello {
        let hello = self.greet();
        self.say(ServerMessage::Welcome(welcome()));
        self.stored_all();
        hello
    }

    /// From stopped or waiting to the greeting.
    fn greet(&mut self) -> Hello {
        let begun = match self.status.map(|status| status.link) {
            None => self.give(Input::Start(self.standing.clone())),
            Some(_) => self.give(Input::Hint),
        };
        assert!(
            matches!(begun[..], [Effect::NeedToken { .. }, ..]),
            "{begun:?}"
        );
        let connecting = self.give(Input::Token("token".to_owned()));
        assert!(connecting.contains(&Effect::Connect));
        let said = self.give(Input::Connected);
        match sent(&said).pop() {
            Some(ConsoleMessage::Hello(hello)) => *hello,
            other => panic!("expected a greeting, not {other:?}"),
        }
    }

    /// Gives an input, answers questions about the outbox at once, and keeps storage jobs for the test.
    fn give(&mut self, input: Input) -> Vec<Effect> {
        let mut all = self.machine.handle(input, self.now, &Zeroes);
        let mut at = 0;
        while at < all.len() {
            let more = match &all[at] {
                Effect::LoadOutbox {
                    ticket,
                    after,
                    limit,
                } => {
                    let items = self.outbox.iter().filter(|item| item.position > *after);
                    let input = Input::OutboxBatch {
                        ticket: *ticket,
                        items: items.take(*limit).cloned().collect(),
                    };
                    self.machine.handle(input, self.now, &Zeroes)
                }
                Effect::Store(job) => {
                    self.jobs.push(job.clone());
                    vec![]
                }
                Effect::StateChanged(status) => {
                    self.status = Some(*status);
                    vec![]
                }
                _ => vec![],
            };
            all.extend(more);
            at += 1;
        }
        all
    }

    fn say(&mut self, message: ServerMessage) -> Vec<Effect> {
        self.give(Input::Frame(encode(&message)))
    }

    fn later(&mut self, millis: u64) -> Vec<Effect> {
        self.now = self.now.plus(millis);
        self.give(Input::Tick)
    }

    /// Commits the oldest storage job.
    fn stored(&mut self) -> Vec<Effect> {
        self.stored_with(BucketSet::default())
    }

    fn stored_with(&mut self, mismatched: BucketSet) -> Vec<Effect> {
        match self.jobs.remove(0) {
            StoreJob::Apply(batch) => {
                assert_eq!(batch.from, self.standing.cursor);
                self.standing.cursor = batch.to;
                for settled in batch.settled {
                    self.outbox.retain(|item| item.position != settled.position);
                }
            }
            StoreJob::SnapshotFinish { at_seq } => self.standing.cursor = at_seq,
            StoreJob::Adopt { epoch, .. } => self.standing.epoch = Some(epoch),
            StoreJob::SnapshotReset { .. } | StoreJob::SnapshotPage { .. } | StoreJob::Fork(_) => {}
        }
        self.give(Input::Stored(StoreReport {
            standing: self.standing.clone(),
            mismatched,
        }))
    }

    fn stored_all(&mut self) {
        while !self.jobs.is_empty() {
            self.stored();
        }
    }

    fn link(&self) -> Link {
        self.machine.status().link
    }
}

fn sent(effects: &[Effect]) -> Vec<ConsoleMessage> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(frame) => Some(decode_console(frame).unwrap()),
            _ => None,
        })
        .collect()
}

/// Sequences of pushed actions, in the order they were sent.
fn pushed(effects: &[Effect]) -> Vec<u64> {
    sent(effects)
        .into_iter()
        .filter_map(|message| match message {
            ConsoleMessage::Push { envelopes } => Some(envelopes),
            _ => None,
        })
        .flatten()
        .map(|bytes| codec::decode::<Envelope>(&bytes).unwrap().id.sequence)
        .collect()
}
