//! Booking, moving and the way of a visit.

use super::{Actor, Apply, Effects, Refusal, checked_text, need, need_absent};
use crate::agenda::{Hours, free_slots};
use crate::id::{AppointmentId, ClientId, RoomId, StaffId, TreatmentId};
use crate::read::{Read, ReadSet, WorkingSet};
use crate::rejection::{Rejection, SlotResource};
use crate::role::Permission;
use crate::row::{Appointment, AppointmentStatus, Client, ClinicProfile, Room, Staff, Treatment};
use crate::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};

/// A wanted place: who treats, where, when.
struct Place {
    staff: StaffId,
    room: RoomId,
    day: Day,
    start_minute: i32,
    duration_minutes: i32,
}

impl Place {
    fn footprint(&self) -> ReadSet {
        ReadSet::new()
            .row(self.staff)
            .row(self.room)
            .with(Read::StaffDay(self.staff, self.day))
            .with(Read::RoomDay(self.room, self.day))
            .with(Read::Clinic)
    }

    /// Refuses a place that is closed or taken by anything but `own`. True when some of it could not be checked here.
    fn check(&self, rows: &WorkingSet, own: AppointmentId) -> Result<bool, Refusal> {
        let end = self.start_minute.saturating_add(self.duration_minutes);
        if !(5..=12 * 60).contains(&self.duration_minutes) {
            return Err(Rejection::invalid("duration_minutes").into());
        }
        let mut provisional = false;
        match need::<Staff>(rows, self.staff)? {
            Some(staff) if staff.active && staff.takes_appointments => {}
            Some(_) => return Err(Rejection::invalid("staff").into()),
            None => provisional = true,
        }
        match need::<Room>(rows, self.room)? {
            Some(room) if room.active => {}
            Some(_) => return Err(Rejection::invalid("room").into()),
            None => provisional = true,
        }
        let clinic = rows
            .range::<ClinicProfile>(&Read::Clinic)?
            .and_then(|found| found.into_iter().next());
        let hours = clinic.map_or(
            Hours {
                opens: 0,
                closes: 24 * 60,
            },
            |clinic| Hours {
                opens: clinic.opens_minute,
                closes: clinic.closes_minute,
            },
        );
        if self.start_minute < hours.opens || end > hours.closes {
            return Err(Rejection::OutsideHours.into());
        }
        let staff_day = rows.day(&Read::StaffDay(self.staff, self.day))?;
        let room_day = rows.day(&Read::RoomDay(self.room, self.day))?;
        let (Some(staff_day), Some(room_day)) = (staff_day, room_day) else {
            return Ok(true);
        };
        let taken = |list: &[Appointment]| {
            list.iter()
                .any(|at| at.id != own && at.overlaps(self.start_minute, end))
        };
        let resource = if taken(&staff_day) {
            SlotResource::Professional
        } else if taken(&room_day) {
            SlotResource::Room
        } else {
            return Ok(provisional);
        };
        let busy: Vec<&Appointment> = staff_day
            .iter()
            .chain(&room_day)
            .filter(|at| at.id != own)
            .collect();
        let free = free_slots(
            &busy,
            hours,
            self.day,
            self.start_minute,
            self.duration_minutes,
            4,
        );
        Err(Rejection::SlotTaken { resource, free }.into())
    }
}

/// Books an appointment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BookAppointment {
    /// The new appointment.
    pub id: AppointmentId,
    /// Who comes.
    pub client: ClientId,
    /// Who treats.
    pub staff: StaffId,
    /// Where.
    pub room: RoomId,
    /// What.
    pub treatment: TreatmentId,
    /// Which day.
    pub day: Day,
    /// First minute, from midnight.
    pub start_minute: i32,
    /// Length in minutes.
    pub duration_minutes: i32,
    /// A note for reception.
    pub note: Option<String>,
}

impl BookAppointment {
    fn place(&self) -> Place {
        Place {
            staff: self.staff,
            room: self.room,
            day: self.day,
            start_minute: self.start_minute,
            duration_minutes: self.duration_minutes,
        }
    }
}

impl Apply for BookAppointment {
    const NEEDS: Permission = Permission::ManageAgenda;

    fn footprint(&self) -> ReadSet {
        self.place()
            .footprint()
            .row(self.id)
            .row(self.client)
            .row(self.treatment)
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        need_absent::<Appointment>(rows, self.id)?;
        let client = need::<Client>(rows, self.client)?;
        let treatment = need::<Treatment>(rows, self.treatment)?;
        let mut provisional = client.is_none() || treatment.is_none();
        provisional |= self.place().check(rows, self.id)?;
        let note = self
            .note
            .as_deref()
            .map(|text| checked_text("note", text, 500))
            .transpose()?;
        let mut effects = Effects {
            changes: Vec::new(),
            provisional,
        };
        effects.put(Appointment {
            id: self.id,
            client: self.client,
            staff: self.staff,
            room: self.room,
            treatment: self.treatment,
            day: self.day,
            start_minute: self.start_minute,
            duration_minutes: self.duration_minutes,
            status: AppointmentStatus::Scheduled,
            arrived_at: None,
            started_at: None,
            finished_at: None,
            note,
            booked_by: actor.staff,
            booked_at: actor.at,
        });
        Ok(effects)
    }
}

