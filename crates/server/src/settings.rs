//! Values the server runs with: a preset, then the data folder's `server.toml`, then the environment.

use std::fmt;
use std::str::FromStr;

/// The presets that ship with the server.
const PRESETS: &str = include_str!("../presets.toml");
/// What an environment variable that sets a value begins with.
const ENVIRONMENT_PREFIX: &str = "ESPELHO_SERVER_";

/// A named set of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Preset {
    /// A clinic at work.
    #[default]
    Production,
    /// Trying a new version.
    Staging,
    /// A developer's machine.
    Development,
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
        })
    }
}

impl FromStr for Preset {
    type Err = SettingsError;
    fn from_str(text: &str) -> Result<Self, SettingsError> {
        match text {
            "production" => Ok(Self::Production),
            "staging" => Ok(Self::Staging),
            "development" => Ok(Self::Development),
            _ => Err(SettingsError::UnknownPreset(text.to_owned())),
        }
    }
}

/// A value that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SettingsError {
    /// No preset of that name.
    #[error("there is no preset {0}; use production, staging or development")]
    UnknownPreset(String),
    /// The file is not TOML.
    #[error("{place} is not valid TOML: {cause}")]
    Syntax {
        /// Which file.
        place: String,
        /// What the parser said.
        cause: String,
    },
    /// No value of that name.
    #[error("{place} sets {name}, which does not exist; remove it or correct its name")]
    UnknownName {
        /// Where it was set.
        place: String,
        /// The name.
        name: String,
    },
    /// Not a whole number.
    #[error("{place} sets {name} to something that is not a whole number")]
    NotANumber {
        /// Where it was set.
        place: String,
        /// The name.
        name: String,
    },
    /// Out of range.
    #[error("{place} sets {name} to {value}; it must be from {least} to {most}")]
    OutOfRange {
        /// Where it was set.
        place: String,
        /// The name.
        name: String,
        /// What it was set to.
        value: i64,
        /// Smallest value that works.
        least: u64,
        /// Largest value that works.
        most: u64,
    },
    /// A preset leaves a value out.
    #[error("{name} has no value")]
    Missing {
        /// The name.
        name: &'static str,
    },
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $least:literal ..= $most:literal;)*) => {
        /// Every value, checked.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct Settings {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The values while the layers are laid over each other.
        #[derive(Default)]
        struct Layers {
            $($name: Option<u64>,)*
        }

        impl Layers {
            /// Sets one value after checking its range.
            fn set(&mut self, place: &str, name: &str, value: i64) -> Result<(), SettingsError> {
                match name {
                    $(stringify!($name) => {
                        self.$name = Some(checked(place, name, value, $least, $most)?);
                        Ok(())
                    })*
                    _ => Err(SettingsError::UnknownName { place: place.to_owned(), name: name.to_owned() }),
                }
            }

            fn finish(self) -> Result<Settings, SettingsError> {
                Ok(Settings {
                    $($name: self.$name.ok_or(SettingsError::Missing { name: stringify!($name) })?,)*
                })
            }
        }
    };
}

settings! {
    /// WebSocket connections held at once; one more is answered with 503.
    connections: 1..=100_000;
    /// Longest WebSocket message, in bytes.
    message_bytes: 65_536..=16_777_216;
    /// Read buffer of a connection, in bytes. Small, because most connections are idle.
    read_buffer_bytes: 1_024..=1_048_576;
    /// Unsent bytes after which a connection counts as too slow and is closed.
    write_buffer_bytes: 65_536..=16_777_216;
    /// Attempts to enrol, per address and minute.
    enrolments_per_minute: 1..=100_000;
    /// Tokens asked for, per device and minute.
    tokens_per_minute: 1..=100_000;
    /// Requests of any kind, per address and minute. A clinic shares one address.
    requests_per_minute: 1..=1_000_000;
    /// Seconds an enrolment code lives.
    enrolment_seconds: 1..=86_400;
    /// Most actions executed in one commit.
    actions_per_commit: 1..=10_000;
    /// Largest sealed file accepted, in bytes.
    blob_bytes: 1_048_576..=4_294_967_296;
    /// Seconds that connections get to finish when the server stops.
    drain_seconds: 0..=300;
}

