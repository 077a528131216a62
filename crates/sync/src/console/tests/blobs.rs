//! Sealed files in both directions.

use super::super::{OfflineCause, WaitingBlob};
use super::*;
use crate::message::{BlobRefusal, LARGEST_CHUNK};
use domain::blob::BlobId;

const FIRST: BlobId = BlobId([1; 32]);
const SECOND: BlobId = BlobId([2; 32]);

fn waiting(blob: BlobId) -> WaitingBlob {
    WaitingBlob {
        blob,
        len: 40 * 1024,
    }
}

fn offer(blob: BlobId) -> ConsoleMessage {
    ConsoleMessage::BlobOffer {
        blob,
        len: 40 * 1024,
    }
}

fn asked_to_read(effects: &[Effect]) -> Option<(u64, usize)> {
    effects.iter().find_map(|effect| match effect {
        Effect::ReadBlob { offset, max, .. } => Some((*offset, *max)),
        _ => None,
    })
}

#[test]
fn an_upload_goes_piece_by_piece_and_is_done_on_the_servers_word_alone() {
    let mut desk = Desk::online();
    let effects = desk.give(Input::BlobsWaiting(vec![waiting(FIRST)]));
    assert_eq!(sent(&effects), [offer(FIRST)]);
    let mut at = 0;
    while at < 40 * 1024 {
        let effects = desk.say(ServerMessage::BlobHave {
            blob: FIRST,
            offset: at,
        });
        let (offset, max) = asked_to_read(&effects).unwrap();
        assert_eq!(offset, at);
        assert!(max <= LARGEST_CHUNK);
        let len = max.min(usize::try_from(40 * 1024 - at).unwrap());
        let effects = desk.give(Input::BlobBytes {
            blob: FIRST,
            offset,
            bytes: vec![7; len],
        });
        assert!(matches!(
            &sent(&effects)[..],
            [ConsoleMessage::BlobChunk { .. }]
        ));
        at += len as u64;
    }
    assert_eq!(desk.machine.status().blobs_waiting, 1);
    let effects = desk.say(ServerMessage::BlobStored { blob: FIRST });
    assert!(effects.contains(&Effect::BlobUploaded { blob: FIRST }));
    assert_eq!(desk.machine.status().blobs_waiting, 0);
    assert!(desk.machine.status().synced, "records never waited for it");
}

#[test]
fn an_upload_goes_on_where_the_server_says_it_stands() {
    let mut desk = Desk::online();
    desk.give(Input::BlobsWaiting(vec![waiting(FIRST)]));
    desk.give(Input::Disconnected(OfflineCause::Cut));
    desk.greet();
    let effects = desk.say(ServerMessage::Welcome(welcome()));
    assert!(sent(&effects).contains(&offer(FIRST)));
    let effects = desk.say(ServerMessage::BlobHave {
        blob: FIRST,
        offset: 30_000,
    });
    assert_eq!(asked_to_read(&effects).unwrap().0, 30_000);
}

#[test]
fn a_refused_or_unreadable_file_blocks_neither_the_next_nor_the_records() {
    let mut desk = Desk::online();
    desk.give(Input::BlobsWaiting(vec![waiting(FIRST), waiting(SECOND)]));
    let cause = BlobRefusal::WrongContent;
    let effects = desk.say(ServerMessage::BlobRefused { blob: FIRST, cause });
    assert!(effects.contains(&Effect::BlobRefused { blob: FIRST, cause }));
    assert_eq!(sent(&effects), [offer(SECOND)]);
    let effects = desk.give(Input::BlobUnreadable { blob: SECOND });
    assert!(sent(&effects).is_empty());
    desk.say(changes(10, 11));
    assert_eq!(desk.jobs.len(), 1);
}

#[test]
fn an_offer_without_an_answer_is_made_again() {
    let mut desk = Desk::online();
    desk.give(Input::BlobsWaiting(vec![waiting(FIRST)]));
    desk.later(15_000);
    desk.say(ServerMessage::Pong { n: 1 });
    let effects = desk.later(15_000);
    assert!(sent(&effects).contains(&offer(FIRST)));
}

#[test]
fn a_server_that_keeps_going_back_is_given_up_for_this_file() {
    let mut desk = Desk::online();
    desk.give(Input::BlobsWaiting(vec![waiting(FIRST)]));
    let mut refused = false;
    for _ in 0..10 {
        let effects = desk.say(ServerMessage::BlobHave {
            blob: FIRST,
            offset: 0,
        });
        refused |= effects
            .iter()
            .any(|effect| matches!(effect, Effect::BlobRefused { blob: FIRST, .. }));
        if let Some((offset, _)) = asked_to_read(&effects) {
            desk.give(Input::BlobBytes {
                blob: FIRST,
                offset,
                bytes: vec![1; 100],
            });
        }
    }
    assert!(refused);
}

#[test]
fn a_wanted_file_is_fetched_piece_by_piece_from_what_is_here() {
    let mut desk = Desk::online();
    let effects = desk.give(Input::BlobWanted {
        blob: FIRST,
        have: 100,
    });
    assert!(matches!(
        sent(&effects)[..],
        [ConsoleMessage::BlobGet { offset: 100, .. }]
    ));
    let piece = |offset: u64, bytes: &[u8]| ServerMessage::BlobData {
        blob: FIRST,
        offset,
        total: 150,
        bytes: ByteBuf::from(bytes),
    };
    let effects = desk.say(piece(100, &[5; 50]));
    assert!(matches!(
        effects[..],
        [Effect::WriteBlobPart {
            offset: 100,
            total: 150,
            ..
        }]
    ));
    let effects = desk.give(Input::BlobPartWritten {
        blob: FIRST,
        have: 150,
    });
    assert!(matches!(
        sent(&effects)[..],
        [ConsoleMessage::BlobGet { offset: 150, .. }]
    ));
    let effects = desk.say(piece(150, &[]));
    assert_eq!(effects, [Effect::BlobComplete { blob: FIRST }]);
}

#[test]
fn a_file_that_the_server_lacks_is_said_to_be_missing() {
    let mut desk = Desk::online();
    desk.give(Input::BlobWanted {
        blob: FIRST,
        have: 0,
    });
    let effects = desk.say(ServerMessage::BlobMissing { blob: FIRST });
    assert_eq!(effects, [Effect::BlobMissing { blob: FIRST }]);
}