/// Moves an appointment. Refused when somebody else moved it meanwhile.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MoveAppointment {
    /// Which one.
    pub id: AppointmentId,
    /// The day it is moved from, as the person saw it.
    pub from_day: Day,
    /// The minute it is moved from, as the person saw it.
    pub from_minute: i32,
    /// Who treats now.
    pub staff: StaffId,
    /// Where now.
    pub room: RoomId,
    /// New day.
    pub day: Day,
    /// New first minute.
    pub start_minute: i32,
    /// New length.
    pub duration_minutes: i32,
}

impl MoveAppointment {
    fn place(&self) -> Place {
        Place {
            staff: self.staff,
            room: self.room,
            day: self.day,
            start_minute: self.start_minute,
            duration_minutes: self.duration_minutes,
        }
    }
}

impl Apply for MoveAppointment {
    const NEEDS: Permission = Permission::ManageAgenda;

    fn footprint(&self) -> ReadSet {
        self.place().footprint().row(self.id)
    }

    fn apply(&self, rows: &WorkingSet, _actor: Actor) -> Result<Effects, Refusal> {
        let Some(mut appointment) = need::<Appointment>(rows, self.id)? else {
            return Ok(Effects {
                changes: Vec::new(),
                provisional: true,
            });
        };
        if (appointment.day, appointment.start_minute) != (self.from_day, self.from_minute) {
            return Err(Rejection::ChangedMeanwhile {
                field: "start".to_owned(),
            }
            .into());
        }
        if !matches!(
            appointment.status,
            AppointmentStatus::Scheduled | AppointmentStatus::Confirmed
        ) {
            return Err(Rejection::WrongStatus {
                now: appointment.status,
            }
            .into());
        }
        let provisional = self.place().check(rows, self.id)?;
        appointment.staff = self.staff;
        appointment.room = self.room;
        appointment.day = self.day;
        appointment.start_minute = self.start_minute;
        appointment.duration_minutes = self.duration_minutes;
        let mut effects = Effects {
            changes: Vec::new(),
            provisional,
        };
        effects.put(appointment);
        Ok(effects)
    }
}

/// Changes where a visit stands: confirms, checks in, starts, finishes, marks as no-show, cancels, or takes the last step back.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ChangeVisitStatus {
    /// Which appointment.
    pub id: AppointmentId,
    /// Its professional, whose day decides whether a cancelled place is still free.
    pub staff: StaffId,
    /// Its room.
    pub room: RoomId,
    /// Its day.
    pub day: Day,
    /// Where it stood, as the person saw it.
    pub from: AppointmentStatus,
    /// Where it stands now.
    pub to: AppointmentStatus,
}

impl Apply for ChangeVisitStatus {
    const NEEDS: Permission = Permission::ManageAgenda;

    fn footprint(&self) -> ReadSet {
        Place {
            staff: self.staff,
            room: self.room,
            day: self.day,
            start_minute: 0,
            duration_minutes: 0,
        }
        .footprint()
        .row(self.id)
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        let Some(mut appointment) = need::<Appointment>(rows, self.id)? else {
            return Ok(Effects {
                changes: Vec::new(),
                provisional: true,
            });
        };
        if appointment.status == self.to {
            // Two people checked the same client in: both wanted this, so nobody needs to hear of it.
            return Ok(Effects::default());
        }
        if appointment.status != self.from || !self.from.may_become(self.to) {
            return Err(Rejection::WrongStatus {
                now: appointment.status,
            }
            .into());
        }
        let mut effects = Effects::default();
        if self.to.occupies() && !self.from.occupies() {
            if (appointment.staff, appointment.room, appointment.day)
                != (self.staff, self.room, self.day)
            {
                return Err(Rejection::ChangedMeanwhile {
                    field: "start".to_owned(),
                }
                .into());
            }
            let place = Place {
                staff: appointment.staff,
                room: appointment.room,
                day: appointment.day,
                start_minute: appointment.start_minute,
                duration_minutes: appointment.duration_minutes,
            };
            effects.provisional = place.check(rows, self.id)?;
        }
        stamp(&mut appointment, self.to, actor.at);
        effects.put(appointment);
        Ok(effects)
    }
}

/// Sets the status and the times that go with it; a step back takes its time away again.
fn stamp(appointment: &mut Appointment, to: AppointmentStatus, at: Timestamp) {
    use AppointmentStatus as S;
    let back = to < appointment.status;
    match to {
        S::Arrived if !back || appointment.arrived_at.is_none() => {
            appointment.arrived_at = Some(at)
        }
        S::InProgress if !back => appointment.started_at = Some(at),
        S::Done => appointment.finished_at = Some(at),
        _ => {}
    }
    if to < S::Arrived {
        appointment.arrived_at = None;
    }
    if to < S::InProgress {
        appointment.started_at = None;
    }
    if to < S::Done {
        appointment.finished_at = None;
    }
    appointment.status = to;
}
