//! Presets: the console's sizes and times, from a file compiled in, with overrides from the environment.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

const FILE: &str = include_str!("../presets.toml");

/// Sizes and times to run with.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Budget of the database's page cache over all connections, in MiB (4 to 512).
    pub page_cache_mebibytes: u32,
    /// Reader connections (1 to 16).
    pub readers: u32,
    /// Minutes without a key or a click until the console locks itself (1 to 120).
    pub idle_lock_minutes: u32,
    /// Assembled client profiles.
    pub client_profiles: CacheSize,
    /// Treatments, rooms, people, lots.
    pub catalogue: CacheSize,
    /// Opened renditions.
    pub photos: CacheSize,
    /// Aggregates.
    pub analytics: CacheSize,
}

/// Size and age limits of one cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheSize {
    /// How long an entry may be served, in seconds (1 to 86,400).
    pub ttl_seconds: u64,
    /// Entries at most (1 to 100,000).
    pub capacity: u64,
    /// Bytes at most, in MiB (1 to 1,024).
    pub mebibytes: u64,
}

impl CacheSize {
    /// Time to live.
    pub fn ttl(self) -> Duration {
        Duration::from_secs(self.ttl_seconds)
    }
    /// Bytes at most.
    pub fn bytes(self) -> u64 {
        self.mebibytes * 1024 * 1024
    }
}

/// Why a preset cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PresetError {
    /// No such preset.
    #[error("there is no preset {0:?}; use desktop, production, staging or development")]
    Unknown(String),
    /// The file or an override is not of the right form.
    #[error("the presets cannot be read: {0}")]
    Malformed(String),
    /// A value is out of its range.
    #[error("{key} is {value}, but must be between {least} and {most}")]
    OutOfRange {
        /// Which value.
        key: String,
        /// What it is.
        value: u64,
        /// Least allowed.
        least: u64,
        /// Most allowed.
        most: u64,
    },
}

impl Preset {
    /// The preset of that name, with overrides such as `ESPELHO_PHOTOS_CAPACITY` from `environment`.
    pub fn named(
        name: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, PresetError> {
        let malformed = |error: toml::de::Error| PresetError::Malformed(error.message().to_owned());
        let mut presets: BTreeMap<String, toml::Table> = toml::from_str(FILE).map_err(malformed)?;
        let mut table = presets
            .remove(name)
            .ok_or_else(|| PresetError::Unknown(name.to_owned()))?;
        for (key, value) in &mut table {
            match value {
                toml::Value::Table(section) => {
                    for (inner, value) in section {
                        override_value(&format!("ESPELHO_{key}_{inner}"), value, environment)?;
                    }
                }
                value => override_value(&format!("ESPELHO_{key}"), value, environment)?,
            }
        }
        let preset: Self = table.try_into().map_err(malformed)?;
        preset.check()?;
        Ok(preset)
    }

    fn check(&self) -> Result<(), PresetError> {
        within(
            "page_cache_mebibytes",
            u64::from(self.page_cache_mebibytes),
            4,
            512,
        )?;
        within("readers", u64::from(self.readers), 1, 16)?;
        within(
            "idle_lock_minutes",
            u64::from(self.idle_lock_minutes),
            1,
            120,
        )?;
        let caches = [
            ("client_profiles", self.client_profiles),
            ("catalogue", self.catalogue),
            ("photos", self.photos),
            ("analytics", self.analytics),
        ];
        for (name, size) in caches {
            within(&format!("{name}.ttl_seconds"), size.ttl_seconds, 1, 86_400)?;
            within(&format!("{name}.capacity"), size.capacity, 1, 100_000)?;
            within(&format!("{name}.mebibytes"), size.mebibytes, 1, 1024)?;
        }
        Ok(())
    }
}

fn override_value(
    name: &str,
    value: &mut toml::Value,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<(), PresetError> {
    let name = name.to_uppercase();
    if let Some(text) = environment(&name) {
        let number = text
            .trim()
            .parse::<i64>()
            .map_err(|_| PresetError::Malformed(format!("{name} is not a number")))?;
        *value = toml::Value::Integer(number);
    }
    Ok(())
}

fn within(key: &str, value: u64, least: u64, most: u64) -> Result<(), PresetError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(PresetError::OutOfRange {
        key: key.to_owned(),
        value,
        least,
        most,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_reads_and_is_within_its_ranges() {
        for name in ["desktop", "production", "staging", "development"] {
            assert!(Preset::named(name, &|_| None).is_ok(), "{name}");
        }
        assert_eq!(
            Preset::named("desktop", &|_| None)
                .unwrap()
                .client_profiles
                .capacity,
            1000
        );
        assert_eq!(
            Preset::named("x", &|_| None),
            Err(PresetError::Unknown("x".to_owned()))
        );
    }

    #[test]
    fn the_environment_overrides_and_is_checked() {
        let with = |key: &'static str, value: &'static str| {
            Preset::named("desktop", &move |name| {
                (name == key).then(|| value.to_owned())
            })
        };
        assert_eq!(
            with("ESPELHO_PHOTOS_CAPACITY", "77")
                .unwrap()
                .photos
                .capacity,
            77
        );
        assert!(matches!(
            with("ESPELHO_PHOTOS_TTL_SECONDS", "0"),
            Err(PresetError::OutOfRange { .. })
        ));
        assert!(matches!(
            with("ESPELHO_READERS", "many"),
            Err(PresetError::Malformed(_))
        ));
    }
}
