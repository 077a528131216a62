//! What happens while everything goes well.

use super::*;
use crate::message::SnapshotMark;
use crate::standing::{Batch, ForkCause, Settled};
use domain::bucket::Bucket;
use domain::rejection::Rejection;

#[test]
fn the_greeting_tells_where_the_console_stands() {
    let mut desk = Desk::new();
    let hello = desk.greet();
    assert_eq!(hello.token, "token");
    assert_eq!((hello.device, hello.incarnation), (DEVICE, LIFE));
    assert_eq!((hello.epoch, hello.cursor), (Some(EPOCH), 10));
    assert_eq!(desk.link(), Link::Connecting);
    desk.say(ServerMessage::Welcome(welcome()));
    assert_eq!(desk.link(), Link::Online);
    assert!(matches!(
        desk.jobs[..],
        [StoreJob::Adopt { epoch: EPOCH, .. }]
    ));
    assert_eq!(desk.machine.status().server_time, Some(Timestamp(5_000)));
}

#[test]
fn a_decision_is_carried_out_with_its_rows_and_synced_only_when_they_are_stored() {
    let mut desk = Desk::with_outbox(1);
    assert!(!desk.machine.status().synced, "one action has no receipt");
    desk.say(receipt(1, Decision::Applied { seq: 11 }));
    assert!(desk.jobs.is_empty(), "its rows have not come");
    desk.say(changes(10, 11));
    match &desk.jobs[..] {
        [StoreJob::Apply(batch)] => {
            let decided = Settled {
                position: 1,
                decision: Decision::Applied { seq: 11 },
            };
            assert_eq!(batch.settled, [decided]);
            assert_eq!((batch.from, batch.to), (10, 11));
            assert_eq!(batch.changes.len(), 1);
        }
        other => panic!("{other:?}"),
    }
    assert!(!desk.machine.status().synced, "nothing is committed yet");
    let told = sent(&desk.stored());
    assert_eq!(told, [ConsoleMessage::Applied { cursor: 11 }]);
    assert!(desk.machine.status().synced);
}

#[test]
fn a_refusal_is_carried_out_without_waiting_for_rows() {
    let mut desk = Desk::with_outbox(2);
    let refused = Decision::Rejected {
        reason: Rejection::OutsideHours,
    };
    desk.say(receipt(1, refused.clone()));
    let expected = Batch {
        from: 10,
        to: 10,
        settled: vec![Settled {
            position: 1,
            decision: refused,
        }],
        ..Batch::default()
    };
    assert_eq!(desk.jobs, [StoreJob::Apply(expected)]);
    let told = sent(&desk.stored());
    assert!(told.is_empty(), "the cursor did not move: {told:?}");
    assert!(!desk.machine.status().synced, "the second waits");
}

#[test]
fn storage_jobs_run_one_at_a_time_in_the_servers_order() {
    let mut desk = Desk::online();
    for to in 11..=14 {
        desk.say(changes(to - 1, to));
    }
    for to in 11..=14 {
        assert!(matches!(&desk.jobs[..], [StoreJob::Apply(batch)] if batch.to == to));
        desk.stored();
    }
    assert_eq!(desk.machine.status().cursor, 14);
}

#[test]
fn an_action_made_while_online_is_pushed_at_once() {
    let mut desk = Desk::online();
    assert!(desk.machine.status().synced);
    desk.outbox.push(OutboxItem {
        position: 1,
        envelope: envelope(1),
    });
    let effects = desk.give(Input::OutboxChanged);
    assert_eq!(pushed(&effects), [1]);
    assert!(!desk.machine.status().synced);
}

#[test]
fn a_long_outbox_is_pushed_in_order_through_a_bounded_window() {
    let mut desk = Desk::new();
    desk.outbox = (1..=600)
        .map(|position| OutboxItem {
            position,
            envelope: envelope(position),
        })
        .collect();
    desk.standing.next_sequence = 601;
    desk.greet();
    let mut all = pushed(&desk.say(ServerMessage::Welcome(welcome())));
    assert_eq!(all.len(), 256, "no more than the window");
    desk.stored_all();
    let mut decided = 0;
    while decided < 600 {
        let next = all[decided];
        decided += 1;
        let refused = Decision::Rejected {
            reason: Rejection::OutsideHours,
        };
        all.extend(pushed(&desk.say(receipt(next, refused))));
        while !desk.jobs.is_empty() {
            all.extend(pushed(&desk.stored()));
        }
    }
    assert_eq!(all, (1..=600).collect::<Vec<_>>());
    assert!(desk.outbox.is_empty() && desk.machine.status().synced);
}

