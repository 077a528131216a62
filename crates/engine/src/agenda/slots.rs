//! Free places: a professional and a room that are both free for as long as a treatment takes.

use crate::agenda::is_booked;
use crate::console::Console;
use crate::error::AppError;
use crate::reading::{iso, read, read_if};
use crate::view::agenda::{SlotQuery, SlotView};
use domain::agenda::{Hours, free_slots};
use domain::id::{AppointmentId, RoomId, StaffId, TreatmentId};
use domain::row::{Appointment, Room, Staff, Treatment};
use domain::time::Day;

/// Days looked through with one query.
const DAYS_AT_ONCE: i32 = 7;
/// Days looked through in all.
const MOST_DAYS: i32 = 28;
/// Places of one answer at most.
const MOST_PLACES: usize = 100;
/// Where anybody may treat, so many professionals are offered for one time, the least booked of the day first: choice
/// without filling the list with one hour.
const SAME_TIME: usize = 2;
/// Minutes an appointment may take; the same bounds as booking has.
const DURATIONS: std::ops::RangeInclusive<i32> = 5..=12 * 60;

/// What a place must offer.
#[derive(Clone)]
pub(super) struct Wanted {
    /// From which day on.
    pub(super) day: Day,
    /// The minute to be near to.
    pub(super) minute: i32,
    /// Length in minutes.
    pub(super) duration: i32,
    /// With whom; anybody when `None`.
    pub(super) staff: Option<StaffId>,
    /// The appointment that does not block itself.
    pub(super) moving: Option<AppointmentId>,
    /// The room to stay in where it is free.
    pub(super) room: Option<RoomId>,
    /// How many at most.
    pub(super) most: usize,
}

/// A free place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) staff: StaffId,
    pub(super) room: RoomId,
    pub(super) day: Day,
    pub(super) minute: i32,
}

/// Who and where can be booked, and until when nothing can be any more.
pub(super) struct Ground {
    /// Professionals, by name.
    pub(super) staff: Vec<Staff>,
    /// Rooms, by name.
    pub(super) rooms: Vec<Room>,
    /// Opening hours.
    pub(super) hours: Hours,
    /// Today and the minute it is; earlier places are over.
    pub(super) now: (Day, i32),
}

impl Ground {
    /// Free places of one day, whose appointments are `busy`, nearest to the wanted minute first.
    fn places(&self, busy: &[&Appointment], day: Day, wanted: &Wanted) -> Vec<Place> {
        let busy: Vec<&Appointment> = busy
            .iter()
            .copied()
            .filter(|at| at.status.occupies() && Some(at.id) != wanted.moving)
            .collect();
        let mut found = Vec::new();
        for person in self
            .staff
            .iter()
            .filter(|person| wanted.staff.is_none_or(|id| id == person.id))
        {
            let own: Vec<&Appointment> = busy
                .iter()
                .copied()
                .filter(|at| at.staff == person.id)
                .collect();
            let rooms = self.rooms_for(&own, wanted.room);
            let all = usize::MAX;
            for slot in free_slots(&own, self.hours, day, wanted.minute, wanted.duration, all) {
                let minute = slot.start_minute;
                if (day, minute) < self.now {
                    continue;
                }
                let end = minute + wanted.duration;
                let room = rooms.iter().find(|room| {
                    !busy
                        .iter()
                        .any(|at| at.room == **room && at.overlaps(minute, end))
                });
                if let Some(room) = room {
                    let place = Place {
                        staff: person.id,
                        room: *room,
                        day,
                        minute,
                    };
                    found.push((own.len(), place));
                }
            }
        }
        nearest(found, wanted)
    }

    /// Rooms in the order they are tried: the one to stay in, the one the professional has that day, the others by name.
    fn rooms_for(&self, own: &[&Appointment], stay: Option<RoomId>) -> Vec<RoomId> {
        let mut rooms: Vec<RoomId> = self.rooms.iter().map(|room| room.id).collect();
        let habitual = own.last().map(|at| at.room);
        rooms.sort_by_key(|room| (Some(*room) != stay, Some(*room) != habitual));
        rooms
    }
}

/// Orders one day's places by distance, time and how booked their professional is, and thins out equal times.
fn nearest(mut found: Vec<(usize, Place)>, wanted: &Wanted) -> Vec<Place> {
    found.sort_by_key(|(booked, place)| {
        ((place.minute - wanted.minute).abs(), place.minute, *booked)
    });
    let mut places: Vec<Place> = Vec::with_capacity(found.len());
    for (_, place) in found {
        let same = places
            .iter()
            .rev()
            .take_while(|held| held.minute == place.minute)
            .count();
        if same < SAME_TIME {
            places.push(place);
        }
    }
    places
}

