//! Signing in, stepping away, coming back, changing places.

use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::reading::{initials, read};
use crate::session::Session;
use crate::view::app::{SessionView, StaffTile};
use crate::view::event::EngineEvent;
use domain::id::StaffId;
use domain::role::{Permission, Role};
use domain::row::{Council, Staff};
use domain::time::Timestamp;
use std::sync::Arc;
use vault::staff::{DEMONSTRATION_PASSWORD, StaffCredential};

impl Console {
    /// A person as the window shows them. The demonstration's password only where the sign-in screen asks for it, and only
    /// in a demonstration clinic on a console that was started for one.
    pub(crate) fn tile(&self, staff: &Staff, demo_password: bool, now: Timestamp) -> StaffTile {
        let demo = demo_password
            && self.config.demo
            && matches!(self.clinic(), Ok(Some(clinic)) if clinic.profile.demo);
        StaffTile {
            id: staff.id.to_string(),
            name: staff.name.clone(),
            initials: initials(&staff.name),
            color: staff.color,
            roles: staff.roles.clone(),
            council: staff.council.as_ref().map(council),
            demo_password: demo.then(|| DEMONSTRATION_PASSWORD.to_owned()),
            pin: self.seat().has_pin(staff.id, now),
        }
    }

    pub(crate) fn session_view(
        &self,
        session: &Session,
        pin_set: bool,
        now: Timestamp,
    ) -> SessionView {
        SessionView {
            staff: self.tile(session.staff(), false, now),
            permissions: permissions(&session.staff().roles),
            pin_set,
            idle_minutes: self.seat().idle_minutes(),
        }
    }

    fn view_of(&self, session: &Session) -> SessionView {
        let now = self.now();
        self.session_view(session, self.seat().has_pin(session.staff().id, now), now)
    }

    /// A member of staff who may work here now.
    fn active_staff(&self, id: StaffId) -> Result<Staff, AppError> {
        self.read("staff", |tx| tx.get::<Staff>(id))?
            .filter(|staff| staff.active)
            .ok_or_else(|| AppError::not_found("person"))
    }
}

/// `CRM 123456/SP`.
pub(crate) fn council(council: &Council) -> String {
    format!(
        "{} {}/{}",
        council.kind.abbreviation(),
        council.number,
        council.uf
    )
}

