//! What a console must be sent as a snapshot before it can follow the log.
//!
//! Pages are read as the rows stand at that moment, not as they stood at one place in the order: changes from `at_seq` on
//! follow in any case, and bring every row to its newest state whatever the pages held. So a snapshot needs no long
//! transaction on the server, and an interrupted one goes on where it stopped, on any server node.

use super::Session;
use crate::message::{Hello, SnapshotMark};
use domain::bucket::{Bucket, BucketSet};
use domain::row::RowKey;

/// A snapshot under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Plan {
    pub(super) at_seq: u64,
    pub(super) left: BucketSet,
    pub(super) after: Option<RowKey>,
    pub(super) resumed: bool,
    /// Pages sent and not yet stored.
    pub(super) unstored: usize,
}

impl Plan {
    pub(super) fn fresh(at_seq: u64, left: BucketSet) -> Self {
        Self {
            at_seq,
            left,
            after: None,
            resumed: false,
            unstored: 0,
        }
    }

    /// What the greeting asks for; `None` when the console can follow the log from its cursor.
    pub(super) fn for_greeting(hello: &Hello, session: &Session) -> Option<Self> {
        let everything = Self::fresh(session.head, session.buckets);
        let mark_seq = hello.snapshot.as_ref().map_or(0, |mark| mark.at_seq);
        if hello.epoch != Some(session.epoch)
            || hello.cursor > session.head
            || mark_seq > session.head
        {
            return Some(everything);
        }
        let missing = minus(session.buckets, hello.held);
        let none = BucketSet::default();
        match &hello.snapshot {
            Some(mark) if missing == none => Some(Self::resumed(mark, session.buckets)),
            Some(mark) => Some(Self::fresh(
                mark.at_seq,
                union(missing, common(mark.left, session.buckets)),
            )),
            None if missing == none => None,
            // Nothing is held yet: the newest rows alone are shorter than the whole log, which need not reach back to the
            // rows a clinic was founded with.
            None if missing == session.buckets => Some(everything),
            None => Some(Self::fresh(hello.cursor, missing)),
        }
    }

    fn resumed(mark: &SnapshotMark, allowed: BucketSet) -> Self {
        let left = common(mark.left, allowed);
        Self {
            at_seq: mark.at_seq,
            left,
            // The place belongs to the first bucket left, which may have been taken away meanwhile.
            after: mark
                .after
                .filter(|key| left.iter().next() == Some(key.table.bucket())),
            resumed: true,
            unstored: 0,
        }
    }

    /// The bucket that pages are read of now.
    pub(super) fn current(&self) -> Option<Bucket> {
        self.left.iter().next()
    }

    /// A page of the current bucket was sent.
    pub(super) fn sent(&mut self, bucket: Bucket, last_key: Option<RowKey>, last: bool) {
        self.unstored += 1;
        if last {
            self.left = minus(self.left, [bucket].into_iter().collect());
            self.after = None;
        } else {
            self.after = last_key;
        }
    }
}

/// What is in `one` and not in `other`.
pub(super) fn minus(one: BucketSet, other: BucketSet) -> BucketSet {
    one.iter()
        .filter(|bucket| !other.contains(*bucket))
        .collect()
}

/// What is in both.
pub(super) fn common(one: BucketSet, other: BucketSet) -> BucketSet {
    one.iter()
        .filter(|bucket| other.contains(*bucket))
        .collect()
}

fn union(one: BucketSet, other: BucketSet) -> BucketSet {
    one.iter().chain(other.iter()).collect()
}
