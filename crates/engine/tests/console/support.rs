//! A small demonstration clinic with its server on a free port, and a console that has joined it.

use domain::bucket::DeviceProfile;
use domain::role::Role;
use domain::time::{ClinicZone, Day, Timestamp};
use engine::view::agenda::{BookRequest, Outcome, Refused, SlotQuery, SlotView};
use engine::view::app::Phase;
use engine::view::catalogue::TreatmentView;
use engine::view::clients::{RegisterOutcome, RegisterRequest};
use engine::{AppError, Config, Engine};
use server::data::DataDir;
use server::settings::{Preset, Settings};
use server::{Running, Server, admin};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::demo::{self, Order};
use testkit::port::FixedClock;
use tokio::runtime::Runtime;
use vault::staff::DEMONSTRATION_PASSWORD;

/// A Wednesday.
pub const TODAY: Day = Day(20_782);

/// A console of the clinic.
pub struct Desk {
    pub engine: Engine,
    pub clock: Arc<FixedClock>,
    server: Option<Running>,
    runtime: Runtime,
    _clinic: tempfile::TempDir,
    _console: tempfile::TempDir,
}

/// A moment of the clinic's day.
pub fn moment(minute: i32) -> Timestamp {
    ClinicZone::sao_paulo().at(TODAY, minute)
}

impl Desk {
    /// Makes the clinic with a few dozen clients, starts its server, joins it and waits until all rows are there. It is
    /// 10:05 of [`TODAY`].
    pub fn open(profile: DeviceProfile) -> Self {
        let (clinic, console) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let order = Order {
            data: clinic.path().join("clinic"),
            clients: 60,
            photos: 2,
            seed: 7,
            now: moment(10 * 60 + 5),
        };
        demo::make(&order, &mut |_, _, _| {}).unwrap();
        let clock = Arc::new(FixedClock::at(order.now));
        let data = DataDir::at(&order.data);
        let settings = Settings::preset(Preset::Development).unwrap();
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut serving = server::Config::new(data.clone(), listen, settings.clone());
        serving.clock = clock.clone();
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(Server::start(serving)).unwrap();
        let made = admin::make_enrolment(&data, profile, "Balcão", &settings, &*clock).unwrap();
        let mut config = Config::new(
            Some(console.path().join("data")),
            None,
            true,
            Some(made.link),
            "no-decoder-needed".into(),
        )
        .unwrap();
        config.clock = clock.clone();
        let engine = Engine::start(config).unwrap();
        until("all rows are there", || {
            matches!(engine.app_state().unwrap().phase, Phase::SignedOut)
        });
        Self {
            engine,
            clock,
            server: Some(server),
            runtime,
            _clinic: clinic,
            _console: console,
        }
    }

    /// Signs somebody of a role in; gives their id.
    pub fn sign_in(&self, role: Role) -> String {
        let people = self.engine.staff_tiles().unwrap();
        let person = people
            .into_iter()
            .find(|person| person.roles.contains(&role))
            .unwrap();
        let password = DEMONSTRATION_PASSWORD.to_owned();
        self.engine
            .session_sign_in(person.id.clone(), password)
            .unwrap();
        person.id
    }

    /// The console's time as views have it.
    pub fn clock_millis(&self) -> f64 {
        use domain::port::Clock as _;
        self.clock.now().0 as f64
    }

    /// Takes the network away.
    pub fn stop_server(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }

    /// Registers a client of a name.
    pub fn register(&self, name: &str) -> String {
        let request = RegisterRequest {
            name: name.to_owned(),
            social_name: None,
            cpf: None,
            phone: None,
            email: None,
            birth_date: None,
        };
        match self.engine.client_register(request).unwrap() {
            RegisterOutcome::Done { id, provisional } => {
                assert!(!provisional);
                id
            }
            other => panic!("{other:?}"),
        }
    }

    /// The first treatment that fits.
    pub fn treatment(&self, fits: impl Fn(&TreatmentView) -> bool) -> TreatmentView {
        let treatments = self.engine.catalogue().unwrap().treatments;
        treatments
            .into_iter()
            .find(|treatment| fits(treatment))
            .unwrap()
    }

    /// Free places for a treatment with anybody.
    pub fn places(
        &self,
        treatment: &TreatmentView,
        day: Day,
        around_minute: Option<i32>,
    ) -> Vec<SlotView> {
        let query = SlotQuery {
            treatment_id: treatment.id.clone(),
            staff_id: None,
            day: day.to_string(),
            around_minute,
            duration_minutes: None,
            moving: None,
            most: 18,
        };
        self.engine.slots_find(query).unwrap()
    }

    /// Books a place.
    pub fn book(&self, client: &str, treatment: &TreatmentView, slot: &SlotView) -> Outcome {
        let request = BookRequest {
            client_id: client.to_owned(),
            treatment_id: treatment.id.clone(),
            slot: slot.clone(),
            note: None,
        };
        self.engine.appointment_book(request).unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.engine.shut_down();
        self.stop_server();
    }
}

/// The id of something done.
pub fn done(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done { id, .. } => id,
        Outcome::Refused { refusal } => panic!("{refusal:?}"),
    }
}

/// The reason of something refused.
pub fn refusal(outcome: Outcome) -> Refused {
    match outcome {
        Outcome::Refused { refusal } => refusal,
        done => panic!("{done:?}"),
    }
}

/// The code of an error.
pub fn code<T: std::fmt::Debug>(answer: Result<T, AppError>) -> String {
    answer.unwrap_err().code
}

/// Waits until something holds; fails when it does not within a time that no healthy run needs.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "waited for: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
