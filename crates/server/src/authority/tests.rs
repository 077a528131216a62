//! The rules of [`super::execute`], over a store in memory whose signatures are keyed hashes.

use super::*;
use domain::action::RegisterClient;
use domain::bucket::{Bucket, BucketSet};
use domain::id::{ClientId, IncarnationId, StaffId};
use domain::read::{Answer, Read};
use domain::role::Role;
use domain::row::RowChange;
use domain::store_port::{Checksum, RowStore};
use std::collections::BTreeMap;
use std::convert::Infallible;
use uuid::Uuid;

#[derive(Default)]
struct Memory {
    rows: BTreeMap<RowKey, Row>,
    decided: BTreeMap<ActionId, ([u8; 32], Decision)>,
    seq: u64,
}

impl RowStore for Memory {
    type Error = Infallible;
    fn held(&self) -> BucketSet {
        BucketSet::all()
    }
    fn read(&mut self, read: &Read) -> Result<Answer, Infallible> {
        Ok(match read {
            Read::Row(key) => match self.rows.get(key) {
                Some(row) => Answer::Known(vec![row.clone()]),
                None => Answer::Absent,
            },
            range => Answer::Known(
                self.rows
                    .values()
                    .filter(|row| range.concerns(row))
                    .cloned()
                    .collect(),
            ),
        })
    }
    fn row(&mut self, key: &RowKey) -> Result<Option<Row>, Infallible> {
        Ok(self.rows.get(key).cloned())
    }
    fn write(&mut self, change: &RowChange) -> Result<(), Infallible> {
        match &change.new {
            Some(row) => self.rows.insert(change.key, row.clone()),
            None => self.rows.remove(&change.key),
        };
        Ok(())
    }
}

impl AuthorityStore for Memory {
    fn decision(&mut self, id: ActionId) -> Result<Option<([u8; 32], Decision)>, Infallible> {
        Ok(self.decided.get(&id).cloned())
    }
    fn last_sequence(
        &mut self,
        device: DeviceId,
        incarnation: IncarnationId,
    ) -> Result<u64, Infallible> {
        Ok(self
            .decided
            .keys()
            .filter(|id| id.device == device && id.incarnation == incarnation)
            .map(|id| id.sequence)
            .max()
            .unwrap_or(0))
    }
    fn next_seq(&mut self) -> Result<u64, Infallible> {
        self.seq += 1;
        Ok(self.seq)
    }
    fn record(&mut self, executed: &Executed<'_>, _changed: &[RowKey]) -> Result<(), Infallible> {
        self.decided
            .insert(executed.id, (executed.hash, executed.decision.clone()));
        Ok(())
    }
    fn head(&mut self) -> Result<u64, Infallible> {
        Ok(self.seq)
    }
    fn changes_since(
        &mut self,
        _cursor: u64,
        _buckets: BucketSet,
        _limit: usize,
    ) -> Result<(Vec<RowChange>, u64), Infallible> {
        unreachable!("deciding reads no changes")
    }
    fn snapshot_page(
        &mut self,
        _bucket: Bucket,
        _after: Option<RowKey>,
        _limit: usize,
    ) -> Result<Vec<Row>, Infallible> {
        unreachable!("deciding reads no snapshot")
    }
    fn checksum(&mut self, _bucket: Bucket) -> Result<Checksum, Infallible> {
        unreachable!("deciding reads no checksum")
    }
}

fn keyed(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    blake3::Hasher::new()
        .update(key)
        .update(bytes)
        .finalize()
        .as_bytes()
        .to_vec()
}

fn verify(key: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
    keyed(key, bytes) == signature
}

const RECEPTIONIST: StaffId = StaffId(Uuid::from_u128(1));
const CONSOLE: DeviceId = DeviceId(Uuid::from_u128(2));
const LIFE: IncarnationId = IncarnationId(Uuid::from_u128(3));
const KEY: &[u8] = b"the receptionist's key";

fn clinic() -> Memory {
    let mut memory = Memory::default();
    memory
        .write(&RowChange::put(Staff {
            id: RECEPTIONIST,
            name: "Bia".to_owned(),
            roles: vec![Role::Reception],
            council: None,
            color: 0,
            active: true,
            takes_appointments: false,
            signing_public: KEY.to_vec(),
            credential: Vec::new(),
        }))
        .unwrap();
    memory
}

/// An outbox that makes a chain of envelopes.
struct Outbox {
    sequence: u64,
    previous: [u8; 32],
}

impl Outbox {
    fn new() -> Self {
        Self {
            sequence: 0,
            previous: [0; 32],
        }
    }

    fn make(&mut self, action: impl Into<Action>) -> Envelope {
        self.sequence += 1;
        let id = ActionId {
            device: CONSOLE,
            incarnation: LIFE,
            sequence: self.sequence,
        };
        let at = Timestamp(-5_000_000);
        let mut envelope = Envelope::unsigned(id, at, RECEPTIONIST, &action.into(), self.previous);
        sign(&mut envelope);
        self.previous = envelope.hash();
        envelope
    }
}

fn sign(envelope: &mut Envelope) {
    envelope.signature = keyed(KEY, &envelope.signed_bytes());
}

fn register(number: u128, name: &str) -> RegisterClient {
    RegisterClient {
        id: ClientId(Uuid::from_u128(number)),
        name: name.to_owned(),
        social_name: None,
        cpf: None,
        phone: None,
        email: None,
        birth_date: None,
    }
}

fn push(memory: &mut Memory, envelope: &Envelope) -> Outcome {
    let pusher = Pusher {
        device: CONSOLE,
        now: Timestamp(1_000),
    };
    execute(memory, &codec::encode(envelope), pusher, &verify).unwrap()
}

