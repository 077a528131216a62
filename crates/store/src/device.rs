//! Enrolled devices and one-time enrolment codes, on the server.

use crate::column::Column as _;
use crate::table::column;
use crate::{StoreError, Tx};
use domain::bucket::DeviceProfile;
use domain::id::DeviceId;
use domain::time::Timestamp;
use rusqlite::{OptionalExtension as _, params};

/// An enrolled console.
#[derive(Clone, PartialEq, Debug)]
pub struct Device {
    /// Identity.
    pub id: DeviceId,
    /// Name given at enrolment.
    pub name: String,
    /// What kind of place it stands in.
    pub profile: DeviceProfile,
    /// Its public signing key.
    pub public: Vec<u8>,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// When it was taken out of service.
    pub revoked_at: Option<Timestamp>,
    /// When it last connected.
    pub last_seen: Option<Timestamp>,
}

/// What an enrolment code stands for.
#[derive(Clone, PartialEq, Debug)]
pub struct Enrolment {
    /// What kind of place.
    pub profile: DeviceProfile,
    /// The device's name.
    pub name: String,
}

/// Why a code was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeProblem {
    /// No such code.
    Unknown,
    /// Used before.
    Used,
    /// Its time is over.
    Expired,
}

const PROFILES: [DeviceProfile; 3] = [
    DeviceProfile::Reception,
    DeviceProfile::TreatmentRoom,
    DeviceProfile::Management,
];

fn number(profile: DeviceProfile) -> u8 {
    PROFILES
        .iter()
        .zip(0_u8..)
        .find(|(known, _)| **known == profile)
        .map_or(0, |(_, number)| number)
}

fn profile(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<DeviceProfile> {
    let number: u8 = row.get(at)?;
    // An unknown profile holds the least.
    Ok(PROFILES
        .get(usize::from(number))
        .copied()
        .unwrap_or(DeviceProfile::Reception))
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: column(row, 0)?,
        name: row.get(1)?,
        profile: profile(row, 2)?,
        public: row.get(3)?,
        enrolled_at: column(row, 4)?,
        revoked_at: column(row, 5)?,
        last_seen: column(row, 6)?,
    })
}

const COLUMNS: &str = "id, name, profile, public, enrolled_at, revoked_at, last_seen";

impl Tx<'_> {
    /// Stores a new device.
    pub fn put_device(&mut self, device: &Device) -> Result<(), StoreError> {
        let sql = format!("INSERT INTO device ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        self.connection.prepare_cached(&sql)?.execute(params![
            device.id.to_column(),
            device.name,
            number(device.profile),
            device.public,
            device.enrolled_at.to_column(),
            device.revoked_at.to_column(),
            device.last_seen.to_column(),
        ])?;
        Ok(())
    }

    /// One device.
    pub fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM device WHERE id = ?1");
        Ok(self
            .connection
            .prepare_cached(&sql)?
            .query_row([id.to_column()], read)
            .optional()?)
    }

    /// Every device, oldest first.
    pub fn devices(&self) -> Result<Vec<Device>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM device ORDER BY enrolled_at, id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let devices = statement
            .query_map([], read)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(devices)
    }

    /// Notes that a device connected.
    pub fn see_device(&mut self, id: DeviceId, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE device SET last_seen = ?2 WHERE id = ?1")?
            .execute(params![id.to_column(), at.to_column()])?;
        Ok(())
    }

    /// Takes a device out of service. False when there is none or it already was.
    pub fn revoke_device(&mut self, id: DeviceId, at: Timestamp) -> Result<bool, StoreError> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE device SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
            )?
            .execute(params![id.to_column(), at.to_column()])?;
        Ok(changed > 0)
    }

    /// Stores a one-time code by its hash.
    pub fn put_enrolment(
        &mut self,
        hash: &[u8],
        profile: DeviceProfile,
        name: &str,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO enrolment_code (hash, profile, name, expires) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![hash, number(profile), name, expires.to_column()])?;
        Ok(())
    }

    /// Uses a code up.
    pub fn take_enrolment(
        &mut self,
        hash: &[u8],
        now: Timestamp,
    ) -> Result<Result<Enrolment, CodeProblem>, StoreError> {
        let found: Option<(DeviceProfile, String, Timestamp, Option<Timestamp>)> = self
            .connection
            .prepare_cached(
                "SELECT profile, name, expires, used_at FROM enrolment_code WHERE hash = ?1",
            )?
            .query_row([hash], |row| {
                Ok((
                    profile(row, 0)?,
                    row.get(1)?,
                    column(row, 2)?,
                    column(row, 3)?,
                ))
            })
            .optional()?;
        let Some((profile, name, expires, used_at)) = found else {
            return Ok(Err(CodeProblem::Unknown));
        };
        if used_at.is_some() {
            return Ok(Err(CodeProblem::Used));
        }
        if expires <= now {
            return Ok(Err(CodeProblem::Expired));
        }
        self.connection
            .prepare_cached("UPDATE enrolment_code SET used_at = ?2 WHERE hash = ?1")?
            .execute(params![hash, now.to_column()])?;
        Ok(Ok(Enrolment { profile, name }))
    }
}
