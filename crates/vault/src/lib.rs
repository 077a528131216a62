//! Keys and ciphers: everything secret is made, wrapped and opened here, and nowhere else.
//!
//! Not for: deciding who may open what (the engine does), or storing rows.
//!
//! Naming: `make_*` is random and takes the entropy port; `derive_*`, `open_*` and `unwrap_*` give the same result every
//! time. Key types are wiped when dropped, never printed, and one kind cannot be passed where another is meant.
//!
//! - [`slots`]: the console's database key, opened by keyring, passphrase or recovery words;
//! - [`keyfile`]: the server's;
//! - [`staff`], [`pin`]: a person's keys, opened by password and, during the day, by PIN;
//! - [`clinical`]: the clinic's key pair, client keys, photo keys;
//! - [`envelope`], [`stream`]: AES-256-GCM of small values and of pictures;
//! - [`signature`], [`token`], [`certificate`]: who did it, which device, which server;
//! - [`mask`]: personal data in logs.

pub mod certificate;
pub mod clinical;
pub mod derive;
pub mod envelope;
mod error;
mod file;
pub mod key;
pub mod keyfile;
pub mod mask;
pub mod pin;
pub mod sensitive;
pub mod signature;
pub mod slots;
pub mod staff;
pub mod stream;
#[cfg(test)]
mod testing;
pub mod token;

pub use error::VaultError;
pub use sensitive::Sensitive;
