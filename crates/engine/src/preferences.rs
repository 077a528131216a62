//! Looks of this console: read at the start, written whole or not at all.

use crate::AppError;
use crate::core::Engine;
use crate::view::app::Preferences;
use std::fs;
use std::path::Path;

const LOCALES: [&str; 2] = ["pt-BR", "en"];
const THEMES: [&str; 3] = ["light", "dark", "system"];
const DENSITIES: [&str; 2] = ["comfortable", "compact"];
const CLIENT_WORDS: [&str; 2] = ["paciente", "cliente"];

/// The kept preferences. A file that is missing or cannot be read gives the defaults: it holds looks only.
pub(crate) fn load(path: &Path) -> Preferences {
    fs::read(path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .filter(|preferences| check(preferences).is_ok())
        .unwrap_or_default()
}

fn check(preferences: &Preferences) -> Result<(), AppError> {
    let known = [
        ("locale", LOCALES.contains(&preferences.locale.as_str())),
        ("theme", THEMES.contains(&preferences.theme.as_str())),
        ("density", DENSITIES.contains(&preferences.density.as_str())),
        (
            "client_word",
            CLIENT_WORDS.contains(&preferences.client_word.as_str()),
        ),
    ];
    match known.into_iter().find(|(_, fits)| !fits) {
        Some((field, _)) => Err(AppError::invalid(field)),
        None => Ok(()),
    }
}

fn save(path: &Path, preferences: &Preferences) -> Result<(), AppError> {
    let failed = |error: String| {
        AppError::retryable(
            "preferences",
            format!("the preferences could not be kept: {error}"),
        )
    };
    let bytes =
        serde_json::to_vec_pretty(preferences).map_err(|error| failed(error.to_string()))?;
    let temporary = path.with_extension("new");
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|error| failed(error.to_string()))
}

impl Engine {
    /// Keeps the looks of this console.
    pub fn preferences_save(&self, preferences: Preferences) -> Result<(), AppError> {
        check(&preferences)?;
        save(&self.core().files.preferences(), &preferences)?;
        self.core().set_preferences(preferences);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again_and_nonsense_gives_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("preferences.json");
        let dark = Preferences {
            theme: "dark".to_owned(),
            ..Preferences::default()
        };
        save(&path, &dark).unwrap();
        assert_eq!(load(&path), dark);
        fs::write(&path, r#"{"theme":"pink"}"#).unwrap();
        assert_eq!(load(&path), Preferences::default());
        let pink = Preferences {
            theme: "pink".to_owned(),
            ..Preferences::default()
        };
        assert!(check(&pink).is_err());
    }
}
