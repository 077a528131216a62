//! Who is at work at this console, and the keys that come and go with them.
//!
//! Three states: nobody, somebody who stepped away (*locked*: every key of theirs is gone but the one their PIN wraps), and
//! somebody at work. Data leave the engine only through the [`Session`] of the third. People who set a PIN today sign in again
//! with it, which makes changing places at a shared console quick.
//!
//! Idleness is measured by a monotonic clock: setting the PC's time neither locks nor keeps open.

use crate::console::Console;
use crate::error::AppError;
use domain::id::{ClientKeyId, StaffId};
use domain::port::Entropy;
use domain::row::{ClientKeyGrant, Staff};
use domain::time::Timestamp;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use vault::VaultError;
use vault::clinical::open_client_key;
use vault::key::ClientKey;
use vault::pin::{PinError, PinLock};
use vault::signature::Purpose;
use vault::staff::StaffKeys;

/// A session ends after so long, whatever happens (policy).
const LONGEST_SESSION: Duration = Duration::from_secs(12 * 3600);

/// Somebody at work. Dropped, with every key in it, when the console is locked.
pub struct Session {
    staff: Staff,
    keys: StaffKeys,
    /// Client keys opened so far.
    opened: Mutex<HashMap<ClientKeyId, ClientKey>>,
    begun: Instant,
    touched: Mutex<Instant>,
}

/// The console and whoever is at work at it.
pub(crate) struct Seated {
    pub(crate) console: Arc<Console>,
    pub(crate) session: Arc<Session>,
}

impl Session {
    fn new(staff: Staff, keys: StaffKeys) -> Self {
        let now = Instant::now();
        Self {
            staff,
            keys,
            opened: Mutex::new(HashMap::new()),
            begun: now,
            touched: Mutex::new(now),
        }
    }

    /// The member of staff, as they were when they signed in.
    pub fn staff(&self) -> &Staff {
        &self.staff
    }

    /// Signs an action in this person's name.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.keys.signing.sign(Purpose::Action, bytes)
    }

    /// A second handle on the signing key, for work that this person began and that goes on while the console is locked.
    pub(crate) fn signing_key(&self) -> Result<vault::signature::SigningKey, VaultError> {
        vault::signature::SigningKey::from_bytes(self.keys.signing.to_bytes().as_ref())
    }

    /// Whether this person can open clinical content at all.
    pub(crate) fn opens_clinical(&self) -> bool {
        self.keys.clinical.is_some()
    }

    /// Lends a client's key.
    pub(crate) fn with_client_key<T>(
        &self,
        grant: &ClientKeyGrant,
        work: impl FnOnce(&ClientKey) -> T,
    ) -> Result<T, VaultError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match opened.entry(grant.id) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(place) => {
                let private = self
                    .keys
                    .clinical
                    .as_ref()
                    .ok_or(VaultError::Unsealable { what: "client key" })?;
                let key = open_client_key(private, grant.client, grant.id, &grant.sealed)?;
                place.insert(key)
            }
        };
        Ok(work(key))
    }

    fn touch(&self) {
        *self.touched.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn idle_for(&self) -> Duration {
        self.touched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }
}

/// Who sits at the console.
enum Occupancy {
    Nobody,
    Away(Staff),
    AtWork(Arc<Session>),
}

struct State {
    occupancy: Occupancy,
    /// PINs set within the last twelve hours, by person.
    pins: HashMap<StaffId, PinLock>,
}

/// What the window is told of the seat.
pub(crate) enum SeatView {
    Nobody,
    Away {
        staff: Box<Staff>,
        pin: bool,
        attempts_left: u8,
    },
    AtWork {
        session: Arc<Session>,
        pin_set: bool,
    },
}

/// The seat at this console.
pub(crate) struct Seat {
    state: Mutex<State>,
    idle_after: Duration,
}

