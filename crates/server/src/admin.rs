//! What the command line does with a data folder, whether or not a server runs on it: both open the same database, whose
//! write-ahead log lets several processes read and write in turn. A running server notices a revocation within seconds.

use crate::clinic::{self, ClinicError, NewClinic, NewStaff};
use crate::data::{DataDir, DataError};
use crate::settings::Settings;
use crate::system::{OsEntropy, SystemClock};
use crate::tls::{Identity, TlsError};
use domain::bucket::{BucketSet, DeviceProfile};
use domain::id::DeviceId;
use domain::port::{Clock, Entropy};
use domain::role::Role;
use domain::time::Timestamp;
use serde::Serialize;
use std::path::PathBuf;
use store::{Key, Options, Store, StoreError};
use vault::VaultError;
use vault::key::DatabaseKey;
use vault::token::EnrolmentCode;

/// Page cache of all connections to the database together. The newest weeks of a large clinic fit.
const PAGE_CACHE_MIB: u32 = 64;
/// Reader connections: snapshots and changes are read by one query at a time, so a few serve thousands of consoles.
const READERS: u32 = 4;

/// A command could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The folder.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// There is no key.
    #[error(
        "{} is missing and systemd hands over no credential named server.key; without it the database cannot be opened",
        path.display()
    )]
    NoKey {
        /// Where it should be.
        path: PathBuf,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The clinic's own values.
    #[error(transparent)]
    Clinic(#[from] ClinicError),
    /// No such device.
    #[error("there is no device {0}; `clinic-server devices` lists them")]
    NoSuchDevice(DeviceId),
}

/// Where the database's key is: handed over by systemd, or the folder's own file.
fn key_path(data: &DataDir) -> PathBuf {
    std::env::var_os("CREDENTIALS_DIRECTORY")
        .map(|folder| PathBuf::from(folder).join("server.key"))
        .filter(|path| path.exists())
        .unwrap_or_else(|| data.key())
}

fn open_key(data: &DataDir) -> Result<DatabaseKey, AdminError> {
    let path = key_path(data);
    vault::keyfile::open(&path)?.ok_or(AdminError::NoKey { path })
}

/// Opens the database, which holds every bucket and is read by many connections at once.
fn open_with(data: &DataDir, key: &DatabaseKey) -> Result<Store, AdminError> {
    let options = Options {
        page_cache_mib: PAGE_CACHE_MIB,
        readers: READERS,
        held: BucketSet::all(),
    };
    Ok(Store::open(&data.database(), &Key::Cipher(key), &options)?)
}

/// Opens the database of an existing clinic.
pub fn open_store(data: &DataDir) -> Result<Store, AdminError> {
    data.check()?;
    open_with(data, &open_key(data)?)
}

/// Makes an empty server folder: key, database, certificate. For [`init`] and for makers of demonstration clinics.
pub fn make_folder(data: &DataDir, entropy: &dyn Entropy) -> Result<Store, AdminError> {
    data.create()?;
    let key = vault::keyfile::open_or_make(&key_path(data), entropy)?;
    Identity::make(data)?;
    open_with(data, &key)
}

/// The first login, shown once.
#[derive(Clone, Debug, Serialize)]
pub struct FirstLogin {
    /// The clinic's name.
    pub clinic: String,
    /// Who signs in.
    pub manager: String,
    /// With this password.
    pub password: String,
}

/// Creates a clinic with its first manager.
pub fn init(data: &DataDir, new: NewClinic, manager_name: &str) -> Result<FirstLogin, AdminError> {
    let (clock, entropy) = (SystemClock, OsEntropy);
    let password = clinic::make_password(&entropy);
    let mut new = new;
    new.staff.push(NewStaff {
        name: manager_name.to_owned(),
        roles: vec![Role::Manager],
        council: None,
        color: 0,
        takes_appointments: false,
        password: password.clone(),
    });
    clinic::check(&new)?;
    let store = make_folder(data, &entropy)?;
    clinic::create(&store, &new, &clock, &entropy)?;
    Ok(FirstLogin {
        clinic: new.name,
        manager: manager_name.to_owned(),
        password,
    })
}

/// A one-time code and the link that carries it with the server's address and pin.
#[derive(Clone, Debug, Serialize)]
pub struct MadeEnrolment {
    /// The code, to be typed.
    pub code: String,
    /// `espelho-enrol:host:port?pin=..&code=..`, to be pasted or scanned.
    pub link: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Makes a one-time enrolment code. The server must be running, because the link says where.
pub fn make_enrolment(
    data: &DataDir,
    profile: DeviceProfile,
    name: &str,
    settings: &Settings,
    clock: &dyn Clock,
) -> Result<MadeEnrolment, AdminError> {
    let serving = data.read_serving()?;
    let store = open_store(data)?;
    let code = EnrolmentCode::make(&OsEntropy);
    let lives_ms = i64::try_from(settings.enrolment_seconds * 1000).unwrap_or(0);
    let expires_at = Timestamp(clock.now().0.saturating_add(lives_ms));
    store.write(|tx| tx.put_enrolment(&code.hash(), profile, name, expires_at))?;
    let text = code.formatted();
    Ok(MadeEnrolment {
        link: format!(
            "espelho-enrol:{}?pin={}&code={text}",
            serving.address, serving.certificate_pin
        ),
        code: text,
        expires_at,
    })
}

/// A console in the list.
#[derive(Clone, Debug, Serialize)]
pub struct ListedDevice {
    /// Its id.
    pub device: DeviceId,
    /// What it is called.
    pub name: String,
    /// What it may hold.
    pub profile: DeviceProfile,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Every console that was ever enrolled.
pub fn devices(data: &DataDir) -> Result<Vec<ListedDevice>, AdminError> {
    let store = open_store(data)?;
    let devices = store.read(|tx| tx.devices())?;
    Ok(devices
        .into_iter()
        .map(|device| ListedDevice {
            device: device.id,
            name: device.name,
            profile: device.profile,
            enrolled_at: device.enrolled_at,
            revoked_at: device.revoked_at,
        })
        .collect())
}

/// Refuses a console from now on. What it has pushed so far stays; what it has not is lost with it.
pub fn revoke(data: &DataDir, device: DeviceId) -> Result<(), AdminError> {
    let store = open_store(data)?;
    let now = SystemClock.now();
    if store.write(|tx| tx.revoke_device(device, now))? {
        Ok(())
    } else {
        Err(AdminError::NoSuchDevice(device))
    }
}