#[test]
fn a_snapshot_page_is_acknowledged_when_it_is_stored() {
    let mut desk = Desk::standing(Standing {
        epoch: None,
        cursor: 0,
        held: BucketSet::default(),
        ..standing()
    });
    desk.connect();
    assert!(!desk.machine.status().synced, "the server has rows");
    let buckets = BucketSet::all();
    let begin = ServerMessage::SnapshotBegin {
        at_seq: 10,
        buckets,
        resumed: false,
        rows: Some(1),
    };
    desk.say(begin);
    assert_eq!(
        desk.jobs,
        [StoreJob::SnapshotReset {
            at_seq: 10,
            buckets
        }]
    );
    desk.standing.held = buckets;
    desk.standing.snapshot = Some(SnapshotMark {
        at_seq: 10,
        left: buckets,
        after: None,
    });
    desk.stored();
    assert!(desk.machine.status().filling);
    let page = ServerMessage::SnapshotPage {
        bucket: Bucket::Catalogue,
        rows: ByteBuf::from(pack(&[room(1)]).unwrap()),
        last: true,
    };
    assert!(sent(&desk.say(page)).is_empty(), "not stored yet");
    assert_eq!(sent(&desk.stored()), [ConsoleMessage::PageStored {}]);
    desk.say(ServerMessage::SnapshotEnd { at_seq: 10 });
    assert!(!desk.machine.status().synced);
    desk.standing.snapshot = None;
    let told = sent(&desk.stored());
    assert_eq!(told, [ConsoleMessage::Applied { cursor: 10 }]);
    assert!(desk.machine.status().synced && !desk.machine.status().filling);
    desk.say(changes(10, 12));
    assert_eq!(
        desk.jobs.len(),
        1,
        "changes follow from the snapshot's place"
    );
}

#[test]
fn a_console_that_lacks_a_bucket_is_not_synced_before_its_snapshot_begins() {
    for held in [BucketSet::default(), [Bucket::Staff].into_iter().collect()] {
        let mut desk = Desk::standing(Standing {
            cursor: 0,
            held,
            ..standing()
        });
        desk.greet();
        desk.say(ServerMessage::Welcome(Welcome {
            head: 0,
            ..welcome()
        }));
        desk.stored_all();
        let status = desk.machine.status();
        assert!(status.filling && !status.synced, "its cursor is the head");
    }
}

#[test]
fn decisions_wait_while_a_snapshot_fills_the_buckets() {
    let mut desk = Desk::with_outbox(1);
    let buckets = BucketSet::all();
    desk.say(ServerMessage::SnapshotBegin {
        at_seq: 10,
        buckets,
        resumed: false,
        rows: None,
    });
    desk.standing.snapshot = Some(SnapshotMark {
        at_seq: 10,
        left: buckets,
        after: None,
    });
    desk.stored();
    desk.say(receipt(1, Decision::Applied { seq: 5 }));
    assert!(desk.jobs.is_empty());
    desk.say(ServerMessage::SnapshotEnd { at_seq: 10 });
    desk.standing.snapshot = None;
    desk.stored();
    assert!(matches!(&desk.jobs[..], [StoreJob::Apply(batch)] if batch.settled.len() == 1));
}

#[test]
fn a_database_that_is_an_old_copy_begins_a_new_life_and_sends_again() {
    let mut desk = Desk::new();
    desk.outbox.push(OutboxItem {
        position: 1,
        envelope: envelope(1),
    });
    desk.standing.next_sequence = 2;
    desk.greet();
    desk.say(ServerMessage::Welcome(Welcome {
        executed_through: 9,
        ..welcome()
    }));
    desk.stored();
    assert_eq!(desk.jobs, [StoreJob::Fork(ForkCause::OldCopy)]);
    desk.standing.incarnation = IncarnationId(Uuid::from_u128(99));
    desk.standing.next_sequence = 1;
    let effects = desk.stored();
    assert_eq!(
        pushed(&effects),
        [1],
        "what waits is sent under its old name"
    );
}

#[test]
fn a_forked_action_and_those_after_it_are_taken_off_the_way() {
    let mut desk = Desk::with_outbox(4);
    desk.say(ServerMessage::Forked {
        incarnation: LIFE,
        sequence: 3,
    });
    let id = ActionId {
        device: DEVICE,
        incarnation: LIFE,
        sequence: 3,
    };
    assert_eq!(desk.jobs, [StoreJob::Fork(ForkCause::Unsendable(id))]);
    desk.outbox.truncate(2);
    let effects = desk.stored();
    assert_eq!(pushed(&effects), [1, 2]);
}

#[test]
fn a_restored_server_makes_everything_anew() {
    let mut desk = Desk::new();
    desk.greet();
    let other = EpochId([8; 16]);
    let effects = desk.say(ServerMessage::Welcome(Welcome {
        epoch: other,
        head: 3,
        ..welcome()
    }));
    assert!(effects.contains(&Effect::Warn(super::super::Warning::EpochChanged)));
    assert!(matches!(&desk.jobs[..], [StoreJob::Adopt { epoch, .. }] if *epoch == other));
}
