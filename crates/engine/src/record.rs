//! Who this console is: made at enrolment, kept in its own encrypted database.

use crate::error::AppError;
use crate::net::{Account, Server};
use domain::bucket::DeviceProfile;
use domain::codec;
use domain::id::{ClinicId, DeviceId};
use domain::store_port::ReplicaStore as _;
use serde::{Deserialize, Serialize};
use store::{Store, StoreError};
use vault::VaultError;
use vault::signature::SigningKey;

/// State under which the record is kept.
const RECORD: &str = "console";

/// Who this console is, as enrolment made it. Kept in its encrypted database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ConsoleRecord {
    /// The server's address and pin.
    pub(crate) server: Server,
    /// The device's identity.
    pub(crate) device: DeviceId,
    /// Its private signing key (32 bytes).
    #[serde(with = "serde_bytes")]
    pub(crate) key: Vec<u8>,
    /// What the console is called.
    pub(crate) name: String,
    /// What it may hold.
    pub(crate) profile: DeviceProfile,
    /// The clinic.
    pub(crate) clinic: ClinicId,
}

impl ConsoleRecord {
    /// Reads the record of a database; `None` when enrolment was never finished.
    pub(crate) fn load(store: &Store) -> Result<Option<Self>, AppError> {
        let bytes = store.read(|tx| tx.state(RECORD))?;
        bytes
            .map(|bytes| codec::decode(&bytes).map_err(|error| StoreError::from(error).into()))
            .transpose()
    }

    /// Keeps the record.
    pub(crate) fn save(&self, store: &Store) -> Result<(), AppError> {
        Ok(store.write(|tx| tx.state_put(RECORD, &codec::encode(self)))?)
    }

    /// Who the console is to its server.
    pub(crate) fn account(&self) -> Result<Account, VaultError> {
        Ok(Account {
            server: self.server.clone(),
            device: self.device,
            key: SigningKey::from_bytes(&self.key)?,
        })
    }
}
