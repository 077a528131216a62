//! The server: its database, and the real authority over it.

use super::desk::Name;
use crate::model::Memory;
use crate::model::clinic::{founding_rows, sign};
use domain::bucket::{BucketSet, DeviceProfile};
use domain::codec;
use domain::envelope::Envelope;
use domain::id::DeviceId;
use domain::row::{Row, RowChange};
use domain::store_port::{AuthorityStore, Decision, RowStore};
use domain::time::Timestamp;
use server::authority::{Outcome, Pusher, execute};
use sync::message::{BucketChecksum, EpochId, RefusalCause};
use sync::packed::pack;
use sync::server::{ChangesRead, Effect, Input, Session, Verdict};
use testkit::dice::Dice;

pub struct House {
    pub db: Memory,
    pub is_up: bool,
    /// Every action that was applied, in the order of their places.
    pub applied: Vec<Envelope>,
}

impl House {
    pub fn new() -> Self {
        let mut db = Memory::holding(BucketSet::all());
        for row in founding_rows() {
            db.write(&RowChange::put(row)).unwrap();
        }
        Self {
            db,
            is_up: true,
            applied: Vec::new(),
        }
    }

    pub fn head(&mut self) -> u64 {
        self.db.head().unwrap()
    }

    /// Whether this very action was applied.
    pub fn has_applied(&self, (id, hash): &Name) -> bool {
        let decided = self.db.decisions.get(id);
        decided.is_some_and(|(known, decision)| {
            known == hash && matches!(decision, Decision::Applied { .. })
        })
    }

    /// Does what a connection asks for, in one transaction.
    pub fn serve(&mut self, effect: Effect, profile: DeviceProfile, dice: &mut Dice) -> Input {
        let few = 1 + dice.index(12);
        match effect {
            Effect::Verify(hello) => Input::Admitted(Session {
                device: hello.device,
                buckets: profile.buckets(),
                token_lives_ms: 900_000,
                epoch: EpochId([1; 16]),
                head: self.head(),
                executed_through: self
                    .db
                    .last_sequence(hello.device, hello.incarnation)
                    .unwrap(),
                rows: 0,
                server_time: Timestamp(0),
            }),
            Effect::VerifyToken(_) => Input::TokenRenewed { lives_ms: 900_000 },
            Effect::Execute { envelopes } => self.decide(&envelopes),
            Effect::ReadChanges {
                from,
                buckets,
                limit,
            } => self.changes(from, buckets, limit.min(few)),
            Effect::ReadSnapshotPage {
                bucket,
                after,
                limit,
            } => {
                let limit = limit.min(few);
                let rows = self.db.snapshot_page(bucket, after, limit).unwrap();
                Input::SnapshotPage {
                    last_key: rows.last().map(Row::key),
                    complete: rows.len() < limit,
                    rows: pack(&rows).unwrap(),
                }
            }
            other => panic!("{other:?}"),
        }
    }

    fn changes(&mut self, from: u64, buckets: BucketSet, limit: usize) -> Input {
        let head = self.head();
        let (changes, to) = self.db.changes_since(from, buckets, limit).unwrap();
        let mut checksums = Vec::new();
        if to >= head {
            for bucket in buckets.iter() {
                let checksum = AuthorityStore::checksum(&mut self.db, bucket).unwrap();
                checksums.push(BucketChecksum { bucket, checksum });
            }
        }
        Input::Changes(ChangesRead {
            from,
            to,
            head,
            rows: pack(&changes).unwrap(),
            checksums,
        })
    }

    fn decide(&mut self, envelopes: &[Vec<u8>]) -> Input {
        let mut verdicts = Vec::new();
        for bytes in envelopes {
            let envelope: Envelope = codec::decode(bytes).unwrap();
            let device: DeviceId = envelope.id.device;
            let now = Timestamp(0);
            let verify = |_: &[u8], signed: &[u8], signature: &[u8]| sign(signed) == signature;
            let outcome = execute(&mut self.db, bytes, Pusher { device, now }, &verify).unwrap();
            verdicts.push(match outcome {
                Outcome::Decided {
                    id,
                    decision,
                    fresh,
                } => {
                    if fresh && matches!(decision, Decision::Applied { .. }) {
                        self.applied.push(envelope);
                    }
                    Verdict::Decided {
                        incarnation: id.incarnation,
                        sequence: id.sequence,
                        decision,
                    }
                }
                Outcome::Gap { id, expected } => Verdict::Gap {
                    incarnation: id.incarnation,
                    expected,
                },
                Outcome::Forked { id } => Verdict::Forked {
                    incarnation: id.incarnation,
                    sequence: id.sequence,
                },
                Outcome::Malformed => return Input::End(RefusalCause::ForeignDevice),
            });
        }
        Input::Executed(verdicts)
    }
}