fn checked(
    place: &str,
    name: &str,
    value: i64,
    least: u64,
    most: u64,
) -> Result<u64, SettingsError> {
    match u64::try_from(value) {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(SettingsError::OutOfRange {
            place: place.to_owned(),
            name: name.to_owned(),
            value,
            least,
            most,
        }),
    }
}

impl Settings {
    /// The values of a preset alone.
    pub fn preset(preset: Preset) -> Result<Self, SettingsError> {
        Self::layered(preset, None, std::iter::empty())
    }

    /// A preset, then the text of `server.toml`, then the environment. The preset's own numbers are checked too.
    pub fn layered(
        preset: Preset,
        file: Option<&str>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut layers = Layers::default();
        let presets = parse("presets.toml", PRESETS)?;
        let name = preset.to_string();
        let table = presets
            .get(&name)
            .and_then(toml::Value::as_table)
            .ok_or(SettingsError::UnknownPreset(name))?;
        lay(&mut layers, "presets.toml", table)?;
        if let Some(text) = file {
            lay(&mut layers, "server.toml", &parse("server.toml", text)?)?;
        }
        for (variable, value) in environment {
            let Some(name) = variable.strip_prefix(ENVIRONMENT_PREFIX) else {
                continue;
            };
            let name = name.to_ascii_lowercase();
            let number = value
                .trim()
                .parse()
                .map_err(|_| SettingsError::NotANumber {
                    place: variable.clone(),
                    name: name.clone(),
                })?;
            layers.set(&variable, &name, number)?;
        }
        layers.finish()
    }
}

fn parse(place: &str, text: &str) -> Result<toml::Table, SettingsError> {
    text.parse()
        .map_err(|error: toml::de::Error| SettingsError::Syntax {
            place: place.to_owned(),
            cause: error.message().to_owned(),
        })
}

fn lay(layers: &mut Layers, place: &str, table: &toml::Table) -> Result<(), SettingsError> {
    for (name, value) in table {
        let number = value
            .as_integer()
            .ok_or_else(|| SettingsError::NotANumber {
                place: place.to_owned(),
                name: name.clone(),
            })?;
        layers.set(place, name, number)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str, value: &str) -> std::vec::IntoIter<(String, String)> {
        vec![(name.to_owned(), value.to_owned())].into_iter()
    }

    #[test]
    fn every_preset_is_complete_and_in_range() {
        for preset in [Preset::Production, Preset::Staging, Preset::Development] {
            assert!(Settings::preset(preset).is_ok(), "{preset}");
        }
        assert_eq!(
            Settings::preset(Preset::Production).unwrap().connections,
            5000
        );
        assert_eq!(Settings::preset(Preset::Staging).unwrap().connections, 1000);
        assert_eq!(
            Settings::preset(Preset::Development).unwrap().connections,
            100
        );
    }

    #[test]
    fn environment_wins_over_file_and_file_over_preset() {
        let settings = Settings::layered(
            Preset::Production,
            Some("connections = 7\ndrain_seconds = 60"),
            environment("ESPELHO_SERVER_CONNECTIONS", "9"),
        )
        .unwrap();
        assert_eq!((settings.connections, settings.drain_seconds), (9, 60));
    }

    #[test]
    fn wrong_values_name_the_place_and_the_range() {
        let error = Settings::layered(
            Preset::Staging,
            None,
            environment("ESPELHO_SERVER_CONNECTIONS", "0"),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "ESPELHO_SERVER_CONNECTIONS sets connections to 0; it must be from 1 to 100000"
        );
        let layered =
            |file| Settings::layered(Preset::Staging, Some(file), std::iter::empty()).unwrap_err();
        assert!(matches!(
            layered("connectoins = 1"),
            SettingsError::UnknownName { .. }
        ));
        assert!(matches!(
            layered("connections = \"many\""),
            SettingsError::NotANumber { .. }
        ));
        assert!(matches!(
            layered("connections = "),
            SettingsError::Syntax { .. }
        ));
    }
}
