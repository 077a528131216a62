//! The server's machine against a console and a storage that do exactly what a test wants.

mod faults;
mod flow;

use super::{ChangesRead, Connection, Effect, Input, Session};
use crate::Moment;
use crate::message::{
    ConsoleMessage, EpochId, Hello, PROTOCOL, ServerMessage, decode_server, encode,
};
use crate::packed::pack;
use domain::bucket::BucketSet;
use domain::codec;
use domain::envelope::{ActionId, Envelope};
use domain::id::{DeviceId, IncarnationId, RoomId, StaffId};
use domain::row::{Room, Row, RowChange};
use domain::time::Timestamp;
use serde_bytes::ByteBuf;
use uuid::Uuid;

const DEVICE: DeviceId = DeviceId(Uuid::from_u128(1));
const LIFE: IncarnationId = IncarnationId(Uuid::from_u128(2));
const EPOCH: EpochId = EpochId([7; 16]);

fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL,
        token: "token".to_owned(),
        device: DEVICE,
        incarnation: LIFE,
        next_sequence: 1,
        epoch: Some(EPOCH),
        cursor: 10,
        held: BucketSet::all(),
        snapshot: None,
    }
}

fn session() -> Session {
    Session {
        device: DEVICE,
        buckets: BucketSet::all(),
        token_lives_ms: 900_000,
        epoch: EPOCH,
        head: 10,
        executed_through: 0,
        rows: 3,
        server_time: Timestamp(0),
    }
}

fn envelope(device: DeviceId, sequence: u64) -> ByteBuf {
    ByteBuf::from(codec::encode(&Envelope {
        id: ActionId {
            device,
            incarnation: LIFE,
            sequence,
        },
        at: Timestamp(0),
        actor: StaffId(Uuid::from_u128(3)),
        name: "anything@1".to_owned(),
        body: vec![],
        previous: vec![0; 32],
        signature: vec![],
    }))
}

fn room(number: u64) -> Row {
    Room {
        id: RoomId(Uuid::from_u128(number.into())),
        name: "Sala".to_owned(),
        active: true,
    }
    .into()
}

fn read(from: u64, to: u64) -> Input {
    Input::Changes(ChangesRead {
        from,
        to,
        head: to,
        rows: pack(&[RowChange::put(room(to))]).unwrap(),
        checksums: vec![],
    })
}

/// The machine with the clock of a test.
struct Line {
    machine: Connection,
    now: Moment,
}

impl Line {
    fn new() -> Self {
        let now = Moment(1_000);
        Self {
            machine: Connection::new(now),
            now,
        }
    }

    /// A console that follows the log from 10 and has nothing to be told.
    fn open() -> Self {
        let mut line = Self::new();
        line.greet(hello(), session());
        line
    }

    fn greet(&mut self, hello: Hello, session: Session) -> Vec<Effect> {
        let hello = Box::new(hello);
        let asked = self.say(ConsoleMessage::Hello(hello.clone()));
        assert_eq!(asked, [Effect::Verify(hello)]);
        self.give(Input::Admitted(session))
    }

    fn give(&mut self, input: Input) -> Vec<Effect> {
        self.machine.handle(input, self.now)
    }

    fn say(&mut self, message: ConsoleMessage) -> Vec<Effect> {
        self.give(Input::Frame(encode(&message)))
    }

    fn push(&mut self, sequences: std::ops::RangeInclusive<u64>) -> Vec<Effect> {
        self.say(ConsoleMessage::Push {
            envelopes: sequences.map(|one| envelope(DEVICE, one)).collect(),
        })
    }

    fn later(&mut self, millis: u64) -> Vec<Effect> {
        self.now = self.now.plus(millis);
        self.give(Input::Tick)
    }
}

fn sent(effects: &[Effect]) -> Vec<ServerMessage> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(frame) => Some(decode_server(frame).unwrap()),
            _ => None,
        })
        .collect()
}

/// How many envelopes are to be decided about.
fn executing(effects: &[Effect]) -> Option<usize> {
    effects.iter().find_map(|effect| match effect {
        Effect::Execute { envelopes } => Some(envelopes.len()),
        _ => None,
    })
}

/// From where the log is to be read.
fn reading(effects: &[Effect]) -> Option<u64> {
    effects.iter().find_map(|effect| match effect {
        Effect::ReadChanges { from, .. } => Some(*from),
        _ => None,
    })
}
