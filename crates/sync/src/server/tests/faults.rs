//! What happens when the console, its network or the storage does something wrong.

use super::super::Warning;
use super::*;
use crate::message::{LARGEST_BLOB, LARGEST_CHUNK, LONGEST_FRAME, RefusalCause};
use domain::blob::BlobId;

/// Why the connection ends; the refusal is said before it closes, and nothing follows.
fn refusal(effects: &[Effect]) -> Option<RefusalCause> {
    let Some(Effect::Close(cause)) = effects.last() else {
        return None;
    };
    let told = sent(effects).pop();
    assert_eq!(told, Some(ServerMessage::Refused { cause: *cause }));
    Some(*cause)
}

#[test]
fn nothing_is_taken_before_the_greeting_nor_a_second_one() {
    let mut line = Line::new();
    let effects = line.push(1..=1);
    assert_eq!(refusal(&effects), Some(RefusalCause::OutOfOrder));
    assert!(line.machine.is_closed());
    let mut line = Line::open();
    let effects = line.say(ConsoleMessage::Hello(Box::new(hello())));
    assert_eq!(refusal(&effects), Some(RefusalCause::OutOfOrder));
    let mut line = Line::new();
    line.say(ConsoleMessage::Hello(Box::new(hello())));
    let effects = line.push(1..=1);
    assert_eq!(refusal(&effects), Some(RefusalCause::OutOfOrder));
}

#[test]
fn a_greeting_that_does_not_come_is_not_waited_for() {
    let mut line = Line::new();
    assert!(refusal(&line.later(9_999)).is_none());
    assert_eq!(refusal(&line.later(1)), Some(RefusalCause::Silent));
    assert_eq!(line.machine.next_deadline(), None);
}

#[test]
fn noise_and_oversized_frames_are_refused() {
    for (frame, cause) in [
        (vec![0xff; 9], RefusalCause::Malformed),
        (vec![], RefusalCause::Malformed),
        (vec![0; LONGEST_FRAME + 1], RefusalCause::TooLarge),
    ] {
        for mut line in [Line::new(), Line::open()] {
            let effects = line.give(Input::Frame(frame.clone()));
            assert_eq!(refusal(&effects), Some(cause));
        }
    }
}

#[test]
fn messages_of_unknown_kinds_are_passed_over() {
    let newer = std::collections::BTreeMap::from([("weather", 3)]);
    let mut line = Line::open();
    let effects = line.give(Input::Frame(encode(&newer)));
    assert_eq!(effects, [Effect::Warn(Warning::UnknownMessage)]);
}

#[test]
fn a_console_that_is_too_old_or_not_admitted_is_told_why() {
    let mut line = Line::new();
    let old = Hello {
        protocol: 0,
        ..hello()
    };
    let effects = line.say(ConsoleMessage::Hello(Box::new(old)));
    assert_eq!(refusal(&effects), Some(RefusalCause::ProtocolTooOld));
    let mut line = Line::new();
    line.say(ConsoleMessage::Hello(Box::new(hello())));
    let effects = line.give(Input::NotAdmitted(RefusalCause::TokenExpired));
    assert_eq!(refusal(&effects), Some(RefusalCause::TokenExpired));
}

#[test]
fn a_token_of_another_device_admits_nobody() {
    let mut line = Line::new();
    let effects = line.greet(
        hello(),
        Session {
            device: DeviceId(Uuid::from_u128(5)),
            ..session()
        },
    );
    assert_eq!(refusal(&effects), Some(RefusalCause::TokenForged));
}

#[test]
fn actions_of_another_device_are_not_even_decided_about() {
    let mut line = Line::open();
    let envelopes = vec![envelope(DeviceId(Uuid::from_u128(5)), 1)];
    let effects = line.say(ConsoleMessage::Push { envelopes });
    assert_eq!(executing(&effects), None);
    assert_eq!(refusal(&effects), Some(RefusalCause::ForeignDevice));
}

#[test]
fn pushing_without_end_is_refused() {
    let mut line = Line::open();
    let mut cause = None;
    for round in 0..40 {
        let first = round * 100 + 1;
        cause = refusal(&line.push(first..=first + 99));
        if cause.is_some() {
            break;
        }
    }
    assert_eq!(cause, Some(RefusalCause::TooFast));
}

#[test]
fn a_slow_reader_is_not_buffered_for_but_read_for_again_from_the_log() {
    let mut line = Line::open();
    assert_eq!(reading(&line.give(Input::Notify { head: 100 })), Some(10));
    assert_eq!(reading(&line.give(read(10, 11))), Some(11));
    assert_eq!(
        reading(&line.give(read(11, 12))),
        None,
        "two ranges are on their way"
    );
    for head in 101..2_000 {
        assert!(line.give(Input::Notify { head }).is_empty());
    }
    let effects = line.say(ConsoleMessage::Applied { cursor: 12 });
    assert_eq!(reading(&effects), Some(12));
}

#[test]
fn nothing_is_read_for_a_peer_whose_bytes_do_not_leave() {
    let mut line = Line::open();
    line.give(Input::Notify { head: 100 });
    let effects = line.give(Input::Changes(ChangesRead {
        from: 10,
        to: 11,
        head: 100,
        rows: vec![0; 300 * 1024],
        checksums: vec![],
    }));
    assert_eq!(reading(&effects), None);
    assert_eq!(reading(&line.give(Input::Drained)), Some(11));
}

