//! The console itself: set-up, sign-in, lock, preferences.

use domain::bucket::DeviceProfile;
use domain::role::{Permission, Role};
use serde::{Deserialize, Serialize};
use specta::Type;

/// What the window shows first.
#[derive(Clone, Debug, Serialize, Type)]
pub struct AppState {
    /// Which of the console's phases it is in.
    pub phase: Phase,
    /// The clinic's name, once enrolled.
    pub clinic: Option<String>,
    /// This console's name, as given at enrolment.
    pub device: Option<String>,
    /// What kind of place it stands in.
    pub profile: Option<DeviceProfile>,
    /// Whether this is the demonstration clinic.
    pub demo: bool,
    /// Version of the app.
    pub version: String,
    /// Name of the running preset.
    pub preset: String,
    /// The clinic's IANA time zone, once known.
    pub zone: Option<String>,
    /// Today in the clinic's zone.
    pub today: String,
    /// Preferences of this console.
    pub preferences: Preferences,
}

/// Where the console stands.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Phase {
    /// No clinic yet: enrol with a code.
    NeedsEnrolment,
    /// The recovery words were made but not yet typed back.
    NeedsRecoveryTest,
    /// The keyring's entry is gone or no keyring answers: recovery words or the passphrase reopen.
    NeedsRecovery {
        /// `keyring_unavailable` or `keyring_entry_missing`.
        reason: String,
        /// Whether a passphrase slot exists.
        has_passphrase: bool,
    },
    /// The database cannot be opened with the right key, or is newer than this app. It was left untouched.
    Quarantined {
        /// Error code.
        code: String,
        /// What happened and what to do.
        message: String,
    },
    /// First snapshot is being fetched; nobody can sign in yet.
    Filling {
        /// Rows received.
        rows: u32,
        /// Rows expected, as soon as the server has said so.
        expected: Option<u32>,
    },
    /// Nobody has signed in.
    SignedOut,
    /// Somebody signed in and the console is locked; a PIN reopens.
    Locked {
        /// Who.
        staff: StaffTile,
        /// Whether a PIN is set and still valid.
        pin: bool,
        /// PIN attempts left.
        attempts_left: u8,
    },
    /// Somebody is at work.
    SignedIn {
        /// Who, and what they may do.
        session: SessionView,
    },
}

/// A person on the sign-in screen.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct StaffTile {
    /// Who.
    pub id: String,
    /// Full name.
    pub name: String,
    /// `AB`.
    pub initials: String,
    /// Index into the palette of people.
    pub color: u8,
    /// What they work as.
    pub roles: Vec<Role>,
    /// `CRM 123456/SP`, where they have a council.
    pub council: Option<String>,
    /// The demonstration clinic's password, only there.
    pub demo_password: Option<String>,
    /// Whether this person's PIN of today signs them in again, instead of the password.
    pub pin: bool,
}

/// Who is at work and what they may do.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct SessionView {
    /// Who.
    pub staff: StaffTile,
    /// What their roles allow on this console.
    pub permissions: Vec<Permission>,
    /// Whether a PIN has been set for today.
    pub pin_set: bool,
    /// Minutes of idleness until the console locks itself.
    pub idle_minutes: u32,
}

/// Joining a clinic.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct EnrolRequest {
    /// `espelho-enrol:host:port?pin=…&code=…`, as the server printed it.
    pub link: String,
    /// An optional passphrase that reopens this console without the keyring.
    pub passphrase: Option<String>,
}

/// What enrolment hands out once.
#[derive(Clone, Debug, Serialize, Type)]
pub struct EnrolOutcome {
    /// 24 words to be printed and kept; they reopen this console's data.
    pub recovery_words: Vec<String>,
    /// Whether the operating system's keyring took the key.
    pub keyring: bool,
    /// Which words (counted from 1) must be typed back.
    pub asks_for: Vec<u8>,
}

/// One word typed back at set-up.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct RecoveryAnswer {
    /// Counted from 1.
    pub position: u8,
    /// The word.
    pub word: String,
}

/// Looks of this console; kept beside the database, no personal data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct Preferences {
    /// `pt-BR` or `en`.
    pub locale: String,
    /// `light`, `dark` or `system`.
    pub theme: String,
    /// `comfortable` or `compact`.
    pub density: String,
    /// What clients are called on screen: `paciente` or `cliente`.
    pub client_word: String,
    /// Whether the left rail shows icons alone.
    pub rail_collapsed: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            locale: "pt-BR".to_owned(),
            theme: "system".to_owned(),
            density: "comfortable".to_owned(),
            client_word: "paciente".to_owned(),
            rail_collapsed: false,
        }
    }
}