/// What any of the roles allows, each once.
fn permissions(roles: &[Role]) -> Vec<Permission> {
    let mut all: Vec<Permission> = roles
        .iter()
        .flat_map(|role| role.permissions())
        .copied()
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a text can be a PIN, so that it may be tried as one before the password.
fn looks_like_a_pin(text: &str) -> bool {
    (4..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Engine {
    fn open_console(&self) -> Result<Arc<Console>, AppError> {
        self.core()
            .console()
            .ok_or_else(|| AppError::not_found("clinic"))
    }

    /// People who may sign in here, by name.
    ///
    /// # Errors
    /// When the console has no data yet, or they cannot be read.
    pub fn staff_tiles(&self) -> Result<Vec<StaffTile>, AppError> {
        let console = self.open_console()?;
        let now = console.now();
        let staff = console.read("staff", |tx| tx.staff())?;
        Ok(staff
            .iter()
            .filter(|person| person.active)
            .map(|person| console.tile(person, true, now))
            .collect())
    }

    /// Opens the day with a password, or goes on with it by the PIN the person set today.
    ///
    /// # Errors
    /// When the password or PIN is wrong, or the person may not work here.
    pub fn session_sign_in(
        &self,
        staff_id: String,
        password: String,
    ) -> Result<SessionView, AppError> {
        let console = self.open_console()?;
        let id: StaffId = read("staff", &staff_id)?;
        let staff = console.active_staff(id)?;
        let session = if looks_like_a_pin(&password) && console.seat().has_pin(id, console.now()) {
            console
                .seat()
                .open_with_pin(staff, &password, console.now())
        } else {
            open_with_password(&console, staff, &password)
        };
        let session = session.inspect_err(|_| remember(&console, id, "sign_in_refused"))?;
        self.begun(&console, &session, "sign_in")
    }

    /// Sets the PIN that reopens the console for the next twelve hours.
    ///
    /// # Errors
    /// When nobody is at work or the PIN is too easy.
    pub fn session_set_pin(&self, pin: String) -> Result<SessionView, AppError> {
        let console = self.open_console()?;
        let session = console.seat().session().ok_or_else(AppError::locked)?;
        console
            .seat()
            .set_pin(&pin, console.now(), &*console.config.entropy)?;
        self.core().events.send(EngineEvent::Phase);
        Ok(console.view_of(&session))
    }

    /// Locks at once: content keys and caches go.
    ///
    /// # Errors
    /// Never while the console is open.
    pub fn session_lock(&self) -> Result<(), AppError> {
        let console = self.open_console()?;
        let occupant = console.seat().occupant();
        if console.seat().lock() {
            console.locked();
            if let Some(occupant) = occupant {
                remember(&console, occupant, "locked");
            }
            self.core().events.send(EngineEvent::Phase);
        }
        Ok(())
    }

    /// Reopens with the PIN of whoever stepped away.
    ///
    /// # Errors
    /// When nobody did, or the PIN is wrong or no longer good.
    pub fn session_unlock(&self, pin: String) -> Result<SessionView, AppError> {
        let console = self.open_console()?;
        let away = console.seat().away().ok_or_else(AppError::locked)?;
        let staff = console.active_staff(away.id)?;
        let session = console
            .seat()
            .open_with_pin(staff, &pin, console.now())
            .inspect_err(|_| remember(&console, away.id, "unlock_refused"))?;
        self.begun(&console, &session, "unlocked")
    }

    /// Ends the session, so that somebody else can sign in. The PIN stays good.
    ///
    /// # Errors
    /// Never while the console is open.
    pub fn session_sign_out(&self) -> Result<(), AppError> {
        let console = self.open_console()?;
        if let Some(occupant) = console.seat().occupant() {
            console.seat().leave();
            console.locked();
            remember(&console, occupant, "sign_out");
            self.core().events.send(EngineEvent::Phase);
        }
        Ok(())
    }

    /// Tells the engine that somebody is there.
    ///
    /// # Errors
    /// When nobody is at work.
    pub fn session_touch(&self) -> Result<(), AppError> {
        let console = self.open_console()?;
        console.seat().session().ok_or_else(AppError::locked)?;
        console.seat().touch();
        Ok(())
    }

    fn begun(
        &self,
        console: &Arc<Console>,
        session: &Arc<Session>,
        what: &'static str,
    ) -> Result<SessionView, AppError> {
        remember(console, session.staff().id, what);
        console.warm(session);
        console.resume_imports(session);
        self.core().events.send(EngineEvent::Phase);
        console.tell_sync();
        Ok(console.view_of(session))
    }
}

fn open_with_password(
    console: &Console,
    staff: Staff,
    password: &str,
) -> Result<Arc<Session>, AppError> {
    let keys = StaffCredential::from_bytes(&staff.credential)?.unlock(staff.id, password)?;
    Ok(console.seat().sit(staff, keys))
}

/// Coming and going is remembered; where that fails, the person is not kept from their work.
fn remember(console: &Console, staff: StaffId, what: &'static str) {
    if let Err(error) = console.audit(staff, what, None) {
        tracing::error!(code = %error.code, what, "it was not remembered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_four_to_eight_digits_are_tried_as_a_pin() {
        assert!(looks_like_a_pin("2580") && looks_like_a_pin("25801379"));
        assert!(
            !looks_like_a_pin("258") && !looks_like_a_pin("258013790") && !looks_like_a_pin("25a0")
        );
    }

    #[test]
    fn permissions_of_several_roles_are_listed_once() {
        let all = permissions(&[Role::Reception, Role::Manager]);
        let mut unique = all.clone();
        unique.dedup();
        assert_eq!(all, unique);
        assert!(all.contains(&Permission::ViewPerformance));
    }
}
