//! The agenda as the screens show it: days, single appointments, free places, and what is done to them.

mod booking;
mod slots;

use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::reading::{iso, millis, read};
use crate::session::Session;
use crate::view::agenda::{AgendaView, AppointmentCard, SlotQuery, SlotView, Ticks};
use crate::view::catalogue::RoomView;
use domain::id::{AppointmentId, RoomId, StaffId};
use domain::role::{Permission, Role, allows};
use domain::row::{AppointmentStatus, Room, Staff};
use domain::time::Day;
use std::collections::BTreeSet;
use store::query::AgendaEntry;

/// Days that one view of the agenda spans at most.
const MOST_DAYS: i32 = 7;

impl Engine {
    /// The agenda of one to seven days, `from` and `to` included (ISO days).
    ///
    /// # Errors
    /// When the console is locked, the days are none or too many, or the database cannot be read.
    pub fn agenda_range(&self, from: String, to: String) -> Result<AgendaView, AppError> {
        let (first, last): (Day, Day) = (read("from", &from)?, read("to", &to)?);
        if !(0..MOST_DAYS).contains(&last.0.saturating_sub(first.0)) {
            return Err(AppError::invalid("to"));
        }
        self.answer(Permission::ViewAgenda, |console, session| {
            console.agenda(session, first, last)
        })
    }

    /// One appointment.
    ///
    /// # Errors
    /// When the console is locked or there is no such appointment.
    pub fn appointment_card(&self, id: String) -> Result<AppointmentCard, AppError> {
        let id: AppointmentId = read("id", &id)?;
        self.answer(Permission::ViewAgenda, |console, session| {
            console
                .read("appointment", |tx| tx.agenda_entry(id))?
                .map(|entry| card(entry, &session.staff().roles))
                .ok_or_else(|| AppError::not_found("appointment"))
        })
    }

    /// Free places, nearest to the wanted time first.
    ///
    /// # Errors
    /// When the console is locked, the question cannot be read, or there is no such treatment.
    pub fn slots_find(&self, query: SlotQuery) -> Result<Vec<SlotView>, AppError> {
        self.answer(Permission::ViewAgenda, |console, _| {
            console.free_places(&query)
        })
    }
}

impl Console {
    fn agenda(&self, session: &Session, from: Day, to: Day) -> Result<AgendaView, AppError> {
        let clinic = self.the_clinic()?;
        let now = self.now();
        let (entries, staff, rooms) = self.read("agenda", |tx| {
            Ok((tx.agenda(from, to)?, tx.staff()?, tx.rooms()?))
        })?;
        // Whoever left or whatever was closed keeps its column as long as the days shown have something in it.
        let kept = Kept::of(&entries);
        Ok(AgendaView {
            from: iso(from),
            to: iso(to),
            opens_minute: clinic.profile.opens_minute,
            closes_minute: clinic.profile.closes_minute,
            now_minute: clinic.zone.minute_of_day(now),
            today: iso(clinic.zone.day(now)),
            staff: staff
                .iter()
                .filter(|person| is_booked(person) || kept.staff.contains(&person.id))
                .map(|person| self.tile(person, false, now))
                .collect(),
            rooms: rooms
                .into_iter()
                .filter(|room| room.active || kept.rooms.contains(&room.id))
                .map(room_view)
                .collect(),
            appointments: entries
                .into_iter()
                .map(|entry| card(entry, &session.staff().roles))
                .collect(),
        })
    }
}

/// Whether the agenda offers a person's time.
pub(crate) fn is_booked(staff: &Staff) -> bool {
    staff.active && staff.takes_appointments
}

pub(crate) fn room_view(room: Room) -> RoomView {
    RoomView {
        id: room.id.to_string(),
        name: room.name,
    }
}

/// Whom and what the appointments shown need a column for.
struct Kept {
    staff: BTreeSet<StaffId>,
    rooms: BTreeSet<RoomId>,
}

