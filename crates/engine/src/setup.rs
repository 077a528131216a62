//! Joining a clinic, and reopening a console whose key the keyring does not give any more.

use crate::core::{Core, Engine, Stage};
use crate::error::AppError;
use crate::net::{EnrolLink, enrol};
use crate::record::ConsoleRecord;
use crate::view::app::{AppState, EnrolOutcome, EnrolRequest, RecoveryAnswer};
use crate::view::event::EngineEvent;
use domain::port::Entropy;
use std::collections::BTreeSet;
use std::sync::PoisonError;
use vault::key::DatabaseKey;
use vault::signature::SigningKey;
use vault::slots::{KeySlots, RecoveryWords};

/// How many of the recovery words are typed back.
const ASKED: usize = 3;
/// How many there are.
const WORDS: u8 = 24;

/// Recovery words that nobody has proved to have kept. In memory only.
pub(crate) struct Kit {
    words: RecoveryWords,
    asked: BTreeSet<u8>,
}

impl Kit {
    fn make(words: RecoveryWords, entropy: &dyn Entropy) -> Self {
        let mut asked = BTreeSet::new();
        while asked.len() < ASKED {
            let mut byte = [0];
            entropy.fill(&mut byte);
            asked.insert(byte[0] % WORDS + 1);
        }
        Self { words, asked }
    }

    fn outcome(&self, keyring: bool) -> EnrolOutcome {
        EnrolOutcome {
            recovery_words: self.words.words().map(str::to_owned).collect(),
            keyring,
            asks_for: self.asked.iter().copied().collect(),
        }
    }

    /// Whether every asked word is among the answers, however it is typed.
    fn passes(&self, answers: &[RecoveryAnswer]) -> bool {
        self.asked.iter().all(|place| {
            let word = self.words.words().nth(usize::from(*place) - 1);
            let typed = answers.iter().find(|answer| answer.position == *place);
            matches!((word, typed), (Some(word), Some(typed)) if store::fold(word) == store::fold(typed.word.trim()))
        })
    }
}

impl Engine {
    /// Joins a clinic with a one-time code. The recovery words are handed out once, here.
    ///
    /// # Errors
    /// When the link cannot be read, the server is not reached or refuses the code, or the disk fails.
    pub fn console_enrol(&self, request: EnrolRequest) -> Result<EnrolOutcome, AppError> {
        self.join(&request, false)
    }

    pub(crate) fn join(
        &self,
        request: &EnrolRequest,
        tested: bool,
    ) -> Result<EnrolOutcome, AppError> {
        let core = self.core();
        if !matches!(&*core.stage(), Stage::NeedsEnrolment) {
            return Err(AppError::new(
                "already_enrolled",
                "this console belongs to a clinic already",
            ));
        }
        let passphrase = request
            .passphrase
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        if passphrase.is_some_and(|text| text.chars().count() < 8) {
            return Err(AppError::new(
                "weak_passphrase",
                "the passphrase needs at least 8 characters",
            ));
        }
        let link: EnrolLink = request
            .link
            .parse()
            .map_err(|error: crate::net::AddressError| {
                AppError::new(error.code(), error.to_string())
            })?;
        let key = SigningKey::make(&*core.config.entropy);
        let answer = core.runtime.block_on(enrol(&link, &key, ""))?;
        let record = ConsoleRecord {
            server: link.server,
            device: answer.device,
            key: key.to_bytes().to_vec(),
            name: answer.name,
            profile: answer.profile,
            clinic: answer.clinic,
        };
        let (words, keyring) = self.make_home(passphrase, &record, tested)?;
        let kit = Kit::make(words, &*core.config.entropy);
        let outcome = kit.outcome(keyring);
        if !tested {
            core.set_kit(Some(kit));
        }
        Ok(outcome)
    }

