//! What happens while everything goes well.

use super::super::Verdict;
use super::*;
use crate::message::SnapshotMark;
use domain::bucket::Bucket;
use domain::rejection::Rejection;
use domain::row::RowKey;
use domain::store_port::Decision;

fn decided(sequence: u64, decision: Decision) -> Verdict {
    Verdict::Decided {
        incarnation: LIFE,
        sequence,
        decision,
    }
}

fn applied(sequence: u64, seq: u64) -> Verdict {
    decided(sequence, Decision::Applied { seq })
}

/// The bucket and place that a page is to be read of.
fn paging(effects: &[Effect]) -> Option<(Bucket, Option<RowKey>)> {
    effects.iter().find_map(|effect| match effect {
        Effect::ReadSnapshotPage { bucket, after, .. } => Some((*bucket, *after)),
        _ => None,
    })
}

/// What the snapshot begins with, if there is one: its place, its buckets, and whether it goes on.
fn begun(effects: &[Effect]) -> Option<(u64, BucketSet, bool)> {
    sent(effects).into_iter().find_map(|message| match message {
        ServerMessage::SnapshotBegin {
            at_seq,
            buckets,
            resumed,
            ..
        } => Some((at_seq, buckets, resumed)),
        _ => None,
    })
}

fn page(number: u64, complete: bool) -> Input {
    Input::SnapshotPage {
        rows: pack(&[room(number)]).unwrap(),
        last_key: Some(room(number).key()),
        complete,
    }
}

#[test]
fn a_console_that_holds_everything_follows_the_log() {
    let mut line = Line::new();
    let effects = line.greet(hello(), session());
    assert!(matches!(sent(&effects)[..], [ServerMessage::Welcome(_)]));
    assert!(reading(&effects).is_none() && paging(&effects).is_none());
    let effects = line.give(Input::Notify { head: 11 });
    assert_eq!(reading(&effects), Some(10));
    let effects = line.give(read(10, 11));
    assert!(matches!(sent(&effects)[..], [ServerMessage::Changes(_)]));
}

#[test]
fn a_receipt_is_sent_after_its_commit_and_before_its_rows() {
    let mut line = Line::open();
    let effects = line.push(1..=2);
    assert_eq!(executing(&effects), Some(2));
    assert!(sent(&effects).is_empty(), "nothing is committed");
    let meanwhile = line.give(Input::Notify { head: 12 });
    assert!(
        reading(&meanwhile).is_none(),
        "deciding and reading never overlap"
    );
    let effects = line.give(Input::Executed(vec![applied(1, 11), applied(2, 12)]));
    match &sent(&effects)[..] {
        [ServerMessage::Receipts { receipts }] => assert_eq!(receipts.len(), 2),
        other => panic!("{other:?}"),
    }
    assert_eq!(reading(&effects), Some(10), "now its rows are read");
}

#[test]
fn own_actions_raise_the_head_without_a_notice() {
    let mut line = Line::open();
    line.push(1..=1);
    let effects = line.give(Input::Executed(vec![applied(1, 11)]));
    assert_eq!(reading(&effects), Some(10));
}

#[test]
fn verdicts_are_told_in_the_order_they_were_made() {
    let mut line = Line::open();
    line.push(1..=4);
    let refused = Decision::Rejected {
        reason: Rejection::OutsideHours,
    };
    let effects = line.give(Input::Executed(vec![
        applied(1, 11),
        decided(2, refused),
        Verdict::Forked {
            incarnation: LIFE,
            sequence: 3,
        },
        Verdict::Gap {
            incarnation: LIFE,
            expected: 3,
        },
    ]));
    match &sent(&effects)[..] {
        [
            ServerMessage::Receipts { receipts },
            ServerMessage::Forked { sequence: 3, .. },
            ServerMessage::Gap { expected: 3, .. },
        ] => assert_eq!(receipts.len(), 2),
        other => panic!("{other:?}"),
    }
}

#[test]
fn deciding_and_reading_take_turns() {
    let mut line = Line::open();
    line.push(1..=64);
    line.push(65..=128);
    line.give(Input::Notify { head: 20 });
    let verdicts = (1..=64).map(|n| applied(n, 20 + n)).collect();
    let effects = line.give(Input::Executed(verdicts));
    assert_eq!(reading(&effects), Some(10), "64 were decided, now it reads");
    let effects = line.give(read(10, 20));
    assert_eq!(executing(&effects), Some(64));
}

#[test]
fn a_fresh_console_gets_a_snapshot_two_pages_ahead_and_then_the_log() {
    let mut line = Line::new();
    let fresh = Hello {
        epoch: None,
        cursor: 0,
        held: BucketSet::default(),
        ..hello()
    };
    let catalogue: BucketSet = [Bucket::Catalogue].into_iter().collect();
    let admitted = Session {
        buckets: catalogue,
        ..session()
    };
    let effects = line.greet(fresh, admitted);
    assert_eq!(begun(&effects), Some((10, catalogue, false)));
    assert_eq!(paging(&effects), Some((Bucket::Catalogue, None)));
    let effects = line.give(page(1, false));
    assert_eq!(
        paging(&effects),
        Some((Bucket::Catalogue, Some(room(1).key())))
    );
    let effects = line.give(page(2, false));
    assert_eq!(paging(&effects), None, "two pages wait to be stored");
    let effects = line.say(ConsoleMessage::PageStored {});
    assert_eq!(
        paging(&effects),
        Some((Bucket::Catalogue, Some(room(2).key())))
    );
    let effects = line.give(page(3, true));
    assert!(matches!(
        sent(&effects)[..],
        [
            ServerMessage::SnapshotPage { last: true, .. },
            ServerMessage::SnapshotEnd { at_seq: 10 }
        ]
    ));
    let effects = line.give(Input::Notify { head: 12 });
    assert_eq!(reading(&effects), Some(10));
}

