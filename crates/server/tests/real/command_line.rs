//! The `clinic-server` binary as people run it.

use crate::support::console::{Console, Device, register};
use crate::support::{Person, wire};
use domain::action::RegisterClient;
use domain::port::Entropy;
use domain::row::{Row, Staff};
use domain::store_port::Decision;
use domain::time::Timestamp;
use server::data::{DataDir, Serving};
use server::http::enrol::EnrolAnswer;
use server::system::OsEntropy;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use vault::signature::SigningKey;
use vault::staff::StaffCredential;

fn program(command: &str, data: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_clinic-server"));
    program.arg(command).arg("--data").arg(data);
    program
}

/// Runs a command to its end; its JSON answer, or what it complained about.
fn run(command: &mut Command) -> Result<serde_json::Value, String> {
    let output = command.output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

fn init(data: &Path) -> Result<serde_json::Value, String> {
    run(program("init", data).args([
        "--clinic-name",
        "Clínica Aurora",
        "--manager-name",
        "Dora Nunes",
    ]))
}

/// A served clinic; the process is killed when the test is over, however it ends.
struct Served {
    child: Child,
    address: SocketAddr,
    pin: String,
}

impl Served {
    fn start(data: &Path, listen: &str) -> Self {
        let mut child = program("serve", data)
            .args(["--listen", listen, "--preset", "development"])
            .stdout(Stdio::piped())
            .stderr(log(data))
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["event"], "ready");
        Self {
            child,
            address: ready["address"].as_str().unwrap().parse().unwrap(),
            pin: ready["certificate_pin"].as_str().unwrap().to_owned(),
        }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's log, beside its folder so that nothing of the clinic is taken for it.
fn log(data: &Path) -> std::fs::File {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(data.with_extension("log"))
        .unwrap()
}

async fn enrol(served: &Served, code: &str) -> Device {
    let key = SigningKey::make(&OsEntropy);
    let body = serde_json::json!({
        "code": code, "device_public_key": hex::encode(key.public()), "name": "",
    });
    let (status, body) = wire::request(
        served.address,
        &served.pin,
        "POST",
        "/enrol",
        &body.to_string(),
    )
    .await;
    assert_eq!(status, 200, "{body}");
    let answer: EnrolAnswer = serde_json::from_str(&body).unwrap();
    Device {
        id: answer.device,
        key,
        token: answer.token,
    }
}

/// The manager, whose keys open with the password that `init` printed.
fn manager(console: &Console, password: &str) -> Person {
    let staff: Vec<&Staff> = console
        .rows
        .values()
        .filter_map(|row| match row {
            Row::Staff(staff) => Some(staff),
            _ => None,
        })
        .collect();
    assert_eq!(staff.len(), 1);
    let credential = StaffCredential::from_bytes(&staff[0].credential).unwrap();
    Person {
        id: staff[0].id,
        keys: credential.unlock(staff[0].id, password).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clinic_is_created_served_killed_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("clinic");
    let login = init(&data).unwrap();
    assert_eq!(login["manager"], "Dora Nunes");
    let password = login["password"].as_str().unwrap();
    assert!(init(&data).unwrap_err().contains("already holds a clinic"));

    let mut served = Served::start(&data, "127.0.0.1:0");
    let made =
        run(program("enrol", &data).args(["--profile", "treatment_room", "--name", "Sala 1"]))
            .unwrap();
    let code = made["code"].as_str().unwrap();
    assert_eq!(
        made["link"],
        format!(
            "espelho-enrol:{}?pin={}&code={code}",
            served.address, served.pin
        )
    );
    let device = enrol(&served, code).await;
    let listed = run(&mut program("devices", &data)).unwrap();
    assert_eq!(listed["name"], "Sala 1");
    assert_eq!(listed["profile"], "treatment_room");

    let mut console = Console::connect_to(served.address, &served.pin, &device).await;
    console.catch_up(0).await;
    let manager = manager(&console, password);
    let action: RegisterClient = register("Ana Prado");
    let envelope = console.outbox.make(&manager, Timestamp(0), action);
    let decision = console.push_one(envelope.clone()).await;
    assert_eq!(decision, Decision::Applied { seq: 1 });

    served.kill();
    let address = served.address.to_string();
    let served = Served::start(&data, &address);
    let mut console = console
        .reconnect_to(served.address, &served.pin, &device)
        .await;
    assert_eq!(console.welcome.executed_through, 1);
    assert_eq!(console.push_one(envelope).await, decision);
    console.catch_up(1).await;
    assert!(console.has_client("Ana Prado"));

    let id = device.id.to_string();
    run(program("revoke", &data).args(["--device", &id])).unwrap();
    let listed = run(&mut program("devices", &data)).unwrap();
    assert!(listed["revoked_at"].is_i64());

    let log = std::fs::read_to_string(data.with_extension("log")).unwrap();
    assert!(log.contains("\"enrolled\"") && log.contains("\"serving\""));
    for secret in [
        code,
        &device.token,
        password,
        "Ana",
        "Sala 1",
        "Dora",
        "Aurora",
    ] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_termination_signal_ends_it_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("clinic");
    init(&data).unwrap();
    let mut served = Served::start(&data, "127.0.0.1:0");
    let (status, _) = wire::request(served.address, &served.pin, "GET", "/health", "").await;
    assert_eq!(status, 200);
    let process = served.child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &process]).status();
    assert!(sent.unwrap().success());
    let status = served.child.wait().unwrap();
    assert!(status.success(), "{status}");
    let complaint =
        run(program("enrol", &data).args(["--profile", "reception", "--name", "Balcão"]))
            .unwrap_err();
    assert!(complaint.contains("no server is running"), "{complaint}");
}

#[test]
fn wrong_folders_and_missing_keys_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    let complaint = run(&mut program("devices", &empty)).unwrap_err();
    assert!(complaint.contains("holds no clinic"), "{complaint}");
    let data = folder.path().join("clinic");
    init(&data).unwrap();
    let key = DataDir::at(&data).key();
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let complaint = run(&mut program("devices", &data)).unwrap_err();
    assert!(complaint.contains("server.key is missing"), "{complaint}");
    let other: [u8; 32] = OsEntropy.bytes();
    DataDir::at(&data)
        .write_secret(&key, hex::encode(other).as_bytes())
        .unwrap();
    let complaint = run(&mut program("devices", &data)).unwrap_err();
    assert!(
        complaint.contains("does not open with this key"),
        "{complaint}"
    );
    DataDir::at(&data).write_secret(&key, &kept).unwrap();
    let listed = program("devices", &data).output().unwrap();
    assert!(listed.status.success(), "the right key opens it again");
}

#[test]
fn a_note_left_by_a_killed_server_names_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("clinic");
    init(&data).unwrap();
    let mut served = Served::start(&data, "127.0.0.1:0");
    let serving: Serving = DataDir::at(&data).read_serving().unwrap();
    assert_eq!(serving.address, served.address.to_string());
    assert_eq!(serving.certificate_pin, served.pin);
    served.kill();
}