#[test]
fn a_peer_that_makes_the_server_answer_but_does_not_read_is_given_up() {
    let mut line = Line::open();
    let mut cause = None;
    for n in 0..1_000_000 {
        cause = refusal(&line.say(ConsoleMessage::Ping { n }));
        if cause.is_some() {
            break;
        }
    }
    assert_eq!(cause, Some(RefusalCause::Silent));
}

#[test]
fn a_token_ends_the_connection_unless_it_is_renewed() {
    let mut line = Line::open();
    let pong = |line: &mut Line, effects: &[Effect]| {
        for message in sent(effects) {
            if let ServerMessage::Ping { n } = message {
                line.say(ConsoleMessage::Pong { n });
            }
        }
    };
    for round in 0..59 {
        let effects = line.later(15_000);
        assert_eq!(refusal(&effects), None, "round {round}");
        pong(&mut line, &effects);
    }
    let asked = line.say(ConsoleMessage::Refresh {
        token: "next".to_owned(),
    });
    assert_eq!(asked, [Effect::VerifyToken("next".to_owned())]);
    line.give(Input::TokenRenewed { lives_ms: 30_000 });
    let effects = line.later(15_000);
    assert_eq!(refusal(&effects), None);
    pong(&mut line, &effects);
    let effects = line.later(15_000);
    assert_eq!(refusal(&effects), Some(RefusalCause::TokenExpired));
}

#[test]
fn a_console_that_does_not_answer_is_given_up() {
    let mut line = Line::open();
    let asked = line.later(15_000);
    assert_eq!(sent(&asked), [ServerMessage::Ping { n: 1 }]);
    line.say(ConsoleMessage::Applied { cursor: 10 });
    assert_eq!(refusal(&line.later(10_000)), Some(RefusalCause::Silent));
    let mut line = Line::open();
    line.later(15_000);
    line.say(ConsoleMessage::Pong { n: 1 });
    assert_eq!(refusal(&line.later(10_000)), None);
}

#[test]
fn a_storage_that_fails_decides_nothing_and_ends_the_connection() {
    let mut line = Line::open();
    line.push(1..=1);
    let effects = line.give(Input::StorageFailed);
    assert_eq!(refusal(&effects), Some(RefusalCause::Internal));
    assert_eq!(line.give(Input::Notify { head: 99 }), []);
}

#[test]
fn a_newer_connection_of_the_device_or_a_stopping_server_ends_it() {
    for cause in [RefusalCause::Replaced, RefusalCause::Draining] {
        let effects = Line::open().give(Input::End(cause));
        assert_eq!(refusal(&effects), Some(cause));
    }
}

#[test]
fn answers_that_nobody_asked_for_are_passed_over() {
    let mut line = Line::open();
    for answer in [Input::Executed(vec![]), read(10, 11)] {
        let effects = line.give(answer);
        assert!(matches!(
            effects[..],
            [Effect::Warn(Warning::Unexpected(_))]
        ));
    }
}

#[test]
fn blob_requests_are_bounded_in_size_and_number() {
    let blob = BlobId([1; 32]);
    let mut line = Line::open();
    let effects = line.say(ConsoleMessage::BlobOffer {
        blob,
        len: LARGEST_BLOB + 1,
    });
    assert_eq!(refusal(&effects), Some(RefusalCause::TooLarge));
    let mut line = Line::open();
    let effects = line.say(ConsoleMessage::BlobChunk {
        blob,
        offset: 0,
        bytes: ByteBuf::from(vec![0; LARGEST_CHUNK + 1]),
    });
    assert_eq!(refusal(&effects), Some(RefusalCause::TooLarge));
    let mut line = Line::open();
    let mut cause = None;
    for _ in 0..20 {
        cause = refusal(&line.say(ConsoleMessage::BlobGet {
            blob,
            offset: 0,
            max: u32::MAX,
        }));
        if cause.is_some() {
            break;
        }
    }
    assert_eq!(cause, Some(RefusalCause::TooFast));
}

#[test]
fn a_piece_belongs_to_an_offer_and_lies_within_it() {
    let (blob, other) = (BlobId([1; 32]), BlobId([2; 32]));
    let mut line = Line::open();
    let offered = line.say(ConsoleMessage::BlobOffer { blob, len: 100 });
    assert_eq!(offered, [Effect::OfferBlob { blob, len: 100 }]);
    let have = line.give(Input::BlobHave { blob, offset: 60 });
    assert_eq!(sent(&have), [ServerMessage::BlobHave { blob, offset: 60 }]);
    let chunk = |blob, offset| ConsoleMessage::BlobChunk {
        blob,
        offset,
        bytes: ByteBuf::from(vec![0; 40]),
    };
    assert_eq!(line.say(chunk(other, 0)), []);
    assert_eq!(line.say(chunk(blob, 61)), []);
    assert_eq!(line.say(chunk(blob, u64::MAX)), []);
    let stored = line.say(chunk(blob, 60));
    assert!(matches!(
        stored[..],
        [Effect::StoreBlobPart {
            offset: 60,
            len: 100,
            ..
        }]
    ));
    let get = line.say(ConsoleMessage::BlobGet {
        blob: other,
        offset: 0,
        max: u32::MAX,
    });
    assert_eq!(get, [], "one blob job at a time");
    let effects = line.give(Input::BlobStored { blob });
    assert_eq!(sent(&effects), [ServerMessage::BlobStored { blob }]);
    assert!(matches!(
        effects[..],
        [
            _,
            Effect::ReadBlob {
                max: LARGEST_CHUNK,
                ..
            }
        ]
    ));
}
