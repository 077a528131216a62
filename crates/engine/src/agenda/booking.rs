//! Booking, moving, and the way of a visit.

use crate::agenda::slots::Wanted;
use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::reading::read;
use crate::session::Session;
use crate::view::agenda::{BookRequest, MoveRequest, Outcome, SlotView, StatusRequest};
use domain::action::{Action, BookAppointment, ChangeVisitStatus, MoveAppointment};
use domain::id::{AppointmentId, RoomId, StaffId};
use domain::role::Permission;
use domain::row::Appointment;
use domain::time::Day;

/// Free places offered with a refusal.
const OFFERED: usize = 4;

/// A wanted place, read.
struct Asked {
    staff: StaffId,
    /// `None`: any that is free.
    room: Option<RoomId>,
    day: Day,
    start_minute: i32,
    duration_minutes: i32,
}

impl Asked {
    fn read(slot: &SlotView) -> Result<Self, AppError> {
        Ok(Self {
            staff: read("staff", &slot.staff_id)?,
            room: match slot.room_id.as_str() {
                "" => None,
                id => Some(read("room", id)?),
            },
            day: read("day", &slot.day)?,
            start_minute: slot.start_minute,
            duration_minutes: slot.duration_minutes,
        })
    }
}

impl Engine {
    /// Books.
    ///
    /// # Errors
    /// When the console is locked, the person may not, the request cannot be read, or the database fails. A refusal by a
    /// rule is an outcome.
    pub fn appointment_book(&self, request: BookRequest) -> Result<Outcome, AppError> {
        let seated = self.seated(Permission::ManageAgenda)?;
        seated.console.book(&seated.session, request)
    }

    /// Moves to another time, professional or room. An empty room keeps the room, or takes a free one when it is in use.
    ///
    /// # Errors
    /// As [`Engine::appointment_book`], and when there is no such appointment.
    pub fn appointment_move(&self, request: MoveRequest) -> Result<Outcome, AppError> {
        let seated = self.seated(Permission::ManageAgenda)?;
        seated.console.move_visit(&seated.session, &request)
    }

    /// Confirms, checks in, starts, finishes, marks as no-show, cancels, or takes the last step back.
    ///
    /// # Errors
    /// As [`Engine::appointment_move`].
    pub fn appointment_status(&self, request: StatusRequest) -> Result<Outcome, AppError> {
        let seated = self.seated(Permission::ManageAgenda)?;
        seated.console.change_status(&seated.session, &request)
    }
}

impl Console {
    fn book(&self, session: &Session, request: BookRequest) -> Result<Outcome, AppError> {
        let asked = Asked::read(&request.slot)?;
        let id = AppointmentId::make(&*self.config.clock, &*self.config.entropy);
        let action = BookAppointment {
            id,
            client: read("client", &request.client_id)?,
            staff: asked.staff,
            room: self.room_of(&asked, None)?,
            treatment: read("treatment", &request.treatment_id)?,
            day: asked.day,
            start_minute: asked.start_minute,
            duration_minutes: asked.duration_minutes,
            note: request.note.filter(|note| !note.trim().is_empty()),
        };
        let outcome = self.act(session, Action::BookAppointment(action), id.to_string())?;
        self.with_free_places(outcome, &asked, None)
    }

    fn move_visit(&self, session: &Session, request: &MoveRequest) -> Result<Outcome, AppError> {
        let asked = Asked::read(&request.slot)?;
        let appointment = self.appointment(&request.id)?;
        let action = MoveAppointment {
            id: appointment.id,
            from_day: read("from_day", &request.from_day)?,
            from_minute: request.from_minute,
            staff: asked.staff,
            room: self.room_of(&asked, Some(&appointment))?,
            day: asked.day,
            start_minute: asked.start_minute,
            duration_minutes: asked.duration_minutes,
        };
        let outcome = self.act(session, Action::MoveAppointment(action), request.id.clone())?;
        self.with_free_places(outcome, &asked, Some(&appointment))
    }

    fn change_status(
        &self,
        session: &Session,
        request: &StatusRequest,
    ) -> Result<Outcome, AppError> {
        let appointment = self.appointment(&request.id)?;
        let action = ChangeVisitStatus {
            id: appointment.id,
            staff: appointment.staff,
            room: appointment.room,
            day: appointment.day,
            from: request.from,
            to: request.to,
        };
        let outcome = self.act(
            session,
            Action::ChangeVisitStatus(action),
            request.id.clone(),
        )?;
        // A cancelled visit whose place was given away cannot be taken back there.
        let asked = Asked {
            staff: appointment.staff,
            room: Some(appointment.room),
            day: appointment.day,
            start_minute: appointment.start_minute,
            duration_minutes: appointment.duration_minutes,
        };
        self.with_free_places(outcome, &asked, Some(&appointment))
    }

    fn appointment(&self, id: &str) -> Result<Appointment, AppError> {
        let id: AppointmentId = read("id", id)?;
        self.read("appointment", |tx| tx.get::<Appointment>(id))?
            .ok_or_else(|| AppError::not_found("appointment"))
    }

    /// The room asked for; where none is, the one the appointment has or another that is free. When all are in use the
    /// rule that refuses it says so.
    fn room_of(&self, asked: &Asked, moving: Option<&Appointment>) -> Result<RoomId, AppError> {
        if let Some(room) = asked.room {
            return Ok(room);
        }
        let place = (asked.day, asked.start_minute, asked.duration_minutes);
        let own = moving.map(|at| at.room);
        self.free_room(place, moving.map(|at| at.id), own)?
            .or(own)
            .ok_or_else(|| AppError::invalid("room"))
    }

    /// A refusal because the place is taken comes with places of the same professional that are free now, in any room.
    fn with_free_places(
        &self,
        mut outcome: Outcome,
        asked: &Asked,
        moving: Option<&Appointment>,
    ) -> Result<Outcome, AppError> {
        if let Outcome::Refused { refusal } = &mut outcome
            && refusal.code == "slot_taken"
        {
            let wanted = Wanted {
                day: asked.day,
                minute: asked.start_minute,
                duration: asked.duration_minutes,
                staff: Some(asked.staff),
                moving: moving.map(|at| at.id),
                room: asked.room.or(moving.map(|at| at.room)),
                most: OFFERED,
            };
            refusal.free = self.places(&self.ground()?, &wanted)?;
        }
        Ok(outcome)
    }
}