impl Seat {
    /// Nobody yet.
    pub(crate) fn new(idle_after: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                occupancy: Occupancy::Nobody,
                pins: HashMap::new(),
            }),
            idle_after,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Minutes of idleness until the console locks itself.
    pub(crate) fn idle_minutes(&self) -> u32 {
        u32::try_from(self.idle_after.as_secs() / 60).unwrap_or(u32::MAX)
    }

    /// Whoever is at work.
    pub(crate) fn session(&self) -> Option<Arc<Session>> {
        match &self.state().occupancy {
            Occupancy::AtWork(session) => Some(Arc::clone(session)),
            _ => None,
        }
    }

    /// Whether it is still the same person's same session.
    pub(crate) fn is_at_work(&self, session: &Session) -> bool {
        matches!(&self.state().occupancy, Occupancy::AtWork(now) if std::ptr::eq(Arc::as_ptr(now), session))
    }

    /// What the window is told.
    pub(crate) fn view(&self, now: Timestamp) -> SeatView {
        let state = self.state();
        let pin_of = |staff: StaffId| state.pins.get(&staff).filter(|pin| pin.valid(now));
        match &state.occupancy {
            Occupancy::Nobody => SeatView::Nobody,
            Occupancy::Away(staff) => SeatView::Away {
                pin: pin_of(staff.id).is_some(),
                attempts_left: pin_of(staff.id).map_or(0, PinLock::attempts_left),
                staff: Box::new(staff.clone()),
            },
            Occupancy::AtWork(session) => SeatView::AtWork {
                pin_set: pin_of(session.staff.id).is_some(),
                session: Arc::clone(session),
            },
        }
    }

    /// Whether a person's PIN of today signs them in.
    pub(crate) fn has_pin(&self, staff: StaffId, now: Timestamp) -> bool {
        self.state()
            .pins
            .get(&staff)
            .is_some_and(|pin| pin.valid(now))
    }

    /// Somebody sits down whose password opened their keys.
    pub(crate) fn sit(&self, staff: Staff, keys: StaffKeys) -> Arc<Session> {
        let session = Arc::new(Session::new(staff, keys));
        self.state().occupancy = Occupancy::AtWork(Arc::clone(&session));
        session
    }

    /// Sets the PIN of whoever is at work.
    pub(crate) fn set_pin(
        &self,
        pin: &str,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(), AppError> {
        let session = self.session().ok_or_else(AppError::locked)?;
        let lock = PinLock::make(&session.keys, pin, now, entropy)?;
        self.state().pins.insert(session.staff.id, lock);
        Ok(())
    }

    /// Opens with the PIN of a person: the one who stepped away, or the one named.
    pub(crate) fn open_with_pin(
        &self,
        staff: Staff,
        pin: &str,
        now: Timestamp,
    ) -> Result<Arc<Session>, AppError> {
        let mut state = self.state();
        let Some(lock) = state.pins.get_mut(&staff.id) else {
            return Err(PinError::Expired.into());
        };
        match lock.unlock(pin, now) {
            Ok(keys) => {
                let session = Arc::new(Session::new(staff, keys));
                state.occupancy = Occupancy::AtWork(Arc::clone(&session));
                Ok(session)
            }
            Err(error) => {
                if !matches!(error, PinError::Wrong { .. }) {
                    state.pins.remove(&staff.id);
                }
                Err(error.into())
            }
        }
    }

    /// Whoever stepped away.
    pub(crate) fn away(&self) -> Option<Staff> {
        match &self.state().occupancy {
            Occupancy::Away(staff) => Some(staff.clone()),
            _ => None,
        }
    }

    /// Locks: the session's keys go. False when nobody was at work.
    pub(crate) fn lock(&self) -> bool {
        let mut state = self.state();
        let Occupancy::AtWork(session) = &state.occupancy else {
            return false;
        };
        let staff = session.staff.clone();
        state.occupancy = Occupancy::Away(staff);
        true
    }

    /// Ends the session; the person's PIN stays good.
    pub(crate) fn leave(&self) {
        self.state().occupancy = Occupancy::Nobody;
    }

    /// Ends everything of a person who may not work here any more. True when they were at work or away.
    pub(crate) fn expel(&self, staff: StaffId) -> bool {
        let mut state = self.state();
        state.pins.remove(&staff);
        let here = match &state.occupancy {
            Occupancy::Nobody => false,
            Occupancy::Away(away) => away.id == staff,
            Occupancy::AtWork(session) => session.staff.id == staff,
        };
        if here {
            state.occupancy = Occupancy::Nobody;
        }
        here
    }

    /// Whoever is at work or away.
    pub(crate) fn occupant(&self) -> Option<StaffId> {
        match &self.state().occupancy {
            Occupancy::Nobody => None,
            Occupancy::Away(staff) => Some(staff.id),
            Occupancy::AtWork(session) => Some(session.staff.id),
        }
    }

    /// Somebody is there.
    pub(crate) fn touch(&self) {
        if let Some(session) = self.session() {
            session.touch();
        }
    }

    /// Locks when nobody touched anything for too long, and ends a session that has lasted the whole day.
    pub(crate) fn lock_when_idle(&self) -> bool {
        let Some(session) = self.session() else {
            return false;
        };
        if session.begun.elapsed() >= LONGEST_SESSION {
            return self.expel(session.staff.id);
        }
        session.idle_for() >= self.idle_after && self.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::OsEntropy;
    use domain::role::Role;
    use uuid::Uuid;
    use vault::signature::SigningKey;

    fn keys() -> StaffKeys {
        StaffKeys {
            signing: SigningKey::make(&OsEntropy),
            clinical: None,
        }
    }

    fn person(number: u128) -> Staff {
        Staff {
            id: StaffId(Uuid::from_u128(number)),
            name: "Ana".to_owned(),
            roles: vec![Role::Reception],
            council: None,
            color: 0,
            active: true,
            takes_appointments: false,
            signing_public: Vec::new(),
            credential: Vec::new(),
        }
    }

    #[test]
    fn a_locked_seat_has_no_session_and_the_pin_brings_one_back() {
        let seat = Seat::new(Duration::from_secs(60));
        let first = seat.sit(person(1), keys());
        seat.set_pin("2580", Timestamp(1), &OsEntropy).unwrap();
        assert!(seat.lock());
        assert!(seat.session().is_none() && !seat.is_at_work(&first));
        assert!(!seat.lock(), "there is nothing to lock twice");
        let away = seat.away().unwrap();
        assert_eq!(
            seat.open_with_pin(away.clone(), "1379", Timestamp(2))
                .err()
                .unwrap()
                .code,
            "wrong_pin"
        );
        seat.open_with_pin(away, "2580", Timestamp(2)).unwrap();
        assert!(seat.session().is_some() && !seat.is_at_work(&first));
    }

    #[test]
    fn another_person_takes_over_and_the_first_comes_back_by_pin() {
        let seat = Seat::new(Duration::from_secs(60));
        seat.sit(person(1), keys());
        seat.set_pin("2580", Timestamp(1), &OsEntropy).unwrap();
        seat.leave();
        seat.sit(person(2), keys());
        assert!(
            seat.has_pin(person(1).id, Timestamp(2)) && !seat.has_pin(person(2).id, Timestamp(2))
        );
        seat.open_with_pin(person(1), "2580", Timestamp(3)).unwrap();
        assert_eq!(seat.occupant(), Some(person(1).id));
    }

    #[test]
    fn five_wrong_pins_leave_only_the_password() {
        let seat = Seat::new(Duration::from_secs(60));
        seat.sit(person(1), keys());
        seat.set_pin("2580", Timestamp(1), &OsEntropy).unwrap();
        seat.lock();
        for _ in 0..5 {
            assert!(seat.open_with_pin(person(1), "9731", Timestamp(2)).is_err());
        }
        assert!(seat.open_with_pin(person(1), "2580", Timestamp(2)).is_err());
        assert!(!seat.has_pin(person(1).id, Timestamp(2)));
    }

    #[test]
    fn idleness_locks_and_a_person_taken_off_the_staff_is_gone() {
        let seat = Seat::new(Duration::ZERO);
        seat.sit(person(1), keys());
        assert!(seat.lock_when_idle());
        assert!(seat.session().is_none());
        assert!(seat.expel(person(1).id));
        assert_eq!(seat.occupant(), None);
    }
}
