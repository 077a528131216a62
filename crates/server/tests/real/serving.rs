//! The real server over real TLS: enrolling, tokens, pushing, reading, and what it refuses.

use crate::support::console::{Console, Device, Outbox, hello, refusal, refused, register};
use crate::support::wire::{Socket, tls};
use crate::support::{Clinic, Person};
use domain::bucket::DeviceProfile;
use domain::port::Clock;
use domain::rejection::Rejection;
use domain::store_port::Decision;
use domain::time::Timestamp;
use server::admin;
use server::http::answer::Problem;
use server::http::token::TokenAnswer;
use server::settings::{Preset, Settings};
use server::system::OsEntropy;
use sync::message::{ConsoleMessage, RefusalCause, ServerMessage};
use vault::signature::SigningKey;

const MINUTE: i64 = 60_000;

fn problem(body: &str) -> Problem {
    serde_json::from_str(body).unwrap()
}

fn applied(decision: &Decision) -> u64 {
    match decision {
        Decision::Applied { seq } => *seq,
        Decision::Rejected { reason } => panic!("refused: {reason}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_enrols_once_and_not_after_its_time() {
    let clinic = Clinic::start().await;
    let key = SigningKey::make(&OsEntropy);
    let code = clinic.code(DeviceProfile::Reception);
    let (status, _) = clinic.try_enrol(&code, &key).await;
    assert_eq!(status, 200);
    let (status, body) = clinic.try_enrol(&code, &key).await;
    assert_eq!(
        (status, problem(&body).code.as_str()),
        (403, "enrolment_code")
    );
    let late = clinic.code(DeviceProfile::Reception);
    clinic.clock.advance(16 * MINUTE);
    let (status, _) = clinic.try_enrol(&late, &key).await;
    assert_eq!(status, 403);
    let (status, _) = clinic.try_enrol("ABCD-EFGH-JKMN", &key).await;
    assert_eq!(status, 403);
    assert_eq!(admin::devices(&clinic.data).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_gets_a_receipt_and_reaches_a_second_console() {
    let clinic = Clinic::start().await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let room = clinic.enrol(DeviceProfile::TreatmentRoom).await;
    let mut second = Console::connect(&clinic, &room).await;
    second.catch_up(0).await;
    assert!(!second.has_client("Ana Prado"));
    let mut first = Console::connect(&clinic, &desk).await;
    let envelope = first.outbox.make(
        &clinic.receptionist,
        clinic.clock.now(),
        register("Ana Prado"),
    );
    let seq = applied(&first.push_one(envelope.clone()).await);
    second.catch_up(seq).await;
    assert!(second.has_client("Ana Prado"));
    first.catch_up(seq).await;
    assert!(first.has_client("Ana Prado"));
    let again = first.push_one(envelope).await;
    assert_eq!(applied(&again), seq, "the same envelope has the same place");
    assert_eq!(
        clinic
            .figure("espelho_actions_total{decision=\"applied\"}")
            .await,
        1.0
    );
    assert_eq!(
        clinic
            .figure("espelho_actions_total{decision=\"repeated\"}")
            .await,
        1.0
    );
    assert_eq!(clinic.figure("espelho_connections").await, 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_actor_is_refused_and_what_follows_goes_on() {
    let clinic = Clinic::start().await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let mut console = Console::connect(&clinic, &desk).await;
    let now = clinic.clock.now();
    let own = &clinic.receptionist.keys.signing;
    let forged = console
        .outbox
        .make_signed_by(&clinic.practitioner, own, now, register("Eva"));
    let honest = console
        .outbox
        .make(&clinic.receptionist, now, register("Lia"));
    let receipts = console.push(vec![forged, honest]).await;
    assert_eq!(
        receipts[0].decision,
        Decision::Rejected {
            reason: Rejection::ForgedActor
        }
    );
    applied(&receipts[1].decision);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refused_and_a_new_one_is_taken() {
    let clinic = Clinic::start().await;
    let mut desk = clinic.enrol(DeviceProfile::Reception).await;
    clinic.clock.advance(16 * MINUTE);
    let outbox = Outbox::new(desk.id);
    assert_eq!(
        refused(&clinic, hello(&desk, &outbox)).await,
        RefusalCause::TokenExpired
    );
    let (status, body) = clinic.ask_token(&desk, clinic.clock.now()).await;
    assert_eq!(status, 200, "{body}");
    let answer: TokenAnswer = serde_json::from_str(&body).unwrap();
    assert_eq!(answer.token_lives_ms, 15 * 60 * 1000);
    desk.token = answer.token;
    Console::connect(&clinic, &desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_whose_clock_is_wrong_signs_again_with_the_servers_time() {
    let clinic = Clinic::start().await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let (status, body) = clinic.ask_token(&desk, Timestamp(0)).await;
    assert_eq!((status, problem(&body).code.as_str()), (401, "clock"));
    let server_time = Timestamp(problem(&body).server_time.unwrap());
    let nonce = [9; 16];
    let (status, _) = clinic.ask_token_with(&desk, server_time, nonce).await;
    assert_eq!(status, 200);
    let (status, _) = clinic.ask_token_with(&desk, server_time, nonce).await;
    assert_eq!(status, 401, "a request that was overheard is worth nothing");
    let stranger = Device {
        id: desk.id,
        key: SigningKey::make(&OsEntropy),
        token: String::new(),
    };
    let (status, body) = clinic.ask_token(&stranger, server_time).await;
    assert_eq!(
        (status, problem(&body).code.as_str()),
        (401, "unknown_device")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_tokens_and_unknown_devices_are_refused() {
    let clinic = Clinic::start().await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let room = clinic.enrol(DeviceProfile::TreatmentRoom).await;
    let mut stolen = hello(&desk, &Outbox::new(desk.id));
    stolen.token = room.token.clone();
    assert_eq!(refused(&clinic, stolen).await, RefusalCause::TokenForged);
    let mut made_up = hello(&desk, &Outbox::new(desk.id));
    made_up.token = "not.a.token".to_owned();
    assert_eq!(refused(&clinic, made_up).await, RefusalCause::TokenForged);
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_and_what_comes_before_the_greeting_end_one_connection_only() {
    let clinic = Clinic::start().await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let mut early = Socket::open(clinic.address, &clinic.pin).await;
    early.say(&ConsoleMessage::Push { envelopes: vec![] }).await;
    assert_eq!(refusal(&mut early).await, RefusalCause::OutOfOrder);
    let mut noisy = Socket::open(clinic.address, &clinic.pin).await;
    noisy.say_bytes(vec![0xff; 40]).await;
    assert_eq!(refusal(&mut noisy).await, RefusalCause::Malformed);
    let mut huge = Socket::open(clinic.address, &clinic.pin).await;
    huge.say_bytes(vec![0; 2 * 1024 * 1024]).await;
    while huge.hear().await.is_some() {}
    let (status, _) = clinic
        .request("POST", "/enrol", &"x".repeat(9 * 1024))
        .await;
    assert_eq!(status, 400);
    let (status, _) = clinic.request("POST", "/token", "{}").await;
    assert_eq!(status, 400);
    let (status, body) = clinic.request("GET", "/health", "").await;
    assert_eq!(status, 200, "{body}");
    let mut console = Console::connect(&clinic, &desk).await;
    console.catch_up(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_devices_envelope_ends_the_connection_and_is_not_executed() {
    let clinic = Clinic::start().await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let room = clinic.enrol(DeviceProfile::TreatmentRoom).await;
    let mut console = Console::connect(&clinic, &desk).await;
    let envelope =
        Outbox::new(room.id).make(&clinic.receptionist, clinic.clock.now(), register("Ana"));
    let envelopes = vec![envelope];
    console
        .socket
        .say(&ConsoleMessage::Push { envelopes })
        .await;
    assert_eq!(
        refusal(&mut console.socket).await,
        RefusalCause::ForeignDevice
    );
    assert_eq!(clinic.figure("espelho_head_seq").await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_is_ended_and_stays_out() {
    let clinic = Clinic::start().await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let mut console = Console::connect(&clinic, &desk).await;
    admin::revoke(&clinic.data, desk.id).unwrap();
    assert_eq!(
        refusal(&mut console.socket).await,
        RefusalCause::DeviceRevoked
    );
    assert_eq!(
        refused(&clinic, hello(&desk, &console.outbox)).await,
        RefusalCause::DeviceRevoked
    );
    let (status, body) = clinic.ask_token(&desk, clinic.clock.now()).await;
    assert_eq!((status, problem(&body).code.as_str()), (403, "revoked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_than_the_pinned_one_is_not_talked_to() {
    let clinic = Clinic::start().await;
    let other = Clinic::start().await;
    assert_ne!(clinic.pin, other.pin);
    assert!(tls(clinic.address, &other.pin).await.is_err());
    assert!(tls(clinic.address, &clinic.pin).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_goes_on_where_it_was() {
    let mut clinic = Clinic::start().await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let mut console = Console::connect(&clinic, &desk).await;
    let now = clinic.clock.now();
    let first = console
        .outbox
        .make(&clinic.receptionist, now, register("Ana"));
    let seq = applied(&console.push_one(first.clone()).await);
    console.catch_up(seq).await;
    let (pin, epoch) = (clinic.pin.clone(), console.epoch());
    clinic.stop().await;
    assert_eq!(refusal(&mut console.socket).await, RefusalCause::Draining);
    assert!(clinic.data.read_serving().is_err());
    clinic.serve().await;
    assert_eq!(clinic.pin, pin);
    let mut console = console.reconnect(&clinic, &desk).await;
    assert_eq!(console.epoch(), epoch);
    assert_eq!(console.welcome.executed_through, 1);
    assert_eq!(applied(&console.push_one(first).await), seq);
    let second = console
        .outbox
        .make(&clinic.receptionist, now, register("Eva"));
    let next = applied(&console.push_one(second).await);
    assert_eq!(next, seq + 1);
    console.catch_up(next).await;
    assert!(console.has_client("Ana") && console.has_client("Eva"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_does_not_depend_on_any_clock() {
    let clinic = Clinic::start().await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let mut console = Console::connect(&clinic, &desk).await;
    let mut places = Vec::new();
    for (jump, at) in [(0, 5), (10 * MINUTE, -7_000_000), (-9 * MINUTE, i64::MAX)] {
        clinic.clock.advance(jump);
        let envelope = console
            .outbox
            .make(&clinic.receptionist, Timestamp(at), register("Ana"));
        places.push(applied(&console.push_one(envelope).await));
    }
    assert_eq!(places, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_taken_while_others_write_converges() {
    let clinic = Clinic::start().await;
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let room = clinic.enrol(DeviceProfile::Management).await;
    let mut writer = Console::connect(&clinic, &desk).await;
    let now = clinic.clock.now();
    let mut last = push_many(&mut writer, &clinic.receptionist, now, 0, 1_200).await;
    let mut reader = Console::connect(&clinic, &room).await;
    // Pages are taken one at a time with writes in between, so that rows move while the snapshot is under way.
    let mut round = 0;
    while !reader.complete {
        let message = reader.socket.hear().await.unwrap();
        let page = matches!(message, ServerMessage::SnapshotPage { .. });
        reader.take(message).await;
        if page && round < 5 {
            round += 1;
            last = push_many(
                &mut writer,
                &clinic.receptionist,
                now,
                2_000 + round * 20,
                20,
            )
            .await;
        }
    }
    reader.catch_up(last).await;
    writer.catch_up(last).await;
    assert!(
        reader.compared >= 8,
        "checksums of every bucket were compared"
    );
    let clients = |console: &Console| {
        let count = console.rows.values();
        count
            .filter(|row| matches!(row, domain::row::Row::Client(_)))
            .count()
    };
    assert_eq!(clients(&reader), 1_200 + 20 * round);
    assert_eq!(clients(&writer), clients(&reader));
}

async fn push_many(
    console: &mut Console,
    actor: &Person,
    at: Timestamp,
    from: usize,
    count: usize,
) -> u64 {
    let mut last = 0;
    for start in (from..from + count).step_by(20) {
        let envelopes = (start..start + 20)
            .map(|n| {
                console
                    .outbox
                    .make(actor, at, register(&format!("Cliente {n}")))
            })
            .collect();
        for receipt in console.push(envelopes).await {
            last = applied(&receipt.decision);
        }
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn one_console_too_many_is_told_to_wait() {
    let mut settings = Settings::preset(Preset::Development).unwrap();
    settings.connections = 1;
    let clinic = Clinic::start_with(settings).await;
    let _first = Socket::open(clinic.address, &clinic.pin).await;
    let stream = tls(clinic.address, &clinic.pin).await.unwrap();
    let second = tokio_tungstenite::client_async("wss://localhost/sync", stream).await;
    match second {
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
            assert_eq!(answer.status().as_u16(), 503);
            assert!(answer.headers().contains_key("retry-after"));
        }
        other => panic!("expected 503, not {:?}", other.map(|_| ())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_is_slowed_down() {
    let mut settings = Settings::preset(Preset::Development).unwrap();
    settings.enrolments_per_minute = 3;
    let clinic = Clinic::start_with(settings).await;
    let key = SigningKey::make(&OsEntropy);
    for _ in 0..3 {
        assert_eq!(clinic.try_enrol("ABCD-EFGH-JKMN", &key).await.0, 403);
    }
    let (status, body) = clinic.try_enrol("ABCD-EFGH-JKMN", &key).await;
    assert_eq!(
        (status, problem(&body).code.as_str()),
        (429, "too_many_requests")
    );
}
