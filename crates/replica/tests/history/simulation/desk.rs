//! A console: its database, its replica, and the process that works on them.

use crate::model::Memory;
use crate::model::clinic::{action, actor, device, life, sign};
use domain::bucket::DeviceProfile;
use domain::codec;
use domain::envelope::{ActionId, Envelope};
use domain::id::IncarnationId;
use domain::store_port::OutboxState;
use replica::{EnqueueError, Replica};
use std::collections::BTreeSet;
use sync::console::{Input, Machine, OutboxItem};
use sync::standing::{Standing, StoreJob};

/// Names an action with its content: on an old copy of a disk, another one can be made under the same id.
pub type Name = (ActionId, [u8; 32]);

fn name(envelope: &[u8]) -> Name {
    let envelope: Envelope = codec::decode(envelope).unwrap();
    (envelope.id, envelope.hash())
}

pub struct Desk {
    number: u8,
    pub profile: DeviceProfile,
    pub db: Memory,
    replica: Replica,
    /// The running process, if it runs.
    pub machine: Option<Machine>,
    /// Counts processes: answers for an earlier one find nobody.
    pub process: u64,
    pub link: Option<usize>,
    marker: u8,
    lives: u8,
    /// Every action that a person was told is saved.
    pub made: BTreeSet<Name>,
    /// Every action that a person was told the server has done.
    pub acknowledged: BTreeSet<Name>,
    pub backup: Option<Memory>,
    pub fails_next: bool,
    pub mismatches: usize,
    pub unreadable: usize,
}

impl Desk {
    pub fn new(number: u8, profile: DeviceProfile) -> Self {
        Self {
            number,
            profile,
            db: Memory::holding(profile.buckets()),
            replica: Replica::new(),
            machine: None,
            process: 0,
            link: None,
            marker: 0,
            lives: 0,
            made: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            backup: None,
            fails_next: false,
            mismatches: 0,
            unreadable: 0,
        }
    }

    fn fresh(&mut self) -> IncarnationId {
        self.lives += 1;
        life(self.number * 60 + self.lives % 60)
    }

    /// Starts the process on what the disk holds.
    pub fn start(&mut self) -> Standing {
        self.process += 1;
        self.machine = Some(Machine::new());
        self.replica = Replica::new();
        self.link = None;
        let fresh = self.fresh();
        let marker = [self.marker];
        self.replica
            .open(&mut self.db, device(self.number), &marker, fresh)
            .unwrap();
        self.replica.standing(&mut self.db).unwrap()
    }

    /// The process ends without warning.
    pub fn crash(&mut self) {
        self.machine = None;
        self.process += 1;
        self.link = None;
    }

    /// The disk is replaced by an old copy of itself, noticed (another marker beside it) or not.
    pub fn restore(&mut self, noticed: bool, applied: impl Fn(&Name) -> bool) {
        let Some(old) = self.backup.clone() else {
            return;
        };
        self.db = old;
        self.marker += u8::from(noticed);
        // What was made since and never left this disk is gone with it, as are refusals that waited for a person on it;
        // nothing can bring them back.
        let kept: BTreeSet<Name> = self.outbox().map(|(name, _)| name).collect();
        self.made.retain(|one| kept.contains(one) || applied(one));
    }

    /// What is in the outbox, and whether it waits for a person.
    pub fn outbox(&self) -> impl Iterator<Item = (Name, bool)> {
        self.db.outbox.values().map(|entry| {
            let parked = matches!(entry.state, OutboxState::Parked(_));
            (name(&entry.envelope), parked)
        })
    }

    pub fn act(&mut self, bytes: [u8; 6], at: i64) -> bool {
        let kept = self.db.clone();
        let who = actor(bytes[5], at);
        match self
            .replica
            .enqueue(&mut self.db, &action(bytes), who, &sign)
        {
            Ok(done) => {
                self.made
                    .insert(name(&self.db.outbox[&done.position].envelope));
                true
            }
            Err(EnqueueError::Refused(_)) => {
                assert!(self.db == kept, "a refusal leaves nothing behind");
                false
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub fn load(&mut self, after: u64, limit: usize) -> Vec<OutboxItem> {
        self.replica.to_send(&mut self.db, after, limit).unwrap()
    }

    /// Runs a storage job in one transaction, or fails and leaves nothing behind.
    pub fn store(&mut self, job: &StoreJob) -> Input {
        let fresh = self.fresh();
        let before = self.db.clone();
        let (answer, report) = self.replica.run(&mut self.db, job, fresh).unwrap();
        if std::mem::take(&mut self.fails_next) {
            self.db = before;
            return Input::StoreFailed;
        }
        for position in report.done {
            self.acknowledged
                .insert(name(&before.outbox[&position].envelope));
        }
        Input::Stored(answer)
    }

    /// Whether nothing waits but what waits for a person.
    pub fn is_settled(&self) -> bool {
        self.outbox().all(|(_, parked)| parked)
    }
}
