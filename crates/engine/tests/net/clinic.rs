//! A clinic with a real server on a free port.

use domain::bucket::DeviceProfile;
use domain::id::StaffId;
use domain::port::Clock;
use domain::role::Role;
use domain::time::Timestamp;
use engine::net::{Account, EnrolAnswer, EnrolLink, HttpError, enrol};
use server::clinic::{NewClinic, NewStaff};
use server::data::DataDir;
use server::settings::{Preset, Settings};
use server::system::OsEntropy;
use server::{Config, Running, Server, admin, clinic};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use vault::signature::SigningKey;
use vault::staff::StaffKeys;

/// A clock that stands still until it is moved.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// Somebody who works there.
pub struct Person {
    pub id: StaffId,
    pub keys: StaffKeys,
}

/// The clinic. Its server runs on `runtime`, as do the links of its consoles.
pub struct Clinic {
    pub runtime: Runtime,
    pub clock: Arc<HandClock>,
    pub receptionist: Person,
    pub data: DataDir,
    settings: Settings,
    address: SocketAddr,
    running: Option<Running>,
    _folder: tempfile::TempDir,
}

impl Clinic {
    /// Makes the clinic and starts its server.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path().join("clinic"));
        let clock = Arc::new(HandClock(AtomicI64::new(1_795_000_000_000)));
        let store = admin::make_folder(&data, &OsEntropy).unwrap();
        let new = NewClinic {
            name: "Clínica Aurora".to_owned(),
            demo: true,
            staff: vec![NewStaff {
                name: "Bia Reis".to_owned(),
                roles: vec![Role::Reception, Role::Manager],
                council: None,
                color: 0,
                takes_appointments: false,
                password: "segredo".to_owned(),
            }],
            ..NewClinic::default()
        };
        let made = clinic::create(&store, &new, &*clock, &OsEntropy).unwrap();
        let (id, keys) = made.staff.into_iter().next().unwrap();
        let mut this = Self {
            runtime: Runtime::new().unwrap(),
            clock,
            receptionist: Person { id, keys },
            data,
            settings: Settings::preset(Preset::Development).unwrap(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            running: None,
            _folder: folder,
        };
        this.serve();
        this
    }

    /// Starts the server, on the port it had before if there was one.
    pub fn serve(&mut self) {
        let mut config = Config::new(self.data.clone(), self.address, self.settings.clone());
        config.clock = self.clock.clone();
        let running = self.runtime.block_on(Server::start(config)).unwrap();
        self.address = running.address;
        self.running = Some(running);
    }

    /// Stops it.
    pub fn stop(&mut self) {
        let running = self.running.take().unwrap();
        self.runtime.block_on(running.stop());
    }

    /// A one-time link for a new console.
    pub fn link(&self, profile: DeviceProfile) -> EnrolLink {
        let made =
            admin::make_enrolment(&self.data, profile, "Balcão", &self.settings, &*self.clock);
        made.unwrap().link.parse().unwrap()
    }

    /// Tries to enrol with a link.
    pub fn try_enrol(&self, link: &EnrolLink, key: &SigningKey) -> Result<EnrolAnswer, HttpError> {
        self.runtime.block_on(enrol(link, key, "Recepção 1"))
    }

    /// Enrols a console.
    pub fn enrol(&self, profile: DeviceProfile) -> Account {
        let link = self.link(profile);
        let key = SigningKey::make(&OsEntropy);
        let answer = self.try_enrol(&link, &key).unwrap();
        assert_eq!(answer.profile, profile);
        Account {
            server: link.server,
            device: answer.device,
            key,
        }
    }
}

/// Waits until something holds; fails when it does not within a time that no healthy run needs.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "waited for: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
