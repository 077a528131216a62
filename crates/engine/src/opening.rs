//! From key slots to an open console.

use crate::console::Console;
use crate::core::{Core, Engine, Stage};
use crate::error::AppError;
use crate::record::ConsoleRecord;
use crate::view::app::EnrolRequest;
use domain::bucket::BucketSet;
use monitor::{History, Monitor};
use std::path::Path;
use std::sync::Arc;
use store::{Key, Options, Store};
use vault::VaultError;
use vault::key::DatabaseKey;
use vault::slots::KeySlots;

/// Purpose under which the measurements' key is derived.
const METRICS: &str = "metrics";

impl Core {
    /// Opens the database under its key and puts the console to work. What does not open is left untouched and explained.
    pub(crate) fn open(&self, slots: KeySlots, key: &DatabaseKey) -> Result<(), AppError> {
        let store = self.open_store(key)?;
        let Some(record) = ConsoleRecord::load(&store)? else {
            return Err(AppError::new(
                "not_enrolled",
                "the database belongs to no clinic yet; move it away and enrol this console again",
            ));
        };
        self.put_to_work(slots, key, store, record)
    }

    pub(crate) fn put_to_work(
        &self,
        slots: KeySlots,
        key: &DatabaseKey,
        store: Store,
        record: ConsoleRecord,
    ) -> Result<(), AppError> {
        let history = match History::open(&self.files.metrics(), &key.derive(METRICS)) {
            Ok(history) => Some(history),
            Err(error) => {
                // Measurements are worth nothing to a person who cannot work because of them.
                tracing::error!(%error, "the history of measurements does not open; measuring goes on without it");
                None
            }
        };
        let monitor = Arc::new(Monitor::new(history));
        let recorder = monitor.recorder().clone();
        self.set_monitor(monitor);
        let console = Console::open(self, recorder, store, slots, key, record)?;
        self.enter(Stage::Open(console));
        Ok(())
    }

    /// Opens or makes the replica's database.
    pub(crate) fn open_store(&self, key: &DatabaseKey) -> Result<Store, AppError> {
        let options = Options {
            page_cache_mib: self.config.preset.page_cache_mebibytes,
            readers: self.config.preset.readers,
            held: BucketSet::default(),
        };
        Ok(Store::open(
            &self.files.replica(),
            &Key::Cipher(key),
            &options,
        )?)
    }

    /// As [`Core::open`], where the person is waiting at the start: what does not open becomes a stage.
    fn open_or_quarantine(&self, slots: KeySlots, key: &DatabaseKey) {
        if let Err(error) = self.open(slots, key) {
            tracing::error!(code = %error.code, "the console's data do not open");
            self.enter(Stage::Quarantined {
                code: error.code,
                message: error.message,
            });
        }
    }
}

impl Engine {
    /// Finds out what is in the data folder and opens it where the keyring lets it.
    pub(crate) fn open_at_start(&self) -> Result<(), AppError> {
        let core = self.core();
        let slots = match KeySlots::open(&core.files.keys()) {
            Ok(slots) => slots,
            Err(error) => {
                let error = AppError::from(error);
                core.enter(Stage::Quarantined {
                    code: error.code,
                    message: error.message,
                });
                return Ok(());
            }
        };
        match slots {
            Some(slots) => open_with_keyring(core, slots),
            None if exists(&core.files.replica()) => core.enter(Stage::Quarantined {
                code: "keys_missing".to_owned(),
                message: "the key file keys.json is missing beside the database; restore it from a backup. \
                          The database was left untouched"
                    .to_owned(),
            }),
            None => return self.enrol_the_demonstration(),
        }
        Ok(())
    }

    /// A demonstration console that was started with a link joins at once: nobody is there to keep recovery words, and its
    /// data are made up.
    fn enrol_the_demonstration(&self) -> Result<(), AppError> {
        let config = &self.core().config;
        let (true, Some(link)) = (config.demo, config.enrol.clone()) else {
            return Ok(());
        };
        let request = EnrolRequest {
            link,
            passphrase: None,
        };
        self.join(&request, true).map(drop)
    }
}

fn open_with_keyring(core: &Core, slots: KeySlots) {
    let reason = match slots.open_with_keyring() {
        Ok(key) => return core.open_or_quarantine(slots, &key),
        Err(VaultError::KeyringEntryMissing) => "keyring_entry_missing",
        Err(VaultError::NoSuchSlot { .. }) => "no_keyring",
        Err(error) => {
            tracing::warn!(%error, "the keyring does not open the console");
            "keyring_unavailable"
        }
    };
    core.enter(Stage::NeedsRecovery { slots, reason });
}

fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}
