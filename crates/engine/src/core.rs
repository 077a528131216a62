//! The handle the shell holds, and what lives from the start of the app to its end.

use crate::config::Config;
use crate::console::Console;
use crate::error::AppError;
use crate::events::Events;
use crate::files::Files;
use crate::session::{Seated, Session};
use crate::setup::Kit;
use crate::view::app::{AppState, Phase, Preferences};
use crate::view::event::EngineEvent;
use crate::{logging, preferences};
use domain::role::{Permission, allows};
use monitor::{Area, Monitor, ProcessWatch, Recorder};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Instant;
use vault::slots::KeySlots;

/// The engine. Clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Core>);

/// What the engine is made of, whether or not its database is open.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) files: Files,
    pub(crate) events: Events,
    pub(crate) runtime: tokio::runtime::Runtime,
    /// Measurements before the database is open have no history; [`Core::open`] replaces it by one that has.
    monitor: RwLock<Arc<Monitor>>,
    stage: Mutex<Stage>,
    preferences: RwLock<Preferences>,
    kit: Mutex<Option<Kit>>,
    pub(crate) watch: ProcessWatch,
    stopping: Arc<AtomicBool>,
    ticker: Mutex<Option<JoinHandle<()>>>,
}

/// How far this console is from having its data open.
pub(crate) enum Stage {
    /// No clinic yet.
    NeedsEnrolment,
    /// The key did not come from the keyring.
    NeedsRecovery {
        /// What can still open it.
        slots: KeySlots,
        /// Why.
        reason: &'static str,
    },
    /// The database does not open; it was left as it is.
    Quarantined {
        /// Stable code.
        code: String,
        /// What happened and what to do.
        message: String,
    },
    /// The data are open.
    Open(Arc<Console>),
}

impl Core {
    pub(crate) fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open console.
    pub(crate) fn console(&self) -> Option<Arc<Console>> {
        match &*self.stage() {
            Stage::Open(console) => Some(Arc::clone(console)),
            _ => None,
        }
    }

    /// Goes to another stage and tells the window.
    pub(crate) fn enter(&self, stage: Stage) {
        *self.stage() = stage;
        self.events.send(EngineEvent::Phase);
    }

    /// The recovery kit that nobody has proved to have kept.
    pub(crate) fn kit(&self) -> MutexGuard<'_, Option<Kit>> {
        self.kit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_kit(&self, kit: Option<Kit>) {
        *self.kit() = kit;
    }