impl Console {
    /// Answers a question for free places.
    pub(super) fn free_places(&self, query: &SlotQuery) -> Result<Vec<SlotView>, AppError> {
        let treatment: TreatmentId = read("treatment", &query.treatment_id)?;
        let moving: Option<AppointmentId> = read_if("moving", query.moving.as_deref())?;
        let (treatment, moved) = self.read("treatment", |tx| {
            let moved = moving
                .map(|id| tx.get::<Appointment>(id))
                .transpose()?
                .flatten();
            Ok((tx.get::<Treatment>(treatment)?, moved))
        })?;
        let treatment = treatment.ok_or_else(|| AppError::not_found("treatment"))?;
        let duration = query.duration_minutes.unwrap_or(treatment.duration_minutes);
        let ground = self.ground()?;
        let wanted = Wanted {
            day: read("day", &query.day)?,
            minute: query.around_minute.unwrap_or(ground.hours.opens),
            duration,
            staff: read_if("staff", query.staff_id.as_deref())?,
            moving,
            room: moved.map(|at| at.room),
            most: usize::try_from(query.most).unwrap_or(MOST_PLACES),
        };
        self.places(&ground, &wanted)
    }

    /// Free places that offer what is wanted, nearest first, day after day.
    pub(super) fn places(
        &self,
        ground: &Ground,
        wanted: &Wanted,
    ) -> Result<Vec<SlotView>, AppError> {
        if !DURATIONS.contains(&wanted.duration) {
            return Err(AppError::invalid("duration_minutes"));
        }
        if !(0..24 * 60).contains(&wanted.minute) {
            return Err(AppError::invalid("around_minute"));
        }
        let most = wanted.most.clamp(1, MOST_PLACES);
        let first = wanted.day.max(ground.now.0);
        let mut found = Vec::with_capacity(most);
        for week in (0..MOST_DAYS).step_by(7) {
            let from = first.plus(week);
            let busy = self.read("free_places", |tx| {
                tx.appointments(from, from.plus(DAYS_AT_ONCE - 1))
            })?;
            for day in (0..DAYS_AT_ONCE).map(|days| from.plus(days)) {
                let busy: Vec<&Appointment> = busy.iter().filter(|at| at.day == day).collect();
                found.extend(ground.places(&busy, day, wanted));
                if found.len() >= most {
                    found.truncate(most);
                    return Ok(found
                        .into_iter()
                        .map(|place| slot_view(place, wanted.duration))
                        .collect());
                }
            }
        }
        Ok(found
            .into_iter()
            .map(|place| slot_view(place, wanted.duration))
            .collect())
    }

    /// Who and where can be booked.
    pub(super) fn ground(&self) -> Result<Ground, AppError> {
        let clinic = self.the_clinic()?;
        let now = self.now();
        let (mut staff, mut rooms) = self.read("bookable", |tx| Ok((tx.staff()?, tx.rooms()?)))?;
        staff.retain(is_booked);
        rooms.retain(|room| room.active);
        Ok(Ground {
            staff,
            rooms,
            hours: Hours {
                opens: clinic.profile.opens_minute,
                closes: clinic.profile.closes_minute,
            },
            now: (clinic.zone.day(now), clinic.zone.minute_of_day(now)),
        })
    }

    /// A room that is free for a place: `stay` where it is, another one where not, `None` when all are in use.
    pub(super) fn free_room(
        &self,
        place: (Day, i32, i32),
        moving: Option<AppointmentId>,
        stay: Option<RoomId>,
    ) -> Result<Option<RoomId>, AppError> {
        let (day, minute, duration) = place;
        let ground = self.ground()?;
        let busy = self.read("free_places", |tx| tx.appointments(day, day))?;
        let end = minute.saturating_add(duration);
        Ok(ground.rooms_for(&[], stay).into_iter().find(|room| {
            !busy
                .iter()
                .any(|at| at.room == *room && Some(at.id) != moving && at.overlaps(minute, end))
        }))
    }
}

