//! What happens when something goes wrong.

use super::super::{OfflineCause, Warning};
use super::*;
use crate::message::{LONGEST_FRAME, RefusalCause};
use crate::standing::ForkCause;
use domain::bucket::Bucket;

fn offline(desk: &Desk) -> OfflineCause {
    match desk.link() {
        Link::Offline { cause, .. } => cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_without_a_receipt_is_sent_again_in_order_after_a_cut() {
    let mut desk = Desk::with_outbox(5);
    desk.say(receipt(2, Decision::Applied { seq: 11 }));
    desk.give(Input::Disconnected(OfflineCause::Cut));
    assert_eq!(offline(&desk), OfflineCause::Cut);
    desk.greet();
    let effects = desk.say(ServerMessage::Welcome(welcome()));
    assert_eq!(
        pushed(&effects),
        [1, 2, 3, 4, 5],
        "a receipt whose rows were not stored is asked for again"
    );
}

#[test]
fn the_greeting_waits_for_a_commit_of_the_connection_before() {
    let mut desk = Desk::online();
    desk.say(changes(10, 11));
    desk.give(Input::Disconnected(OfflineCause::Cut));
    desk.give(Input::Hint);
    desk.give(Input::Token("token".to_owned()));
    let effects = desk.give(Input::Connected);
    assert!(sent(&effects).is_empty(), "the cursor is not known yet");
    let said = sent(&desk.stored());
    assert!(
        matches!(&said[..], [ConsoleMessage::Hello(hello)] if hello.cursor == 11),
        "{said:?}"
    );
}

#[test]
fn a_batch_that_fails_advances_nothing() {
    let mut desk = Desk::online();
    desk.say(changes(10, 11));
    desk.jobs.clear();
    let effects = desk.give(Input::StoreFailed);
    assert!(effects.contains(&Effect::Close));
    assert_eq!(offline(&desk), OfflineCause::Storage);
    assert_eq!(desk.greet().cursor, 10);
}

#[test]
fn changes_that_do_not_continue_are_not_stored() {
    let mut desk = Desk::online();
    let effects = desk.say(changes(12, 13));
    assert!(effects.contains(&Effect::Close));
    assert_eq!(offline(&desk), OfflineCause::Unreadable);
    assert!(desk.jobs.is_empty());
}

#[test]
fn a_server_that_does_not_wait_for_the_storage_is_cut_off() {
    let mut desk = Desk::online();
    let mut to = 11;
    while desk.link() == Link::Online {
        desk.say(changes(to - 1, to));
        to += 1;
        assert!(to < 100, "the queue has no bound");
    }
    assert_eq!(offline(&desk), OfflineCause::Unreadable);
}

#[test]
fn messages_of_unknown_kinds_are_passed_over() {
    let mut desk = Desk::online();
    let newer = std::collections::BTreeMap::from([("weather", 3)]);
    let effects = desk.give(Input::Frame(encode(&newer)));
    assert_eq!(effects[0], Effect::Warn(Warning::UnknownMessage));
    assert_eq!(desk.link(), Link::Online);
}

#[test]
fn noise_and_oversized_frames_end_the_connection_and_it_is_tried_again() {
    for frame in [vec![0xff; 30], vec![0; LONGEST_FRAME + 1], vec![]] {
        let mut desk = Desk::online();
        let effects = desk.give(Input::Frame(frame));
        assert!(effects.contains(&Effect::Close));
        assert_eq!(offline(&desk), OfflineCause::Unreadable);
        let again = desk.later(60_000);
        assert!(again.contains(&Effect::NeedToken { fresh: false }));
    }
}

#[test]
fn damaged_rows_end_the_connection_before_anything_is_stored() {
    let mut desk = Desk::online();
    desk.say(ServerMessage::Changes(Changes {
        from: 10,
        to: 11,
        head: 11,
        rows: ByteBuf::from(vec![1, 2, 3]),
        checksums: vec![],
    }));
    assert_eq!(offline(&desk), OfflineCause::Unreadable);
    assert!(desk.jobs.is_empty());
}

#[test]
fn a_token_is_renewed_before_its_end_on_the_running_connection() {
    let mut desk = Desk::online();
    let mut asked_at = None;
    let start = desk.now;
    while asked_at.is_none() {
        let due = desk.machine.next_deadline().unwrap();
        let effects = desk.later(due.since(desk.now));
        for message in sent(&effects) {
            if let ConsoleMessage::Ping { n } = message {
                desk.say(ServerMessage::Pong { n });
            }
        }
        if effects.contains(&Effect::NeedToken { fresh: false }) {
            asked_at = Some(desk.now.since(start));
        }
    }
    assert_eq!(asked_at, Some(TOKEN_LIVES_MS / 5 * 4));
    let effects = desk.give(Input::Token("next".to_owned()));
    let refresh = ConsoleMessage::Refresh {
        token: "next".to_owned(),
    };
    assert_eq!(sent(&effects), [refresh]);
}

#[test]
fn an_expired_token_pauses_and_discards_nothing() {
    let mut desk = Desk::with_outbox(3);
    desk.say(ServerMessage::Refused {
        cause: RefusalCause::TokenExpired,
    });
    assert_eq!(
        offline(&desk),
        OfflineCause::Refused(RefusalCause::TokenExpired)
    );
    let again = desk.give(Input::Hint);
    assert_eq!(again[0], Effect::NeedToken { fresh: true });
    desk.give(Input::TokenUnavailable);
    assert_eq!(offline(&desk), OfflineCause::NoToken);
    desk.greet();
    let effects = desk.say(ServerMessage::Welcome(welcome()));
    assert_eq!(pushed(&effects), [1, 2, 3]);
}

#[test]
fn what_only_a_person_can_change_is_tried_rarely() {
    let mut desk = Desk::online();
    desk.say(ServerMessage::Refused {
        cause: RefusalCause::DeviceRevoked,
    });
    let until = match desk.link() {
        Link::Offline {
            retry_at: Some(at), ..
        } => at,
        other => panic!("{other:?}"),
    };
    assert!(until.since(desk.now) >= 60_000);
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let mut desk = Desk::online();
    let asked = desk.later(15_000);
    assert_eq!(sent(&asked), [ConsoleMessage::Ping { n: 1 }]);
    desk.say(changes(10, 11));
    assert!(!desk.later(9_999).contains(&Effect::Close));
    assert!(
        desk.later(1).contains(&Effect::Close),
        "what comes by itself proves one direction only"
    );
    assert_eq!(offline(&desk), OfflineCause::Silent);
}

#[test]
fn a_server_that_answers_stays_and_a_hint_asks_at_once() {
    let mut desk = Desk::online();
    desk.later(15_000);
    desk.say(ServerMessage::Pong { n: 1 });
    assert!(sent(&desk.later(10_000)).is_empty());
    let asked = desk.give(Input::Hint);
    assert_eq!(sent(&asked), [ConsoleMessage::Ping { n: 2 }]);
    assert_eq!(desk.link(), Link::Online);
}

#[test]
fn actions_without_an_answer_make_the_connection_anew_though_the_server_lives() {
    let mut desk = Desk::with_outbox(1);
    let mut warned = false;
    for n in 1..=4 {
        let effects = desk.later(15_000);
        warned |= effects.contains(&Effect::Warn(Warning::ReceiptsOverdue));
        desk.say(ServerMessage::Pong { n });
    }
    assert!(warned);
    assert_eq!(offline(&desk), OfflineCause::Silent);
}

#[test]
fn a_greeting_without_an_answer_is_given_up() {
    let mut desk = Desk::new();
    desk.greet();
    assert!(desk.later(30_000).contains(&Effect::Close));
    assert_eq!(offline(&desk), OfflineCause::Silent);
}

#[test]
fn waits_between_tries_grow_to_a_minute_and_no_more() {
    struct Ones;
    impl Entropy for Ones {
        fn fill(&self, bytes: &mut [u8]) {
            // The largest wait below any ceiling is drawn from one less than a multiple of it.
            bytes.copy_from_slice(&(60_000_u64).to_le_bytes());
        }
    }
    let waits: Vec<u64> = (0..12)
        .map(|attempt| super::super::backoff::wait_ms(attempt, false, &Ones))
        .collect();
    assert!(
        waits.iter().all(|wait| (500..=60_000).contains(wait)),
        "{waits:?}"
    );
    assert_eq!(waits.last(), Some(&60_000));
}

#[test]
fn a_bucket_that_does_not_add_up_is_fetched_again_but_not_for_ever() {
    let mut desk = Desk::online();
    let clients: BucketSet = [Bucket::Clients].into_iter().collect();
    desk.say(changes(10, 11));
    let effects = desk.stored_with(clients);
    assert!(effects.contains(&Effect::Warn(Warning::ChecksumMismatch(clients))));
    assert!(sent(&effects).contains(&ConsoleMessage::Resnapshot { buckets: clients }));
    desk.say(changes(11, 12));
    let effects = desk.stored_with(clients);
    assert!(effects.contains(&Effect::Warn(Warning::ChecksumMismatch(clients))));
    assert!(
        !sent(&effects).contains(&ConsoleMessage::Resnapshot { buckets: clients }),
        "once a minute at most"
    );
}

#[test]
fn an_entry_that_is_no_envelope_is_reported_once_and_blocks_nothing() {
    let mut desk = Desk::new();
    let mut foreign: Envelope = codec::decode(&envelope(2)).unwrap();
    foreign.id.device = DeviceId(Uuid::from_u128(66));
    desk.outbox = [
        envelope(1),
        codec::encode(&foreign),
        vec![1, 2],
        envelope(4),
    ]
    .into_iter()
    .zip(1..)
    .map(|(envelope, position)| OutboxItem { position, envelope })
    .collect();
    desk.greet();
    let effects = desk.say(ServerMessage::Welcome(welcome()));
    assert_eq!(pushed(&effects), [1, 4]);
    for position in [2, 3] {
        assert!(effects.contains(&Effect::Unreadable { position }));
    }
    desk.give(Input::Disconnected(OfflineCause::Cut));
    desk.jobs.clear();
    desk.give(Input::StoreFailed);
    desk.greet();
    let effects = desk.say(ServerMessage::Welcome(welcome()));
    assert!(!effects.contains(&Effect::Unreadable { position: 2 }));
    assert!(!desk.machine.status().synced, "two actions are not there");
}

#[test]
fn a_gap_that_is_on_the_way_is_filled_by_sending_again() {
    let mut desk = Desk::with_outbox(3);
    let gap = ServerMessage::Gap {
        incarnation: LIFE,
        expected: 2,
    };
    assert!(desk.say(gap).contains(&Effect::Close));
    desk.greet();
    let effects = desk.say(ServerMessage::Welcome(welcome()));
    assert_eq!(pushed(&effects), [1, 2, 3]);
}

#[test]
fn a_gap_that_nothing_can_fill_is_left_to_a_person() {
    let mut desk = Desk::with_outbox(5);
    desk.outbox.drain(..3);
    desk.give(Input::Disconnected(OfflineCause::Cut));
    desk.connect();
    desk.say(ServerMessage::Gap {
        incarnation: LIFE,
        expected: 2,
    });
    let first = ActionId {
        device: DEVICE,
        incarnation: LIFE,
        sequence: 4,
    };
    assert_eq!(desk.jobs, [StoreJob::Fork(ForkCause::Unsendable(first))]);
    assert_eq!(desk.link(), Link::Online);
}

#[test]
fn answers_of_an_earlier_connection_change_nothing() {
    let mut desk = Desk::new();
    desk.greet();
    let effects = desk.machine.handle(
        Input::Frame(encode(&ServerMessage::Welcome(welcome()))),
        desk.now,
        &Zeroes,
    );
    let old = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::LoadOutbox { ticket, .. } => Some(*ticket),
            _ => None,
        })
        .unwrap();
    desk.machine
        .handle(Input::Disconnected(OfflineCause::Cut), desk.now, &Zeroes);
    let items = vec![OutboxItem {
        position: 1,
        envelope: envelope(1),
    }];
    let effects = desk.give(Input::OutboxBatch { ticket: old, items });
    assert!(pushed(&effects).is_empty());
    assert!(
        desk.say(changes(10, 11)).is_empty(),
        "no connection is there"
    );
}