impl Kept {
    fn of(entries: &[AgendaEntry]) -> Self {
        let appointments = || entries.iter().map(|entry| &entry.appointment);
        Self {
            staff: appointments().map(|at| at.staff).collect(),
            rooms: appointments().map(|at| at.room).collect(),
        }
    }
}

/// An appointment as somebody with these roles sees it.
pub(crate) fn card(entry: AgendaEntry, roles: &[Role]) -> AppointmentCard {
    let sees_clients = allows(roles, Permission::ViewClients);
    let manages = allows(roles, Permission::ManageAgenda);
    let at = entry.appointment;
    let done = |tick: fn(&domain::row::VisitTicks) -> bool| entry.ticks.as_ref().is_some_and(tick);
    AppointmentCard {
        id: at.id.to_string(),
        client_id: at.client.to_string(),
        client_name: if sees_clients {
            entry.client_name
        } else {
            String::new()
        },
        staff_id: at.staff.to_string(),
        room_id: at.room.to_string(),
        treatment_id: at.treatment.to_string(),
        treatment: entry.treatment_name,
        day: iso(at.day),
        start_minute: at.start_minute,
        duration_minutes: at.duration_minutes,
        status: at.status,
        next: AppointmentStatus::ALL
            .into_iter()
            .filter(|next| manages && at.status.may_become(*next))
            .collect(),
        arrived_at: at.arrived_at.map(millis),
        note: at.note,
        alerts: if sees_clients { entry.alerts } else { 0 },
        ticks: Ticks {
            consent: entry.needs_consent.then_some(entry.has_consent),
            photos: done(|ticks| ticks.photos),
            lots: entry.needs_lot.then(|| done(|ticks| ticks.lots)),
            notes: done(|ticks| ticks.notes),
            payment: done(|ticks| ticks.payment),
        },
        pending: entry.pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{ClientId, TreatmentId};
    use domain::row::{Appointment, VisitTicks};
    use domain::time::Timestamp;
    use uuid::Uuid;

    fn entry() -> AgendaEntry {
        let id = AppointmentId(Uuid::from_u128(1));
        AgendaEntry {
            appointment: Appointment {
                id,
                client: ClientId(Uuid::from_u128(2)),
                staff: StaffId(Uuid::from_u128(3)),
                room: RoomId(Uuid::from_u128(4)),
                treatment: TreatmentId(Uuid::from_u128(5)),
                day: Day(20_000),
                start_minute: 600,
                duration_minutes: 30,
                status: AppointmentStatus::Arrived,
                arrived_at: Some(Timestamp(7)),
                started_at: None,
                finished_at: None,
                note: None,
                booked_by: StaffId(Uuid::from_u128(3)),
                booked_at: Timestamp(1),
            },
            client_name: "Ana".to_owned(),
            treatment_name: "Peeling".to_owned(),
            needs_consent: false,
            needs_lot: true,
            has_consent: true,
            alerts: 2,
            ticks: Some(VisitTicks {
                photos: true,
                ..VisitTicks::none(id)
            }),
            pending: true,
        }
    }

    #[test]
    fn a_card_says_what_is_needed_and_what_is_done() {
        let shown = card(entry(), &[Role::Reception]);
        assert_eq!(shown.ticks.consent, None, "the treatment needs none");
        assert_eq!(shown.ticks.lots, Some(false));
        assert!(shown.ticks.photos && !shown.ticks.notes && !shown.ticks.payment);
        assert!(shown.next.contains(&AppointmentStatus::InProgress));
        assert!(
            !shown.next.contains(&AppointmentStatus::Done),
            "treatment has not begun"
        );
        assert_eq!((shown.client_name.as_str(), shown.alerts), ("Ana", 2));
    }

    #[test]
    fn whoever_may_not_see_clients_sees_no_name_and_can_change_nothing() {
        let shown = card(entry(), &[]);
        assert_eq!((shown.client_name.as_str(), shown.alerts), ("", 0));
        assert!(shown.next.is_empty());
    }
}