#[test]
fn pushing_goes_on_while_a_snapshot_is_sent() {
    let mut line = Line::new();
    let fresh = Hello {
        epoch: None,
        ..hello()
    };
    assert!(paging(&line.greet(fresh, session())).is_some());
    assert_eq!(executing(&line.push(1..=1)), None, "one job at a time");
    let effects = line.give(page(1, false));
    assert_eq!(executing(&effects), Some(1));
}

#[test]
fn what_is_sent_anew_depends_on_what_the_console_holds() {
    let all = BucketSet::all();
    let some: BucketSet = [Bucket::Staff, Bucket::Photos].into_iter().collect();
    let rest: BucketSet = all.iter().filter(|b| !some.contains(*b)).collect();
    let last = RowKey {
        table: domain::row::Table::Photo,
        id: Uuid::from_u128(5),
    };
    let mark = |at_seq| {
        Some(SnapshotMark {
            at_seq,
            left: [Bucket::Photos].into_iter().collect(),
            after: Some(last),
        })
    };
    let cases = [
        ("it holds everything", hello(), None),
        (
            "a clinic in which nothing was done yet",
            Hello {
                cursor: 0,
                ..hello()
            },
            None,
        ),
        (
            "another life of the database",
            Hello {
                epoch: Some(EpochId([9; 16])),
                ..hello()
            },
            Some((10, all, false)),
        ),
        (
            "a cursor that this database never reached",
            Hello {
                cursor: 11,
                ..hello()
            },
            Some((10, all, false)),
        ),
        (
            "nothing is held",
            Hello {
                cursor: 0,
                held: BucketSet::default(),
                ..hello()
            },
            Some((10, all, false)),
        ),
        (
            "some buckets were granted since",
            Hello {
                cursor: 4,
                held: some,
                ..hello()
            },
            Some((4, rest, false)),
        ),
        (
            "a snapshot was interrupted",
            Hello {
                cursor: 4,
                snapshot: mark(6),
                ..hello()
            },
            Some((6, [Bucket::Photos].into_iter().collect(), true)),
        ),
        (
            "a snapshot of a place that this database never reached",
            Hello {
                snapshot: mark(11),
                ..hello()
            },
            Some((10, all, false)),
        ),
    ];
    for (case, hello, expected) in cases {
        let resumed = expected.is_some_and(|(_, _, resumed)| resumed);
        let effects = Line::new().greet(hello, session());
        assert_eq!(begun(&effects), expected, "{case}");
        if resumed {
            assert_eq!(paging(&effects), Some((Bucket::Photos, Some(last))));
        }
    }
}

#[test]
fn buckets_that_differ_are_sent_again_from_where_the_stream_stands() {
    let mut line = Line::open();
    line.give(Input::Notify { head: 12 });
    line.give(read(10, 12));
    let clients: BucketSet = [Bucket::Clients].into_iter().collect();
    let effects = line.say(ConsoleMessage::Resnapshot { buckets: clients });
    assert_eq!(begun(&effects), Some((12, clients, false)));
    let again = line.say(ConsoleMessage::Resnapshot { buckets: clients });
    assert_eq!(begun(&again), None, "one at a time");
    let effects = line.give(Input::SnapshotPage {
        rows: pack::<Row>(&[]).unwrap(),
        last_key: None,
        complete: true,
    });
    assert!(matches!(
        sent(&effects)[..],
        [
            ServerMessage::SnapshotPage { last: true, .. },
            ServerMessage::SnapshotEnd { at_seq: 12 }
        ]
    ));
}

#[test]
fn a_range_being_read_when_buckets_are_asked_for_again_is_read_anew_afterwards() {
    let mut line = Line::open();
    assert_eq!(reading(&line.give(Input::Notify { head: 12 })), Some(10));
    let clients: BucketSet = [Bucket::Clients].into_iter().collect();
    line.say(ConsoleMessage::Resnapshot { buckets: clients });
    let effects = line.give(read(10, 12));
    assert!(sent(&effects).is_empty());
    assert_eq!(paging(&effects), Some((Bucket::Clients, None)));
    let effects = line.give(Input::SnapshotPage {
        rows: pack::<Row>(&[]).unwrap(),
        last_key: None,
        complete: true,
    });
    assert_eq!(reading(&effects), Some(10));
}

#[test]
fn a_range_that_does_not_fit_a_frame_is_read_in_smaller_parts() {
    let mut line = Line::open();
    let effects = line.give(Input::Notify { head: 12 });
    let limit = |effects: &[Effect]| match effects {
        [.., Effect::ReadChanges { limit, .. }] => *limit,
        other => panic!("{other:?}"),
    };
    let first = limit(&effects);
    let effects = line.give(Input::Changes(ChangesRead {
        from: 10,
        to: 12,
        head: 12,
        rows: vec![0; crate::message::LONGEST_FRAME],
        checksums: vec![],
    }));
    assert!(sent(&effects).is_empty());
    assert_eq!(limit(&effects), first / 2);
}
