//! Frames of other versions, of attackers, and at their limits.

#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use ciborium::value::Value;
use domain::bucket::BucketSet;
use domain::id::IncarnationId;
use domain::rejection::Rejection;
use domain::store_port::Decision;
use proptest::prelude::*;
use sync::message::{
    ConsoleMessage, FrameError, LONGEST_FRAME, Receipt, RefusalCause, ServerMessage,
    decode_console, decode_server, encode,
};
use sync::packed::{LARGEST_UNPACKED, PackError, pack, unpack};
use uuid::Uuid;

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn map(entries: &[(&str, Value)]) -> Value {
    let entries = entries
        .iter()
        .map(|(name, value)| (text(name), value.clone()));
    Value::Map(entries.collect())
}

#[test]
fn a_newer_field_is_skipped_and_a_newer_kind_is_told_apart_from_noise() {
    let newer = map(&[("ping", map(&[("n", 7.into()), ("mood", text("fine"))]))]);
    assert_eq!(
        decode_console(&encode(&newer)).unwrap(),
        ConsoleMessage::Ping { n: 7 }
    );
    let unknown = map(&[("dance", map(&[]))]);
    assert!(matches!(
        decode_server(&encode(&unknown)),
        Err(FrameError::UnknownKind)
    ));
    let broken = map(&[("ping", map(&[("n", text("seven"))]))]);
    assert!(matches!(
        decode_server(&encode(&broken)),
        Err(FrameError::Malformed(_))
    ));
}

#[test]
fn a_newer_reason_is_still_a_refusal() {
    let refused = map(&[("refused", map(&[("cause", text("full_moon"))]))]);
    assert_eq!(
        decode_server(&encode(&refused)).unwrap(),
        ServerMessage::Refused {
            cause: RefusalCause::Other
        }
    );
    let receipt = Receipt {
        incarnation: IncarnationId(Uuid::from_u128(1)),
        sequence: 4,
        decision: Decision::Rejected {
            reason: Rejection::OutsideHours,
        },
    };
    let mut value = Value::serialized(&receipt).unwrap();
    let decision = value
        .as_map_mut()
        .unwrap()
        .iter_mut()
        .find(|(name, _)| name.as_text() == Some("decision"))
        .unwrap();
    decision.1 = map(&[("rejected", map(&[("reason", text("full_moon"))]))]);
    let receipts = map(&[("receipts", map(&[("receipts", Value::Array(vec![value]))]))]);
    let expected = Receipt {
        decision: Decision::Rejected {
            reason: Rejection::Withheld,
        },
        ..receipt
    };
    assert_eq!(
        decode_server(&encode(&receipts)).unwrap(),
        ServerMessage::Receipts {
            receipts: vec![expected]
        }
    );
}

#[test]
fn a_frame_is_never_longer_than_the_limit() {
    assert!(matches!(
        decode_console(&vec![0; LONGEST_FRAME + 1]),
        Err(FrameError::TooLong(_))
    ));
}

#[test]
fn rows_that_unfold_without_end_are_refused_at_their_limit() {
    let plain = vec![0_u8; usize::try_from(LARGEST_UNPACKED).unwrap() + 1024];
    let bomb = zstd::bulk::compress(&plain, 3).unwrap();
    assert!(bomb.len() < 10_000);
    assert!(matches!(unpack::<u8>(&bomb), Err(PackError::TooLarge)));
    assert!(matches!(unpack::<u8>(b"noise"), Err(PackError::Damaged(_))));
    let packed = pack(&["a", "b"]).unwrap();
    assert_eq!(unpack::<String>(&packed).unwrap(), ["a", "b"]);
}

#[test]
fn empty_messages_keep_their_form() {
    for message in [
        ConsoleMessage::PageStored {},
        ConsoleMessage::Resnapshot {
            buckets: BucketSet::all(),
        },
    ] {
        assert_eq!(decode_console(&encode(&message)).unwrap(), message);
    }
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode_console(&bytes);
        let _ = decode_server(&bytes);
        let _ = unpack::<u64>(&bytes);
    }

    #[test]
    fn a_damaged_message_is_an_error_or_a_message(at in 0_usize..40, to in any::<u8>()) {
        let mut frame = encode(&ConsoleMessage::Refresh { token: "a token of some length".to_owned() });
        let at = at % frame.len();
        frame[at] = to;
        if let Ok(message) = decode_console(&frame) {
            prop_assert!(decode_console(&encode(&message)).is_ok());
        }
    }
}
