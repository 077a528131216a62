//! A console reduced to what the server can notice: an outbox that signs and chains, and a copy of the rows.

use super::wire::Socket;
use super::{Clinic, Person};
use domain::action::{Action, RegisterClient};
use domain::bucket::BucketSet;
use domain::codec;
use domain::envelope::{ActionId, Envelope};
use domain::id::{ClientId, DeviceId, IncarnationId};
use domain::port::Entropy;
use domain::row::{Row, RowChange, RowKey};
use domain::store_port::{Checksum, Decision};
use domain::time::Timestamp;
use serde_bytes::ByteBuf;
use server::system::OsEntropy;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use sync::message::{
    ConsoleMessage, EpochId, Hello, PROTOCOL, Receipt, RefusalCause, ServerMessage, Welcome,
};
use sync::packed::unpack;
use uuid::Uuid;
use vault::signature::{Purpose, SigningKey};

/// An enrolled console.
pub struct Device {
    pub id: DeviceId,
    pub key: SigningKey,
    pub token: String,
}

/// Random 128 bits for an identity.
pub fn fresh() -> Uuid {
    Uuid::from_bytes(OsEntropy.bytes())
}

/// Registers somebody of this name.
pub fn register(name: &str) -> RegisterClient {
    RegisterClient {
        id: ClientId(fresh()),
        name: name.to_owned(),
        social_name: None,
        cpf: None,
        phone: None,
        email: None,
        birth_date: None,
    }
}

/// One life of an outbox.
pub struct Outbox {
    device: DeviceId,
    pub incarnation: IncarnationId,
    pub sequence: u64,
    previous: [u8; 32],
}

impl Outbox {
    pub fn new(device: DeviceId) -> Self {
        Self {
            device,
            incarnation: IncarnationId(fresh()),
            sequence: 0,
            previous: [0; 32],
        }
    }

    /// A signed envelope that continues the chain.
    pub fn make(&mut self, actor: &Person, at: Timestamp, action: impl Into<Action>) -> ByteBuf {
        self.make_signed_by(actor, &actor.keys.signing, at, action)
    }

    /// The same, signed by any key.
    pub fn make_signed_by(
        &mut self,
        actor: &Person,
        key: &SigningKey,
        at: Timestamp,
        action: impl Into<Action>,
    ) -> ByteBuf {
        self.sequence += 1;
        let id = ActionId {
            device: self.device,
            incarnation: self.incarnation,
            sequence: self.sequence,
        };
        let mut envelope = Envelope::unsigned(id, at, actor.id, &action.into(), self.previous);
        envelope.signature = key.sign(Purpose::Action, &envelope.signed_bytes());
        self.previous = envelope.hash();
        ByteBuf::from(codec::encode(&envelope))
    }
}

/// A connected console with its copy of the rows.
pub struct Console {
    pub socket: Socket,
    pub welcome: Welcome,
    pub outbox: Outbox,
    pub rows: BTreeMap<RowKey, Row>,
    pub cursor: u64,
    at_seq: u64,
    /// Whether no snapshot is under way.
    pub complete: bool,
    /// Snapshots that began.
    pub snapshots: usize,
    /// Batches whose checksums were compared.
    pub compared: usize,
}

/// The greeting of a fresh console.
pub fn hello(device: &Device, outbox: &Outbox) -> Hello {
    Hello {
        protocol: PROTOCOL,
        token: device.token.clone(),
        device: device.id,
        incarnation: outbox.incarnation,
        next_sequence: outbox.sequence + 1,
        epoch: None,
        cursor: 0,
        held: BucketSet::default(),
        snapshot: None,
    }
}

/// Says hello and expects to be refused.
pub async fn refused(clinic: &Clinic, hello: Hello) -> RefusalCause {
    let mut socket = Socket::open(clinic.address, &clinic.pin).await;
    socket.say(&ConsoleMessage::Hello(Box::new(hello))).await;
    refusal(&mut socket).await
}

/// Waits for the refusal.
pub async fn refusal(socket: &mut Socket) -> RefusalCause {
    socket
        .hear_until(|message| match message {
            ServerMessage::Refused { cause } => Some(cause),
            _ => None,
        })
        .await
}

impl Console {
    /// Connects a fresh console.
    pub async fn connect(clinic: &Clinic, device: &Device) -> Self {
        Self::connect_to(clinic.address, &clinic.pin, device).await
    }

