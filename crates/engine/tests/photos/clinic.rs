//! A clinic with a real server on a free port, and consoles of it with encrypted data folders of their own.

use domain::bucket::DeviceProfile;
use domain::id::{ClientId, StaffId};
use domain::role::Role;
use domain::row::{Client, RowChange};
use domain::store_port::RowStore as _;
use domain::time::Timestamp;
use engine::view::app::{EnrolRequest, Phase, RecoveryAnswer};
use engine::view::event::EngineEvent;
use engine::view::photos::{ImportFile, ImportRequest, ImportView, PhotoCard};
use engine::{AppError, Engine};
use server::clinic::{NewClinic, NewStaff};
use server::data::DataDir;
use server::settings::{Preset, Settings};
use server::system::{OsEntropy, SystemClock};
use server::{Running, Server, admin};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Everything that is waited for comes well before; a test that hangs is to fail.
const LONGEST: Duration = Duration::from_secs(120);
const PASSWORD: &str = "segredo";
const PASSPHRASE: &str = "uma frase bem longa";
pub const PIN: &str = "2580";

/// Waits for something to be there.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + LONGEST;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The clinic and its server.
pub struct Clinic {
    pub client: ClientId,
    pub data: DataDir,
    folder: tempfile::TempDir,
    practitioner: StaffId,
    receptionist: StaffId,
    settings: Settings,
    running: Option<Running>,
    runtime: Runtime,
}