    /// Makes keys and database and puts the console to work. A failure leaves nothing half made behind.
    fn make_home(
        &self,
        passphrase: Option<&str>,
        record: &ConsoleRecord,
        tested: bool,
    ) -> Result<(RecoveryWords, bool), AppError> {
        let core = self.core();
        let entropy = &*core.config.entropy;
        let made = (|| {
            let (mut slots, key, words) = KeySlots::make(&core.files.keys(), passphrase, entropy)?;
            let keyring = keep_in_keyring(&mut slots, &key, core);
            if tested {
                slots.set_recovery_tested()?;
            }
            let store = core.open_store(&key)?;
            record.save(&store)?;
            core.put_to_work(slots, &key, store, record.clone())?;
            Ok((words, keyring))
        })();
        if made.is_err() {
            // Nothing of anybody is in these files yet, and the next attempt begins with new keys.
            for path in [core.files.keys(), core.files.replica()] {
                let _ = std::fs::remove_file(path);
            }
        }
        made
    }

    /// The recovery kit that has not been proved yet. Where the console was closed in between, the words are gone and new
    /// ones are made: the old ones open nothing any more.
    ///
    /// # Errors
    /// When the kit was proved already, or the new one cannot be kept.
    pub fn recovery_kit(&self) -> Result<EnrolOutcome, AppError> {
        let core = self.core();
        let console = core
            .console()
            .ok_or_else(|| AppError::not_found("recovery kit"))?;
        let mut slots = console.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.recovery_tested() {
            return Err(AppError::not_found("recovery kit"));
        }
        let keyring = slots.has_keyring();
        let mut kit = core.kit();
        if kit.is_none() {
            let words = slots.renew_recovery(console.key(), &*core.config.entropy)?;
            *kit = Some(Kit::make(words, &*core.config.entropy));
        }
        kit.as_ref()
            .map(|kit| kit.outcome(keyring))
            .ok_or_else(|| AppError::not_found("recovery kit"))
    }

    /// Checks that the recovery words were kept: those at the asked places are typed back.
    ///
    /// # Errors
    /// When there is nothing to test, or the answer cannot be kept.
    pub fn recovery_test(&self, answers: Vec<RecoveryAnswer>) -> Result<bool, AppError> {
        let core = self.core();
        let console = core
            .console()
            .ok_or_else(|| AppError::not_found("recovery kit"))?;
        let mut kit = core.kit();
        let passed = kit
            .as_ref()
            .ok_or_else(|| AppError::not_found("recovery kit"))?
            .passes(&answers);
        if !passed {
            return Ok(false);
        }
        console
            .slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .set_recovery_tested()?;
        *kit = None;
        drop(kit);
        core.events.send(EngineEvent::Phase);
        Ok(true)
    }

    /// Reopens the data with the recovery words and puts the key back into the keyring.
    ///
    /// # Errors
    /// When the words do not open it, or the database does not open.
    pub fn recovery_open(&self, words: String) -> Result<AppState, AppError> {
        self.reopen(|slots| slots.open_with_recovery(&words))
    }

    /// Reopens the data with the passphrase and puts the key back into the keyring.
    ///
    /// # Errors
    /// As [`Engine::recovery_open`].
    pub fn passphrase_open(&self, passphrase: String) -> Result<AppState, AppError> {
        self.reopen(|slots| slots.open_with_passphrase(&passphrase))
    }

    fn reopen(
        &self,
        open: impl FnOnce(&KeySlots) -> Result<DatabaseKey, vault::VaultError>,
    ) -> Result<AppState, AppError> {
        let core = self.core();
        let key = {
            let stage = core.stage();
            let Stage::NeedsRecovery { slots, .. } = &*stage else {
                return Err(AppError::new("not_needed", "the console is open already"));
            };
            open(slots)?
        };
        let mut slots =
            KeySlots::open(&core.files.keys())?.ok_or_else(|| AppError::not_found("key file"))?;
        keep_in_keyring(&mut slots, &key, core);
        core.open(slots, &key)?;
        self.app_state()
    }
}

/// Puts the key into the keyring. A console without one works: it asks for the passphrase or the words at every start.
fn keep_in_keyring(slots: &mut KeySlots, key: &DatabaseKey, core: &Core) -> bool {
    match slots.add_keyring(key, &*core.config.entropy) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "the keyring did not take the console's key");
            false
        }
    }
}