    pub(crate) fn monitor(&self) -> Arc<Monitor> {
        Arc::clone(&self.monitor.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_monitor(&self, monitor: Arc<Monitor>) {
        *self.monitor.write().unwrap_or_else(PoisonError::into_inner) = monitor;
    }

    pub(crate) fn recorder(&self) -> Recorder {
        self.monitor().recorder().clone()
    }

    pub(crate) fn preferences(&self) -> Preferences {
        self.preferences
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_preferences(&self, preferences: Preferences) {
        *self
            .preferences
            .write()
            .unwrap_or_else(PoisonError::into_inner) = preferences;
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }
}

impl Engine {
    /// Takes the data folder, opens the data where the keyring lets it, and begins to talk to the server.
    ///
    /// # Errors
    /// When the folder cannot be used or another console has it. Data that do not open are a phase, not an error.
    pub fn start(config: Config) -> Result<Self, AppError> {
        let files = Files::claim(&config.data)?;
        logging::start(&files.root().join("logs"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("espelho-net")
            .enable_all()
            .build()
            .map_err(|error| {
                AppError::new("start", format!("no thread could be started: {error}"))
            })?;
        let preferences = preferences::load(&files.preferences());
        let engine = Self(Arc::new(Core {
            config,
            files,
            events: Events::start(),
            runtime,
            monitor: RwLock::new(Arc::new(Monitor::new(None))),
            stage: Mutex::new(Stage::NeedsEnrolment),
            preferences: RwLock::new(preferences),
            kit: Mutex::new(None),
            watch: ProcessWatch::default(),
            stopping: Arc::new(AtomicBool::new(false)),
            ticker: Mutex::new(None),
        }));
        engine.open_at_start()?;
        engine.start_ticker()?;
        Ok(engine)
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0
    }

    /// Calls `listener` with every event, in order, from a thread of the engine.
    pub fn subscribe(&self, listener: impl Fn(EngineEvent) + Send + Sync + 'static) {
        self.0.events.subscribe(listener);
    }

    /// Runs a command and measures it under its name, failures included.
    ///
    /// # Errors
    /// Those of `run`.
    pub fn measured<T>(
        &self,
        name: &'static str,
        run: impl FnOnce(&Self) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let recorder = self.0.recorder();
        let begun = Instant::now();
        let answer = run(self);
        recorder.record(Area::Command, name, begun.elapsed(), answer.is_ok());
        if let Err(error) = &answer {
            recorder.count_failure(&error.code);
            tracing::info!(command = name, code = %error.code, "a command failed");
        }
        answer
    }

    /// What the window shows first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn app_state(&self) -> Result<AppState, AppError> {
        let phase = match &*self.0.stage() {
            Stage::NeedsEnrolment => Phase::NeedsEnrolment,
            Stage::NeedsRecovery { slots, reason } => Phase::NeedsRecovery {
                reason: (*reason).to_owned(),
                has_passphrase: slots.has_passphrase(),
            },
            Stage::Quarantined { code, message } => Phase::Quarantined {
                code: code.clone(),
                message: message.clone(),
            },
            Stage::Open(console) => return self.open_state(&Arc::clone(console)),
        };
        Ok(self.state_of(phase))
    }

    pub(crate) fn state_of(&self, phase: Phase) -> AppState {
        let now = self.0.config.clock.now();
        AppState {
            phase,
            clinic: None,
            device: None,
            profile: None,
            demo: false,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            preset: self.0.config.preset_name.clone(),
            zone: None,
            today: domain::time::ClinicZone::sao_paulo().day(now).to_string(),
            preferences: self.0.preferences(),
        }
    }

    fn open_state(&self, console: &Console) -> Result<AppState, AppError> {
        let mut state = self.state_of(console.phase()?);
        let record = console.record();
        state.device = Some(record.name.clone());
        state.profile = Some(record.profile);
        if let Some(clinic) = console.clinic()? {
            state.today = console.today(&clinic).to_string();
            state.clinic = Some(clinic.profile.name.clone());
            state.zone = Some(clinic.profile.zone.clone());
            state.demo = clinic.profile.demo && self.0.config.demo;
        }
        Ok(state)
    }

    /// Who is at work, when their roles allow what is needed; refused attempts are audited.
    pub(crate) fn seated(&self, needed: Permission) -> Result<Seated, AppError> {
        let console = self.0.console().ok_or_else(AppError::locked)?;
        let session = console.seat().session().ok_or_else(AppError::locked)?;
        if !allows(&session.staff().roles, needed) {
            console.audit_denial(&session, needed);
            return Err(AppError::not_allowed(needed));
        }
        Ok(Seated { console, session })
    }

    /// Answers a question of the person at work. What was locked meanwhile is not answered any more.
    pub(crate) fn answer<T>(
        &self,
        needed: Permission,
        ask: impl FnOnce(&Console, &Session) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let seated = self.seated(needed)?;
        let answer = ask(&seated.console, &seated.session)?;
        if seated.console.seat().is_at_work(&seated.session) {
            Ok(answer)
        } else {
            Err(AppError::locked())
        }
    }

    /// Ends everything the engine started and waits for it. Data are safe at any moment; this only saves the next start
    /// some work.
    pub fn shut_down(&self) {
        self.0.stopping.store(true, SeqCst);
        let ticker = self
            .0
            .ticker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(ticker) = ticker {
            ticker.thread().unpark();
            // A panic of the ticker was logged when it happened.
            let _ = ticker.join();
        }
        if let Some(console) = self.0.console() {
            console.close();
        }
    }

    fn start_ticker(&self) -> Result<(), AppError> {
        let core = Arc::downgrade(&self.0);
        let ticker = std::thread::Builder::new()
            .name("espelho-tick".to_owned())
            .spawn(move || {
                while let Some(core) = core.upgrade() {
                    if core.stopping() {
                        return;
                    }
                    Self(core).tick();
                    std::thread::park_timeout(std::time::Duration::from_secs(1));
                }
            })
            .map_err(|error| {
                AppError::new("start", format!("no thread could be started: {error}"))
            })?;
        *self.0.ticker.lock().unwrap_or_else(PoisonError::into_inner) = Some(ticker);
        Ok(())
    }

    /// Once a second: closes the second of measurements and locks an idle console.
    fn tick(&self) {
        let console = self.0.console();
        let gauges = crate::performance::gauges(&self.0, console.as_deref());
        if let Err(error) = self.0.monitor().tick(self.0.config.clock.now().0, gauges) {
            tracing::warn!(%error, "measurements were not kept");
        }
        if let Some(console) = console
            && console.seat().lock_when_idle()
        {
            console.locked();
            self.0.events.send(EngineEvent::Phase);
        }
    }
}