    /// The same by address and pin.
    pub async fn connect_to(address: SocketAddr, pin: &str, device: &Device) -> Self {
        let outbox = Outbox::new(device.id);
        let hello = hello(device, &outbox);
        Self::greet(address, pin, hello, outbox, BTreeMap::new()).await
    }

    /// Connects again with what this console holds.
    pub async fn reconnect(self, clinic: &Clinic, device: &Device) -> Self {
        self.reconnect_to(clinic.address, &clinic.pin, device).await
    }

    /// The same by address and pin.
    pub async fn reconnect_to(self, address: SocketAddr, pin: &str, device: &Device) -> Self {
        let mut hello = hello(device, &self.outbox);
        hello.epoch = Some(self.welcome.epoch);
        hello.cursor = self.cursor;
        hello.held = self.welcome.buckets;
        let cursor = self.cursor;
        drop(self.socket);
        let mut again = Self::greet(address, pin, hello, self.outbox, self.rows).await;
        again.cursor = cursor;
        again
    }

    async fn greet(
        address: SocketAddr,
        pin: &str,
        hello: Hello,
        outbox: Outbox,
        rows: BTreeMap<RowKey, Row>,
    ) -> Self {
        let held = hello.epoch.is_some();
        let mut socket = Socket::open(address, pin).await;
        socket.say(&ConsoleMessage::Hello(Box::new(hello))).await;
        let welcome = match socket.hear().await {
            Some(ServerMessage::Welcome(welcome)) => welcome,
            other => panic!("expected a welcome, not {other:?}"),
        };
        Self {
            socket,
            welcome,
            outbox,
            rows,
            cursor: 0,
            at_seq: 0,
            complete: held,
            snapshots: 0,
            compared: 0,
        }
    }

    /// The life of the server's database.
    pub fn epoch(&self) -> EpochId {
        self.welcome.epoch
    }

    /// Pushes envelopes and waits for as many decisions.
    pub async fn push(&mut self, envelopes: Vec<ByteBuf>) -> Vec<Receipt> {
        let count = envelopes.len();
        self.socket.say(&ConsoleMessage::Push { envelopes }).await;
        let mut receipts = Vec::new();
        while receipts.len() < count {
            match self.socket.hear().await.expect("the connection is open") {
                ServerMessage::Receipts { receipts: some } => receipts.extend(some),
                other => self.take(other).await,
            }
        }
        receipts
    }

    /// Pushes one envelope and waits for its decision.
    pub async fn push_one(&mut self, envelope: ByteBuf) -> Decision {
        self.push(vec![envelope]).await.remove(0).decision
    }

    /// Reads until the snapshot is complete and everything up to `head` is here.
    pub async fn catch_up(&mut self, head: u64) {
        while self.cursor < head || !self.complete {
            let message = self.socket.hear().await.expect("the connection is open");
            self.take(message).await;
        }
    }

    /// Applies what a console applies.
    pub async fn take(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::SnapshotBegin { at_seq, .. } => {
                self.at_seq = at_seq;
                self.snapshots += 1;
            }
            ServerMessage::SnapshotPage { rows, .. } => {
                for row in unpack::<Row>(&rows).unwrap() {
                    self.rows.insert(row.key(), row);
                }
                self.socket.say(&ConsoleMessage::PageStored {}).await;
            }
            ServerMessage::SnapshotEnd { at_seq } => {
                assert_eq!(at_seq, self.at_seq);
                self.cursor = at_seq;
                self.complete = true;
                self.socket
                    .say(&ConsoleMessage::Applied { cursor: at_seq })
                    .await;
            }
            ServerMessage::Changes(changes) => {
                assert_eq!(changes.from, self.cursor, "changes continue the cursor");
                for change in unpack::<RowChange>(&changes.rows).unwrap() {
                    match change.new {
                        Some(row) => self.rows.insert(change.key, row),
                        None => self.rows.remove(&change.key),
                    };
                }
                self.cursor = changes.to;
                for expected in &changes.checksums {
                    let mut own = Checksum::default();
                    for row in self.rows.values() {
                        if row.key().table.bucket() == expected.bucket {
                            own.add(row);
                        }
                    }
                    assert_eq!(
                        own, expected.checksum,
                        "{:?} at {}",
                        expected.bucket, self.cursor
                    );
                    self.compared += 1;
                }
                self.socket
                    .say(&ConsoleMessage::Applied { cursor: changes.to })
                    .await;
            }
            _ => {}
        }
    }

    /// Whether a client of this name is here.
    pub fn has_client(&self, name: &str) -> bool {
        self.rows
            .values()
            .any(|row| matches!(row, Row::Client(client) if client.name == name))
    }
}