impl Clinic {
    /// One who treats, one at the front desk, one client.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path().join("clinic"));
        let store = admin::make_folder(&data, &OsEntropy).unwrap();
        let person = |name: &str, role| NewStaff {
            name: name.to_owned(),
            roles: vec![role],
            council: None,
            color: 0,
            takes_appointments: false,
            password: PASSWORD.to_owned(),
        };
        let new = NewClinic {
            name: "Clínica Aurora".to_owned(),
            demo: true,
            staff: vec![
                person("Caio Lima", Role::Practitioner),
                person("Bia Reis", Role::Manager),
            ],
            ..NewClinic::default()
        };
        let made = server::clinic::create(&store, &new, &SystemClock, &OsEntropy).unwrap();
        let client = Client {
            id: ClientId::make(&SystemClock, &OsEntropy),
            name: "Ana Prado".to_owned(),
            social_name: None,
            cpf: None,
            phone: None,
            email: None,
            birth_date: None,
            registered_at: Timestamp(0),
            registered_by: made.staff[0].0,
        };
        let id = client.id;
        store.write(|tx| tx.write(&RowChange::put(client))).unwrap();
        drop(store);
        let settings = Settings::preset(Preset::Development).unwrap();
        let runtime = Runtime::new().unwrap();
        let config =
            server::Config::new(data.clone(), ([127, 0, 0, 1], 0).into(), settings.clone());
        let running = runtime.block_on(Server::start(config)).unwrap();
        Self {
            client: id,
            data,
            folder,
            practitioner: made.staff[0].0,
            receptionist: made.staff[1].0,
            settings,
            running: Some(running),
            runtime,
        }
    }

    /// A new console of a treatment room with the practitioner at work.
    pub fn console(&self, name: &str) -> Console {
        let console = self.empty_console(name);
        let made = admin::make_enrolment(
            &self.data,
            DeviceProfile::TreatmentRoom,
            name,
            &self.settings,
            &SystemClock,
        );
        let request = EnrolRequest {
            link: made.unwrap().link,
            passphrase: Some(PASSPHRASE.to_owned()),
        };
        let kit = console.engine.console_enrol(request).unwrap();
        let answer = |position: &u8| RecoveryAnswer {
            position: *position,
            word: kit.recovery_words[usize::from(*position) - 1].clone(),
        };
        assert!(
            console
                .engine
                .recovery_test(kit.asks_for.iter().map(answer).collect())
                .unwrap()
        );
        console.sign_in();
        console
    }

    /// The same console started again on the data that it left.
    pub fn console_again(&self, name: &str) -> Console {
        let console = self.empty_console(name);
        if matches!(
            console.engine.app_state().unwrap().phase,
            Phase::NeedsRecovery { .. }
        ) {
            console
                .engine
                .passphrase_open(PASSPHRASE.to_owned())
                .unwrap();
        }
        console.sign_in();
        console
    }

    /// Where a console keeps its data.
    pub fn console_folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn empty_console(&self, name: &str) -> Console {
        let data = self.console_folder(name);
        // The one before may still be giving its folder free.
        let engine = wait_for("the data folder", || {
            let decoder = PathBuf::from(env!("CARGO_BIN_EXE_engine-decoder"));
            let config =
                engine::Config::new(Some(data.clone()), Some("development"), true, None, decoder)
                    .unwrap();
            match Engine::start(config) {
                Ok(engine) => Some(engine),
                Err(error) => {
                    assert_eq!(error.code, "already_open", "{error}");
                    None
                }
            }
        });
        let told = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&told);
        engine.subscribe(move |event| {
            if let EngineEvent::Import { import } = event {
                listener.lock().unwrap().push(import);
            }
        });
        Console {
            engine,
            told,
            data,
            client: self.client.to_string(),
            practitioner: self.practitioner.to_string(),
            receptionist: self.receptionist.to_string(),
        }
    }

    /// A folder with files to import.
    pub fn camera(&self) -> Camera {
        let folder = self.folder.path().join("camera");
        std::fs::create_dir_all(&folder).unwrap();
        Camera(folder)
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

/// One console.
pub struct Console {
    pub engine: Engine,
    /// What the window was told of imports.
    pub told: Arc<Mutex<Vec<ImportView>>>,
    pub data: PathBuf,
    client: String,
    practitioner: String,
    receptionist: String,
}

impl Console {
    fn sign_in(&self) {
        wait_for("the first filling", || {
            let phase = self.engine.app_state().unwrap().phase;
            matches!(phase, Phase::SignedOut).then_some(())
        });
        self.engine
            .session_sign_in(self.practitioner.clone(), PASSWORD.to_owned())
            .unwrap();
    }

    /// Somebody at work signs out and somebody from the front desk in.
    pub fn hand_to_reception(&self) {
        self.engine.session_sign_out().unwrap();
        self.engine
            .session_sign_in(self.receptionist.clone(), PASSWORD.to_owned())
            .unwrap();
    }

    /// Locks and reopens.
    pub fn lock_and_unlock(&self) {
        self.engine.session_set_pin(PIN.to_owned()).unwrap();
        self.engine.session_lock().unwrap();
        self.engine.session_unlock(PIN.to_owned()).unwrap();
    }

    pub fn import(&self, paths: &[&Path]) -> Result<ImportView, AppError> {
        self.engine.photos_import(ImportRequest {
            client_id: self.client.clone(),
            appointment_id: None,
            region: "Face".to_owned(),
            view: "Frontal".to_owned(),
            phase: domain::row::PhotoPhase::Before,
            paths: paths
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
        })
    }

    /// Imports and waits for the end.
    pub fn import_whole(&self, paths: &[&Path]) -> Vec<ImportFile> {
        let id = self.import(paths).unwrap().id;
        self.finished(&id)
    }

    /// The files of a batch once all have come to an end.
    pub fn finished(&self, id: &str) -> Vec<ImportFile> {
        wait_for("the end of an import", || {
            let imports = self.engine.photos_imports().unwrap();
            imports
                .into_iter()
                .find(|import| import.id == id && import.finished)
                .map(|import| import.files)
        })
    }

    pub fn photos(&self) -> Vec<PhotoCard> {
        self.engine.photos_of(self.client.clone()).unwrap()
    }

    /// The client's photos once there are so many with all renditions.
    pub fn complete_photos(&self, count: usize) -> Vec<PhotoCard> {
        wait_for("complete photos", || {
            let photos = self.photos();
            (photos.len() == count && photos.iter().all(|photo| photo.complete)).then_some(photos)
        })
    }

    /// Sealed files on disk.
    pub fn sealed_files(&self) -> Vec<PathBuf> {
        files_under(&self.data)
            .into_iter()
            .filter(|path| path.starts_with(self.data.join("blobs")))
            .collect()
    }
}

/// Every file below a folder.
pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_under(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

/// Where pictures come from.
pub struct Camera(PathBuf);

impl Camera {
    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A JPEG that is like no other seed's.
    pub fn jpeg(&self, name: &str, width: u32, height: u32, seed: u32) -> PathBuf {
        self.put(
            name,
            &picture(width, height, seed, image::ImageFormat::Jpeg),
        )
    }
}

/// Soft colours with some texture, as a photograph has.
pub fn picture(width: u32, height: u32, seed: u32, format: image::ImageFormat) -> Vec<u8> {
    let pixels = image::RgbImage::from_fn(width, height, |x, y| {
        let noise = x
            .wrapping_mul(31)
            .wrapping_add(y.wrapping_mul(17))
            .wrapping_add(seed)
            % 13;
        image::Rgb([
            (x * 200 / width + noise) as u8,
            (y * 200 / height + noise) as u8,
            (seed * 40 % 200 + noise) as u8,
        ])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}
