//! Sealed files over the real connection.

use crate::support::Clinic;
use crate::support::console::Console;
use domain::blob::BlobId;
use domain::bucket::DeviceProfile;
use serde_bytes::ByteBuf;
use sync::message::{BlobRefusal, ConsoleMessage, LARGEST_CHUNK, ServerMessage};
use vault::stream::blob_id;

fn picture() -> Vec<u8> {
    (0..150_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect()
}

/// What the server answers about a blob.
async fn about(console: &mut Console) -> ServerMessage {
    console
        .socket
        .hear_until(|message| match message {
            ServerMessage::BlobHave { .. }
            | ServerMessage::BlobStored { .. }
            | ServerMessage::BlobRefused { .. }
            | ServerMessage::BlobData { .. }
            | ServerMessage::BlobMissing { .. } => Some(message),
            _ => None,
        })
        .await
}

async fn offer(console: &mut Console, blob: BlobId, len: usize) -> ServerMessage {
    let len = len as u64;
    console
        .socket
        .say(&ConsoleMessage::BlobOffer { blob, len })
        .await;
    about(console).await
}

async fn send(console: &mut Console, blob: BlobId, bytes: &[u8], offset: usize) -> ServerMessage {
    let end = (offset + LARGEST_CHUNK).min(bytes.len());
    let chunk = ConsoleMessage::BlobChunk {
        blob,
        offset: offset as u64,
        bytes: ByteBuf::from(&bytes[offset..end]),
    };
    console.socket.say(&chunk).await;
    about(console).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_resumed_checked_and_read_by_another_console() {
    let clinic = Clinic::start().await;
    let room = clinic.enrol(DeviceProfile::TreatmentRoom).await;
    let office = clinic.enrol(DeviceProfile::Management).await;
    let bytes = picture();
    let blob = blob_id(&bytes);
    let mut console = Console::connect(&clinic, &room).await;
    let first = offer(&mut console, blob, bytes.len()).await;
    assert_eq!(first, ServerMessage::BlobHave { blob, offset: 0 });
    send(&mut console, blob, &bytes, 0).await;
    let mut console = console.reconnect(&clinic, &room).await;
    let resumed = offer(&mut console, blob, bytes.len()).await;
    let mut offset = LARGEST_CHUNK;
    assert_eq!(
        resumed,
        ServerMessage::BlobHave {
            blob,
            offset: offset as u64
        }
    );
    loop {
        match send(&mut console, blob, &bytes, offset).await {
            ServerMessage::BlobHave { offset: next, .. } => offset = usize::try_from(next).unwrap(),
            ServerMessage::BlobStored { blob: stored } => {
                assert_eq!(stored, blob);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        offer(&mut console, blob, bytes.len()).await,
        ServerMessage::BlobStored { blob }
    );
    let mut reader = Console::connect(&clinic, &office).await;
    assert_eq!(read_whole(&mut reader, blob).await, bytes);
}

async fn read_whole(console: &mut Console, blob: BlobId) -> Vec<u8> {
    let mut read = Vec::new();
    loop {
        let get = ConsoleMessage::BlobGet {
            blob,
            offset: read.len() as u64,
            max: u32::try_from(LARGEST_CHUNK).unwrap(),
        };
        console.socket.say(&get).await;
        match about(console).await {
            ServerMessage::BlobData { bytes, total, .. } => {
                read.extend_from_slice(&bytes);
                if read.len() as u64 == total {
                    return read;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_does_not_fit_its_name_is_refused() {
    let clinic = Clinic::start().await;
    let room = clinic.enrol(DeviceProfile::TreatmentRoom).await;
    let mut console = Console::connect(&clinic, &room).await;
    let blob = blob_id(b"what it should be");
    let other = b"what it is instead";
    offer(&mut console, blob, other.len()).await;
    assert_eq!(
        send(&mut console, blob, other, 0).await,
        ServerMessage::BlobRefused {
            blob,
            cause: BlobRefusal::WrongContent
        }
    );
    assert_eq!(clinic.figure("espelho_blobs_refused_total").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn reception_neither_stores_nor_reads_photos() {
    let clinic = Clinic::start().await;
    let room = clinic.enrol(DeviceProfile::TreatmentRoom).await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let bytes = b"a sealed picture";
    let blob = blob_id(bytes);
    let mut console = Console::connect(&clinic, &room).await;
    offer(&mut console, blob, bytes.len()).await;
    let stored = send(&mut console, blob, bytes, 0).await;
    assert_eq!(stored, ServerMessage::BlobStored { blob });
    let mut reception = Console::connect(&clinic, &desk).await;
    let refused = offer(&mut reception, blob, bytes.len()).await;
    assert_eq!(
        refused,
        ServerMessage::BlobRefused {
            blob,
            cause: BlobRefusal::NotAllowed
        }
    );
    let get = ConsoleMessage::BlobGet {
        blob,
        offset: 0,
        max: 100,
    };
    reception.socket.say(&get).await;
    assert_eq!(
        about(&mut reception).await,
        ServerMessage::BlobMissing { blob }
    );
}