fn slot_view(place: Place, duration: i32) -> SlotView {
    SlotView {
        day: iso(place.day),
        start_minute: place.minute,
        duration_minutes: duration,
        staff_id: place.staff.to_string(),
        room_id: place.room.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::ClientId;
    use domain::row::AppointmentStatus;
    use domain::time::Timestamp;
    use proptest::prelude::*;
    use uuid::Uuid;

    const DAY: Day = Day(20_000);

    fn person(number: u128) -> Staff {
        Staff {
            id: StaffId(Uuid::from_u128(number)),
            name: format!("Profissional {number}"),
            roles: Vec::new(),
            council: None,
            color: 0,
            active: true,
            takes_appointments: true,
            signing_public: Vec::new(),
            credential: Vec::new(),
        }
    }

    fn room(number: u128) -> Room {
        Room {
            id: RoomId(Uuid::from_u128(number)),
            name: format!("Sala {number}"),
            active: true,
        }
    }

    fn at(id: u128, staff: u128, room: u128, minute: i32, duration: i32) -> Appointment {
        Appointment {
            id: AppointmentId(Uuid::from_u128(id)),
            client: ClientId(Uuid::from_u128(9)),
            staff: StaffId(Uuid::from_u128(staff)),
            room: RoomId(Uuid::from_u128(room)),
            treatment: TreatmentId(Uuid::from_u128(9)),
            day: DAY,
            start_minute: minute,
            duration_minutes: duration,
            status: AppointmentStatus::Scheduled,
            arrived_at: None,
            started_at: None,
            finished_at: None,
            note: None,
            booked_by: StaffId(Uuid::from_u128(staff)),
            booked_at: Timestamp(0),
        }
    }

    fn ground(people: u128, rooms: u128) -> Ground {
        Ground {
            staff: (1..=people).map(person).collect(),
            rooms: (1..=rooms).map(room).collect(),
            hours: Hours {
                opens: 8 * 60,
                closes: 19 * 60,
            },
            now: (DAY.plus(-1), 0),
        }
    }

    fn wanted(minute: i32, duration: i32) -> Wanted {
        Wanted {
            day: DAY,
            minute,
            duration,
            staff: None,
            moving: None,
            room: None,
            most: 18,
        }
    }

    #[test]
    fn a_place_needs_a_free_room_as_well() {
        let ground = ground(2, 1);
        let taken = at(1, 1, 1, 600, 60);
        let places = ground.places(&[&taken], DAY, &wanted(600, 30));
        assert!(
            places
                .iter()
                .all(|place| place.minute + 30 <= 600 || place.minute >= 660)
        );
        assert_eq!(places.first().map(|place| place.minute), Some(570));
    }

    #[test]
    fn the_moving_appointment_does_not_block_itself_and_keeps_its_room() {
        let ground = ground(1, 2);
        let own = at(1, 1, 2, 600, 60);
        let moving = Wanted {
            moving: Some(own.id),
            room: Some(own.room),
            ..wanted(615, 60)
        };
        let places = ground.places(&[&own], DAY, &moving);
        assert_eq!(
            places.first().map(|place| (place.minute, place.room)),
            Some((615, own.room))
        );
    }

    #[test]
    fn what_is_over_today_is_not_offered() {
        let mut ground = ground(1, 1);
        ground.now = (DAY, 10 * 60 + 1);
        let places = ground.places(&[], DAY, &wanted(8 * 60, 30));
        assert_eq!(places.first().map(|place| place.minute), Some(10 * 60 + 15));
    }

    #[test]
    fn cancelled_appointments_are_free_and_the_professional_stays_in_their_room() {
        let ground = ground(1, 2);
        let mut cancelled = at(1, 1, 1, 600, 60);
        cancelled.status = AppointmentStatus::Cancelled;
        let habit = at(2, 1, 2, 480, 30);
        let places = ground.places(&[&habit, &cancelled], DAY, &wanted(600, 60));
        assert_eq!(
            places.first().map(|place| (place.minute, place.room)),
            Some((600, room(2).id))
        );
    }

    #[test]
    fn one_time_is_offered_with_the_two_least_booked() {
        let ground = ground(3, 3);
        let busy = at(1, 1, 1, 480, 30);
        let places = ground.places(&[&busy], DAY, &wanted(600, 30));
        let at_ten: Vec<StaffId> = places
            .iter()
            .filter(|place| place.minute == 600)
            .map(|place| place.staff)
            .collect();
        assert_eq!(at_ten, [person(2).id, person(3).id]);
    }

    proptest! {
        /// Whatever is booked, no place is offered in which its professional or its room has somebody else, nor outside
        /// opening hours; and they come nearest first.
        #[test]
        fn nothing_is_offered_twice(
            booked in proptest::collection::vec((1_u128..4, 1_u128..3, 8 * 60..18 * 60_i32, 15..120_i32), 0..25),
            minute in 8 * 60..18 * 60_i32,
            duration in 15..180_i32,
        ) {
            let ground = ground(3, 2);
            let busy: Vec<Appointment> = booked
                .iter()
                .zip(1..)
                .map(|((staff, room, start, length), id)| at(id, *staff, *room, *start, *length))
                .collect();
            let all: Vec<&Appointment> = busy.iter().collect();
            let places = ground.places(&all, DAY, &wanted(minute, duration));
            for place in &places {
                let end = place.minute + duration;
                prop_assert!(place.minute >= ground.hours.opens && end <= ground.hours.closes);
                let clash = busy.iter().any(|at| {
                    (at.staff == place.staff || at.room == place.room) && at.overlaps(place.minute, end)
                });
                prop_assert!(!clash, "{place:?}");
            }
            prop_assert!(places.is_sorted_by_key(|place| (place.minute - minute).abs()));
        }
    }
}
