//! Random histories of one console and its server, against plain re-execution.

use crate::model::Memory;
use crate::model::clinic::{action, actor, device, founding_rows, life, sign};
use domain::bucket::BucketSet;
use domain::codec;
use domain::envelope::{ActionId, Envelope};
use domain::id::DeviceId;
use domain::row::RowChange;
use domain::store_port::{
    AuthorityStore, Decision, Executed, OutboxState, ReplicaStore, RowStore, RunError, evaluate,
};
use domain::time::Timestamp;
use proptest::prelude::*;
use replica::{EnqueueError, Replica};
use std::collections::BTreeMap;
use sync::message::BucketChecksum;
use sync::standing::{Batch, Settled};

/// Decides as a server does, without checking signatures and chains.
fn decide(server: &mut Memory, envelope: &Envelope) -> Decision {
    if let Some((_, decision)) = server.decision(envelope.id).unwrap() {
        return decision;
    }
    let action = envelope.action().unwrap();
    let mut changed = Vec::new();
    let decision = match evaluate(server, &action, envelope.acting()) {
        Ok(effects) => {
            for change in &effects.changes {
                server.write(change).unwrap();
                changed.push(change.key);
            }
            Decision::Applied {
                seq: server.next_seq().unwrap(),
            }
        }
        Err(RunError::Refused(domain::action::Refusal::Rejected(reason))) => {
            Decision::Rejected { reason }
        }
        Err(other) => panic!("{other}"),
    };
    let executed = Executed {
        id: envelope.id,
        actor: envelope.actor,
        name: &envelope.name,
        hash: envelope.hash(),
        at: envelope.at,
        received_at: envelope.at,
        decision: decision.clone(),
    };
    server.record(&executed, &changed).unwrap();
    decision
}

struct World {
    server: Memory,
    console: Memory,
    replica: Replica,
    receipts: BTreeMap<u64, Decision>,
    pushed: u64,
    clock: i64,
    cursor: u64,
    executions: usize,
}

impl World {
    fn new(held: BucketSet) -> Self {
        let mut server = Memory::holding(BucketSet::all());
        let mut console = Memory::holding(held);
        for row in founding_rows() {
            server.write(&RowChange::put(row.clone())).unwrap();
            console.write(&RowChange::put(row)).unwrap();
        }
        let mut replica = Replica::new();
        replica
            .open(&mut console, device(1), b"marker", life(1))
            .unwrap();
        Self {
            server,
            console,
            replica,
            receipts: BTreeMap::new(),
            pushed: 0,
            clock: 0,
            cursor: 0,
            executions: 0,
        }
    }

    fn enqueue(&mut self, bytes: [u8; 6]) -> bool {
        self.clock += 1;
        let taken = self.replica.enqueue(
            &mut self.console,
            &action(bytes),
            actor(bytes[5], self.clock),
            &sign,
        );
        match taken {
            Ok(_) => true,
            Err(EnqueueError::Refused(_)) => false,
            Err(other) => panic!("{other}"),
        }
    }

    fn elsewhere(&mut self, bytes: [u8; 6]) {
        self.clock += 1;
        let other: DeviceId = device(2);
        let incarnation = life(2);
        let id = ActionId {
            device: other,
            incarnation,
            sequence: self.server.last_sequence(other, incarnation).unwrap() + 1,
        };
        let who = actor(bytes[5], self.clock);
        let envelope = Envelope::unsigned(id, who.at, who.staff, &action(bytes), [0; 32]);
        decide(&mut self.server, &envelope);
    }

    fn push(&mut self, most: usize) {
        let items = self
            .replica
            .to_send(&mut self.console, self.pushed, most)
            .unwrap();
        for item in items {
            let envelope: Envelope = codec::decode(&item.envelope).unwrap();
            self.receipts
                .insert(item.position, decide(&mut self.server, &envelope));
            self.pushed = item.position;
        }
    }

    fn next_batch(&mut self, limit: usize) -> Batch {
        let held = self.console.held();
        let (changes, to) = self.server.changes_since(self.cursor, held, limit).unwrap();
        let settled = self
            .receipts
            .iter()
            .filter(|(_, decision)| !matches!(decision, Decision::Applied { seq } if *seq > to))
            .map(|(position, decision)| Settled {
                position: *position,
                decision: decision.clone(),
            })
            .collect();
        let checksums = if to == self.server.head().unwrap() {
            held.iter()
                .map(|bucket| BucketChecksum {
                    bucket,
                    checksum: AuthorityStore::checksum(&mut self.server, bucket).unwrap(),
                })
                .collect()
        } else {
            Vec::new()
        };
        Batch {
            from: self.cursor,
            to,
            changes,
            settled,
            checksums,
        }
    }

    fn pull(&mut self, limit: usize) {
        let batch = self.next_batch(limit);
        for one in &batch.settled {
            self.receipts.remove(&one.position);
        }
        let report = self.replica.apply_batch(&mut self.console, &batch).unwrap();
        assert_eq!(report.mismatched, BucketSet::default());
        self.executions += report.executions;
        self.cursor = batch.to;
    }