fn decision(outcome: &Outcome) -> &Decision {
    match outcome {
        Outcome::Decided { decision, .. } => decision,
        other => panic!("not decided: {other:?}"),
    }
}

#[test]
fn the_same_envelope_is_executed_once_and_answered_the_same_for_ever() {
    let mut memory = clinic();
    let envelope = Outbox::new().make(register(10, "Ana"));
    let first = push(&mut memory, &envelope);
    let rows = memory.rows.clone();
    let again = push(&mut memory, &envelope);
    assert_eq!(decision(&first), &Decision::Applied { seq: 1 });
    assert_eq!(decision(&again), decision(&first));
    assert!(matches!(again, Outcome::Decided { fresh: false, .. }));
    assert_eq!(memory.rows, rows);
    assert_eq!(memory.seq, 1);
}

#[test]
fn other_content_under_a_decided_id_is_a_fork_and_changes_nothing() {
    let mut memory = clinic();
    push(&mut memory, &Outbox::new().make(register(10, "Ana")));
    let rows = memory.rows.clone();
    let clone = Outbox::new().make(register(11, "Eva"));
    assert!(matches!(push(&mut memory, &clone), Outcome::Forked { .. }));
    assert_eq!(memory.rows, rows);
}

#[test]
fn a_chain_that_does_not_continue_is_a_fork() {
    let mut memory = clinic();
    let mut own = Outbox::new();
    push(&mut memory, &own.make(register(10, "Ana")));
    let mut cloned = Outbox::new();
    cloned.make(register(11, "Eva"));
    let second = cloned.make(register(12, "Lia"));
    assert!(matches!(push(&mut memory, &second), Outcome::Forked { .. }));
    assert_eq!(
        decision(&push(&mut memory, &own.make(register(13, "Rui")))),
        &Decision::Applied { seq: 2 }
    );
}

#[test]
fn a_gap_is_not_executed_but_asked_for_again() {
    let mut memory = clinic();
    let mut outbox = Outbox::new();
    let first = outbox.make(register(10, "Ana"));
    let second = outbox.make(register(11, "Eva"));
    assert_eq!(
        push(&mut memory, &second),
        Outcome::Gap {
            id: second.id,
            expected: 1
        }
    );
    push(&mut memory, &first);
    assert_eq!(
        decision(&push(&mut memory, &second)),
        &Decision::Applied { seq: 2 }
    );
}

#[test]
fn a_refusal_is_recorded_takes_no_place_and_blocks_nothing() {
    let mut memory = clinic();
    let mut outbox = Outbox::new();
    let bad = outbox.make(register(10, "   "));
    let good = outbox.make(register(11, "Eva"));
    let refused = push(&mut memory, &bad);
    assert_eq!(
        decision(&refused),
        &Decision::Rejected {
            reason: Rejection::invalid("name")
        }
    );
    assert_eq!(decision(&push(&mut memory, &bad)), decision(&refused));
    assert_eq!(
        decision(&push(&mut memory, &good)),
        &Decision::Applied { seq: 1 }
    );
    assert_eq!(memory.rows.len(), 2);
}

#[test]
fn unknown_actions_and_unreadable_bodies_are_refused_once_and_never_loop() {
    let mut memory = clinic();
    let mut outbox = Outbox::new();
    for (name, body, reason) in [
        ("levitate@1", vec![], Rejection::UnknownAction),
        ("register_client@9", vec![], Rejection::UnknownAction),
        (
            "register_client@1",
            vec![0xff, 0],
            Rejection::invalid("action"),
        ),
    ] {
        let mut envelope = outbox.make(register(10, "Ana"));
        envelope.name = name.to_owned();
        envelope.body = body;
        sign(&mut envelope);
        outbox.previous = envelope.hash();
        let refused = Decision::Rejected { reason };
        assert_eq!(decision(&push(&mut memory, &envelope)), &refused);
        assert_eq!(decision(&push(&mut memory, &envelope)), &refused);
    }
    let next = outbox.make(register(10, "Ana"));
    assert_eq!(
        decision(&push(&mut memory, &next)),
        &Decision::Applied { seq: 1 }
    );
}

#[test]
fn an_actor_who_did_not_sign_or_does_not_exist_is_refused() {
    let forged = Decision::Rejected {
        reason: Rejection::ForgedActor,
    };
    let mut memory = clinic();
    let mut outbox = Outbox::new();
    let mut unsigned = outbox.make(register(10, "Ana"));
    unsigned.signature = vec![7; 32];
    outbox.previous = unsigned.hash();
    assert_eq!(decision(&push(&mut memory, &unsigned)), &forged);
    let mut stranger = outbox.make(register(11, "Eva"));
    stranger.actor = StaffId(Uuid::from_u128(99));
    sign(&mut stranger);
    assert_eq!(decision(&push(&mut memory, &stranger)), &forged);
    assert_eq!(memory.rows.len(), 1);
}

#[test]
fn another_devices_envelope_and_noise_are_not_even_recorded() {
    let mut memory = clinic();
    let mut foreign = Outbox::new().make(register(10, "Ana"));
    foreign.id.device = DeviceId(Uuid::from_u128(77));
    sign(&mut foreign);
    assert_eq!(push(&mut memory, &foreign), Outcome::Malformed);
    let pusher = Pusher {
        device: CONSOLE,
        now: Timestamp(0),
    };
    for noise in [&b""[..], b"\xff\xff", b"not an envelope"] {
        let outcome = execute(&mut memory, noise, pusher, &verify).unwrap();
        assert_eq!(outcome, Outcome::Malformed);
    }
    assert!(memory.decided.is_empty());
}
