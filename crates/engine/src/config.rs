//! What the engine starts with.

use crate::AppError;
use crate::preset::Preset;
use crate::system::{OsEntropy, SystemClock};
use domain::port::{Clock, Entropy};
use std::path::PathBuf;
use std::sync::Arc;

/// What the engine starts with.
#[derive(Clone)]
pub struct Config {
    /// Where this console keeps everything it writes.
    pub data: PathBuf,
    /// Name of the preset.
    pub preset_name: String,
    /// Its values.
    pub preset: Preset,
    /// Whether a demonstration clinic is accepted and its logins shown.
    pub demo: bool,
    /// A link to enrol with at once, in the demonstration only.
    pub enrol: Option<String>,
    /// The program that decodes pictures when started with `--decode-worker`.
    pub decoder: PathBuf,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub entropy: Arc<dyn Entropy>,
}

impl Config {
    /// Reads the preset, with overrides from the environment, and finds the data folder.
    pub fn new(
        data: Option<PathBuf>,
        preset: Option<&str>,
        demo: bool,
        enrol: Option<String>,
        decoder: PathBuf,
    ) -> Result<Self, AppError> {
        let preset_name = preset.unwrap_or("desktop").to_owned();
        let preset = Preset::named(&preset_name, &|name| std::env::var(name).ok())
            .map_err(|error| AppError::new("preset", error.to_string()))?;
        let data = match data.or_else(default_data) {
            Some(data) => data,
            None => {
                return Err(AppError::new(
                    "data_folder",
                    "no data folder was found; name one with --data",
                ));
            }
        };
        Ok(Self {
            data,
            preset_name,
            preset,
            demo,
            enrol,
            decoder,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        })
    }
}

/// The user's own data folder by the platform's convention.
fn default_data() -> Option<PathBuf> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if cfg!(windows) {
        return variable("LOCALAPPDATA").map(|local| local.join("Espelho"));
    }
    variable("XDG_DATA_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("espelho"))
}
