//! A clinic with a real server on a free port, and consoles that talk to it.

pub mod console;
pub mod wire;

use console::Device;
use domain::bucket::DeviceProfile;
use domain::id::StaffId;
use domain::port::Entropy;
use domain::role::Role;
use domain::row::{Row, RowChange};
use domain::store_port::RowStore as _;
use domain::time::Timestamp;
use server::clinic::{NewClinic, NewStaff};
use server::data::DataDir;
use server::http::enrol::EnrolAnswer;
use server::settings::{Preset, Settings};
use server::system::OsEntropy;
use server::{Config, Running, Server, admin, clinic};
use std::net::SocketAddr;
use std::sync::Arc;
use store::{StoreError, Tx};
use testkit::port::FixedClock;
use vault::signature::SigningKey;
use vault::staff::StaffKeys;

/// The people of the test clinic.
pub struct Person {
    /// Who.
    pub id: StaffId,
    /// What they sign with.
    pub keys: StaffKeys,
}

/// A clinic and its server.
pub struct Clinic {
    /// Taken away with the clinic.
    _folder: tempfile::TempDir,
    pub data: DataDir,
    pub clock: Arc<FixedClock>,
    pub settings: Settings,
    pub receptionist: Person,
    pub practitioner: Person,
    pub running: Option<Running>,
    pub address: SocketAddr,
    pub pin: String,
}

impl Clinic {
    /// Makes the clinic and starts its server.
    pub async fn start() -> Self {
        Self::start_with(Settings::preset(Preset::Development).unwrap()).await
    }

    /// The same with other values.
    pub async fn start_with(settings: Settings) -> Self {
        Self::start_filled(settings, &[]).await
    }

    /// The same with rows that were there before its first day, and in no log.
    pub async fn start_filled(settings: Settings, rows: &[Row]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path().join("clinic"));
        let clock = Arc::new(FixedClock::at(Timestamp(1_795_000_000_000)));
        let store = admin::make_folder(&data, &OsEntropy).unwrap();
        let person = |name: &str, role| NewStaff {
            name: name.to_owned(),
            roles: vec![role],
            council: None,
            color: 0,
            takes_appointments: role == Role::Practitioner,
            password: "segredo".to_owned(),
        };
        let new = NewClinic {
            name: "Clínica Aurora".to_owned(),
            demo: true,
            staff: vec![
                person("Bia Reis", Role::Reception),
                person("Caio Lima", Role::Practitioner),
                person("Dora Nunes", Role::Manager),
            ],
            ..NewClinic::default()
        };
        let made = clinic::create(&store, &new, &*clock, &OsEntropy).unwrap();
        let put = |tx: &mut Tx<'_>| {
            rows.iter()
                .try_for_each(|row| tx.write(&RowChange::put(row.clone())))
        };
        store.write::<_, StoreError>(put).unwrap();
        let mut people = made.staff.into_iter().map(|(id, keys)| Person { id, keys });
        let mut this = Self {
            receptionist: people.next().unwrap(),
            practitioner: people.next().unwrap(),
            _folder: folder,
            data,
            clock,
            settings,
            running: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            pin: String::new(),
        };
        this.serve().await;
        this
    }

    /// Starts the server, on the port it had before if there was one.
    pub async fn serve(&mut self) {
        let mut config = Config::new(self.data.clone(), self.address, self.settings.clone());
        config.clock = self.clock.clone();
        let running = Server::start(config).await.unwrap();
        self.address = running.address;
        self.pin = running.certificate_pin.clone();
        self.running = Some(running);
    }

    /// Stops it.
    pub async fn stop(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    /// A one-time code.
    pub fn code(&self, profile: DeviceProfile) -> String {
        admin::make_enrolment(&self.data, profile, "Balcão", &self.settings, &*self.clock)
            .unwrap()
            .code
    }

    /// Status and body of an enrolment with a key.
    pub async fn try_enrol(&self, code: &str, key: &SigningKey) -> (u16, String) {
        let body = serde_json::json!({
            "code": code,
            "device_public_key": hex::encode(key.public()),
            "name": "Recepção 1",
        });
        self.request("POST", "/enrol", &body.to_string()).await
    }

    /// Enrols a console.
    pub async fn enrol(&self, profile: DeviceProfile) -> Device {
        let key = SigningKey::make(&OsEntropy);
        let (status, body) = self.try_enrol(&self.code(profile), &key).await;
        assert_eq!(status, 200, "{body}");
        let answer: EnrolAnswer = serde_json::from_str(&body).unwrap();
        assert_eq!(answer.profile, profile);
        Device {
            id: answer.device,
            key,
            token: answer.token,
        }
    }

    /// Status and body of any request.
    pub async fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        wire::request(self.address, &self.pin, method, path, body).await
    }

    /// Asks for a token at `time` with a fresh nonce.
    pub async fn ask_token(&self, device: &Device, time: Timestamp) -> (u16, String) {
        let nonce: [u8; 16] = OsEntropy.bytes();
        self.ask_token_with(device, time, nonce).await
    }

    /// The same with a chosen nonce.
    pub async fn ask_token_with(
        &self,
        device: &Device,
        time: Timestamp,
        nonce: [u8; 16],
    ) -> (u16, String) {
        let challenge = server::http::token::challenge_bytes(time, &nonce);
        let body = serde_json::json!({
            "device": device.id,
            "time": time,
            "nonce": hex::encode(nonce),
            "proof": vault::token::device_proof(&device.key, device.id, &challenge),
        });
        self.request("POST", "/token", &body.to_string()).await
    }

    /// A figure of `/metrics`.
    pub async fn figure(&self, name: &str) -> f64 {
        let (status, text) = self.request("GET", "/metrics", "").await;
        assert_eq!(status, 200);
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .unwrap_or_else(|| panic!("{name} is missing in\n{text}"))
            .parse()
            .unwrap()
    }
}