    /// The rows and states are what executing everything pending in order over the confirmed rows gives.
    fn check(&self) {
        let mut plain = Memory::holding(self.console.held);
        plain.rows = self.console.confirmed();
        let mut touched = std::collections::BTreeSet::new();
        for entry in self.console.outbox.values() {
            let envelope: Envelope = codec::decode(&entry.envelope).unwrap();
            let expected = match &entry.state {
                OutboxState::Parked(_) => continue,
                _ => evaluate(&mut plain, &envelope.action().unwrap(), envelope.acting()),
            };
            match expected {
                Ok(effects) => {
                    assert_eq!(entry.state, OutboxState::Pending, "{}", entry.sequence);
                    assert_eq!(entry.provisional, effects.provisional);
                    for change in effects.changes {
                        if plain.held.contains(change.key.table.bucket()) {
                            touched.insert(change.key);
                        }
                        plain.write(&change).unwrap();
                    }
                }
                Err(RunError::Refused(domain::action::Refusal::Rejected(reason))) => {
                    assert_eq!(
                        entry.state,
                        OutboxState::Unfitting(reason),
                        "{}",
                        entry.sequence
                    );
                    assert!(entry.touched.is_empty());
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(plain.rows, self.console.rows);
        assert_eq!(touched, self.console.images.keys().copied().collect());
    }

    fn catch_up(&mut self) {
        self.push(usize::MAX);
        while self.cursor < self.server.head().unwrap() {
            self.pull(7);
        }
        self.pull(7);
        self.check();
        let mut theirs = self.server.rows.clone();
        theirs.retain(|key, _| self.console.held.contains(key.table.bucket()));
        assert_eq!(self.console.rows, theirs);
        assert!(
            self.console
                .outbox
                .values()
                .all(|entry| matches!(entry.state, OutboxState::Parked(_)))
        );
    }
}

#[derive(Clone, Debug)]
enum Step {
    Enqueue([u8; 6]),
    Elsewhere([u8; 6]),
    Push(usize),
    Pull(usize),
    Restart,
    RolledBack([u8; 6], usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<[u8; 6]>().prop_map(Step::Enqueue),
        4 => any::<[u8; 6]>().prop_map(Step::Elsewhere),
        1 => (1..6_usize).prop_map(Step::Push),
        2 => (1..9_usize).prop_map(Step::Pull),
        1 => Just(Step::Restart),
        1 => (any::<[u8; 6]>(), 1..6_usize).prop_map(|(a, n)| Step::RolledBack(a, n)),
    ];
    proptest::collection::vec(step, 1..80)
}

fn run(held: BucketSet, steps: Vec<Step>) {
    let mut world = World::new(held);
    for step in steps {
        match step {
            Step::Enqueue(bytes) => {
                world.enqueue(bytes);
            }
            Step::Elsewhere(bytes) => world.elsewhere(bytes),
            Step::Push(most) => world.push(most),
            Step::Pull(limit) => world.pull(limit),
            Step::Restart => world.replica = Replica::new(),
            Step::RolledBack(bytes, limit) => {
                let before = world.console.clone();
                world.enqueue(bytes);
                let batch = world.next_batch(limit);
                world
                    .replica
                    .apply_batch(&mut world.console, &batch)
                    .unwrap();
                world.console = before;
            }
        }
        world.check();
    }
    world.catch_up();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_what_executing_everything_pending_over_the_confirmed_rows_gives(steps in steps()) {
        run(BucketSet::all(), steps);
    }

    #[test]
    fn the_same_holds_for_a_front_desk_that_may_not_hold_everything(steps in steps()) {
        run(domain::bucket::DeviceProfile::Reception.buckets(), steps);
    }
}

/// A booking on a quiet day by somebody; `n` makes it distinct.
fn booking(n: u8, day: u8) -> [u8; 6] {
    [3, n, n % 6, 0, day, n]
}

#[test]
fn an_acknowledgement_that_brings_what_is_seen_already_runs_nothing_again() {
    let mut world = World::new(BucketSet::all());
    for n in 0..6 {
        assert!(world.enqueue([0, n, 0, 1, 0, 0]));
    }
    for n in 0..6 {
        assert!(world.enqueue(booking(n, 0)));
    }
    world.catch_up();
    assert_eq!(world.executions, 0);
    assert!(world.console.outbox.is_empty() && world.console.images.is_empty());
}

#[test]
fn only_what_meets_the_change_runs_again() {
    let mut world = World::new(BucketSet::all());
    for n in 0..6 {
        assert!(world.enqueue([0, n, 0, 1, 0, 0]));
    }
    world.catch_up();
    for n in 0..4 {
        assert!(world.enqueue(booking(n, n % 2)));
    }
    // Somebody else books the other person's other room on the first day: only the same person's or room's day meets it.
    world.elsewhere([3, 9, 0, 0, 0, 5]);
    world.pull(10);
    world.check();
    assert_eq!(world.executions, 2);
}

#[test]
fn a_refused_action_is_parked_with_its_dependents_and_none_is_lost() {
    let mut world = World::new(BucketSet::all());
    assert!(world.enqueue([0, 0, 0, 0, 0, 0]));
    assert!(world.enqueue(booking(0, 0)));
    assert!(world.enqueue([0, 1, 1, 1, 0, 0]));
    // The same CPF under another client, meanwhile.
    world.elsewhere([0, 5, 0, 0, 0, 0]);
    world.catch_up();
    let parked = world.replica.parked(&mut world.console).unwrap();
    let positions: Vec<u64> = parked.iter().map(|one| one.position).collect();
    assert_eq!(positions, [1, 2]);
    assert!(parked.iter().all(|one| one.action().is_some()));

    // The person edits the first one and does it again; the second one follows as it was.
    let again = action([0, 0, 0, 1, 0, 0]);
    let who = actor(0, 100);
    let first = world
        .replica
        .retry(&mut world.console, 1, &again, who, &sign)
        .unwrap();
    let booking = parked[1].action().unwrap();
    world
        .replica
        .retry(&mut world.console, 2, &booking, who, &sign)
        .unwrap();
    assert_eq!(first.position, 4);
    world.check();
    world.catch_up();
    assert!(world.console.outbox.is_empty());
}

#[test]
fn only_a_parked_action_can_be_discarded() {
    let mut world = World::new(BucketSet::all());
    assert!(world.enqueue([0, 0, 0, 0, 0, 0]));
    assert!(world.replica.discard(&mut world.console, 1).is_err());
    world.elsewhere([0, 5, 0, 0, 0, 0]);
    world.catch_up();
    world.replica.discard(&mut world.console, 1).unwrap();
    assert!(world.console.outbox.is_empty());
}

#[test]
fn a_batch_that_does_not_continue_the_cursor_changes_nothing() {
    let mut world = World::new(BucketSet::all());
    world.elsewhere([0, 5, 0, 0, 0, 0]);
    let mut batch = world.next_batch(10);
    batch.from = 7;
    batch.to = 8;
    let before = world.console.clone();
    assert!(
        world
            .replica
            .apply_batch(&mut world.console, &batch)
            .is_err()
    );
    assert_eq!(before, world.console);
}

#[test]
fn a_receipt_ahead_of_its_rows_leaves_the_action_in_the_outbox() {
    let mut world = World::new(BucketSet::all());
    assert!(world.enqueue([0, 0, 0, 0, 0, 0]));
    let batch = Batch {
        settled: vec![Settled {
            position: 1,
            decision: Decision::Applied { seq: 1 },
        }],
        ..Batch::default()
    };
    world
        .replica
        .apply_batch(&mut world.console, &batch)
        .unwrap();
    assert_eq!(world.console.outbox.len(), 1);
    world.check();
}

#[test]
fn a_restored_backup_goes_on_under_a_new_incarnation_and_keeps_what_waited() {
    let mut world = World::new(BucketSet::all());
    assert!(world.enqueue([0, 0, 0, 1, 0, 0]));
    let mut replica = Replica::new();
    let opened = replica
        .open(&mut world.console, device(1), b"another marker", life(9))
        .unwrap();
    assert_eq!(opened, replica::Opened::Forked);
    world.replica = replica;
    assert!(world.enqueue([0, 1, 0, 1, 0, 0]));
    let ids: Vec<ActionId> = world
        .replica
        .to_send(&mut world.console, 0, 10)
        .unwrap()
        .iter()
        .map(|item| codec::decode::<Envelope>(&item.envelope).unwrap().id)
        .collect();
    assert_eq!(
        ids.iter()
            .map(|id| (id.incarnation, id.sequence))
            .collect::<Vec<_>>(),
        [(life(1), 1), (life(9), 1)]
    );
    let chain: Vec<Envelope> = world
        .console
        .outbox
        .values()
        .map(|entry| codec::decode(&entry.envelope).unwrap())
        .collect();
    assert_eq!(chain[1].previous, [0; 32]);
    assert_eq!(
        Replica::new()
            .open(&mut world.console, device(1), b"another marker", life(10))
            .unwrap(),
        replica::Opened::Same
    );
    world.catch_up();
}

#[test]
fn every_action_continues_the_chain_of_hashes() {
    let mut world = World::new(BucketSet::all());
    for n in 0..4 {
        assert!(world.enqueue([0, n, 0, 1, 0, 0]));
    }
    let mut previous = [0; 32];
    for entry in world.console.outbox_from(0).unwrap() {
        let envelope: Envelope = codec::decode(&entry.envelope).unwrap();
        assert_eq!(envelope.previous, previous);
        assert_eq!(envelope.id.sequence, entry.sequence);
        assert_eq!(envelope.signature, sign(&envelope.signed_bytes()));
        previous = envelope.hash();
    }
}

#[test]
fn server_time_is_kept_for_the_key_lease() {
    let mut world = World::new(BucketSet::all());
    let job = sync::standing::StoreJob::Adopt {
        epoch: sync::message::EpochId([1; 16]),
        buckets: BucketSet::all(),
        server_time: Timestamp(77),
    };
    world
        .replica
        .run(&mut world.console, &job, life(3))
        .unwrap();
    let progress = world.replica.progress(&mut world.console).unwrap();
    assert_eq!(progress.server_time, Some(Timestamp(77)));
}
