//! Three years of days, one after the other.

use super::agenda::{self, CAPACITY, Fate};
use super::catalogue::{OFFERS, ROOMS};
use super::client::Known;
use super::season::{self, Load};
use super::{Filled, PastVisit, Plan, Subject, Team};
use crate::dice::Dice;
use crate::port::SeededEntropy;
use domain::id::{AppointmentId, RoomId, TreatmentId};
use domain::money::Cents;
use domain::row::{Appointment, Room, Row, Treatment};
use domain::time::{Day, Timestamp};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use uuid::Uuid;

/// Clients that could be pictured.
const SUBJECTS: usize = 500;

/// The clinic in the making.
pub(super) struct Making<'p> {
    pub(super) plan: &'p Plan,
    pub(super) team: &'p Team,
    pub(super) dice: Dice,
    pub(super) entropy: SeededEntropy,
    /// Rows not yet handed out.
    pub(super) out: Vec<Row>,
    pub(super) people: Vec<Known>,
    pub(super) cpfs: HashSet<u32>,
    pub(super) rooms: Vec<RoomId>,
    pub(super) treatments: Vec<TreatmentId>,
    pub(super) open_lots: Vec<super::stock::Open>,
    /// Records that may still be written: sealing each client's key is what takes time.
    pub(super) records_left: u32,
    /// When the second version of the consent texts came.
    pub(super) second_text: Timestamp,
    /// Who is due when: day, a tie-breaker that mixes, client.
    pub(super) due: BinaryHeap<Reverse<(i32, u32, usize)>>,
    /// Places of the agenda that were offered so far.
    pub(super) booked: u64,
    today: Vec<Appointment>,
}

/// A visit that has its client and professional but no hour yet.
struct Booking {
    client: usize,
    offer: usize,
    fate: Fate,
}

/// Makes the clinic's catalogue and three years of its life, and hands every row to `sink`: rows before those that refer to
/// them, but for the lots, which are counted in the end.
///
/// # Errors
/// What `sink` failed with.
pub fn fill<E>(
    plan: &Plan,
    team: &Team,
    sink: &mut dyn FnMut(Row) -> Result<(), E>,
) -> Result<Filled, E> {
    let mut making = Making::new(plan, team);
    making.open_doors();
    for load in season::loads(plan) {
        making.live(load);
        making.out.drain(..).try_for_each(&mut *sink)?;
    }
    making.count_stock();
    making.out.drain(..).try_for_each(&mut *sink)?;
    Ok(making.filled())
}

impl<'p> Making<'p> {
    fn new(plan: &'p Plan, team: &'p Team) -> Self {
        Self {
            plan,
            team,
            dice: Dice::new(plan.seed, 2),
            entropy: SeededEntropy::new(plan.seed ^ 0x0073_6561_6c65_6421),
            out: Vec::new(),
            people: Vec::with_capacity(plan.clients as usize),
            cpfs: HashSet::new(),
            rooms: Vec::new(),
            treatments: Vec::new(),
            open_lots: Vec::new(),
            records_left: plan.appointments() / 5,
            second_text: plan.now.plus_minutes(-400 * 24 * 60),
            due: BinaryHeap::new(),
            booked: 0,
            today: Vec::new(),
        }
    }

    /// An identity made at a moment, as the product makes them.
    pub(super) fn id(&mut self, at: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.dice.fill(&mut random);
        let millis = u64::try_from(at.0).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// Rooms, treatments, products.
    fn open_doors(&mut self) {
        let since = self.plan.zone.at(season::first_day(self.plan.today()), 0);
        for number in 0..self.team.practitioners.len() {
            let id = RoomId(self.id(since));
            let name = ROOMS
                .get(number)
                .map_or_else(|| format!("Sala {}", number + 1), |name| (*name).to_owned());
            self.out.push(
                Room {
                    id,
                    name,
                    active: true,
                }
                .into(),
            );
            self.rooms.push(id);
        }
        for offer in OFFERS {
            let id = TreatmentId(self.id(since));
            let treatment = Treatment {
                id,
                name: offer.name.to_owned(),
                category: offer.category.name().to_owned(),
                duration_minutes: offer.minutes,
                price: Cents(offer.price * 100),
                areas: offer.areas.iter().map(|area| (*area).to_owned()).collect(),
                needs_consent: offer.consent,
                needs_lot: offer.uses.is_some(),
                active: true,
            };
            self.out.push(treatment.into());
            self.treatments.push(id);
        }
        self.stock_up(since);
    }

    /// One day: who comes, to whom, when, and what follows from it.
    fn live(&mut self, load: Load) {
        let mut columns: Vec<(i32, Vec<Booking>)> = Vec::new();
        columns.resize_with(self.team.practitioners.len(), || (0, Vec::new()));
        for number in 0..load.visits {
            let Some(client) = self.next_client(load.day) else {
                continue;
            };
            let usual = self.people[client].practitioner;
            let Some(practitioner) = self.free_practitioner(&columns, usual) else {
                continue;
            };
            let Some(offer) = self.treatment_for(client, practitioner, load.day) else {
                continue;
            };
            let fate = match load.day == self.plan.today() {
                true => Fate::of_today(number),
                false => Fate::draw(&mut self.dice),
            };
            let (busy, bookings) = &mut columns[practitioner];
            *busy += OFFERS[offer].minutes;
            bookings.push(Booking {
                client,
                offer,
                fate,
            });
            self.come_again(client, offer, load.day);
        }
        for (practitioner, (_, bookings)) in columns.iter().enumerate() {
            let lengths: Vec<(i32, Fate)> = bookings
                .iter()
                .map(|one| (OFFERS[one.offer].minutes, one.fate))
                .collect();
            let starts = agenda::lay_out(&lengths, &mut self.dice);
            for (booking, start) in bookings.iter().zip(starts) {
                if let Some(start) = start {
                    self.visit(booking, practitioner, load.day, start);
                }
            }
        }
    }

    /// When a visit of `day` was booked: some days before, in opening hours, never later than now.
    pub(super) fn booked_at(&mut self, day: Day) -> Timestamp {
        let before = self.dice.between(1, 30);
        let minute = self.dice.between(8 * 60 + 5, 19 * 60);
        let at = self.plan.zone.at(day.plus(-before), minute);
        if at < self.plan.now {
            return at;
        }
        let earlier = self.dice.between(1, 12);
        self.plan.zone.at(self.plan.today().plus(-earlier), minute)
    }

    /// The usual professional where there is time left, else somebody who has.
    fn free_practitioner(
        &mut self,
        columns: &[(i32, Vec<Booking>)],
        usual: usize,
    ) -> Option<usize> {
        // The longest treatment must still fit, whichever it will be.
        let free = |at: &usize| columns[*at].0 + 90 <= CAPACITY;
        if free(&usual) && self.dice.chance(850) {
            return Some(usual);
        }
        let from = self.dice.index(columns.len());
        (from..from + columns.len())
            .map(|at| at % columns.len())
            .find(|at| free(at))
    }

    fn visit(&mut self, booking: &Booking, practitioner: usize, day: Day, start: i32) {
        let appointment = self.appointment(booking, practitioner, day, start);
        if day == self.plan.today() {
            self.today.push(appointment.clone());
        }
        self.out.push(appointment.clone().into());
        if let Some(began) = appointment
            .started_at
            .filter(|_| appointment.finished_at.is_some())
        {
            let encounter = self.after_visit(booking.client, booking.offer, &appointment, began);
            let visit = PastVisit {
                appointment: appointment.id,
                encounter,
                at: began,
                practitioner: appointment.staff,
            };
            let person = &mut self.people[booking.client];
            person.first.get_or_insert(visit);
            person.last = Some(visit);
        }
    }

    fn appointment(
        &mut self,
        booking: &Booking,
        practitioner: usize,
        day: Day,
        start: i32,
    ) -> Appointment {
        let today = self.plan.today();
        let minutes = OFFERS[booking.offer].minutes;
        let status = self.status(day, start, minutes, booking.fate);
        let booked_at = self.booked_at(day);
        let noted = self.dice.chance(45);
        let mut appointment = Appointment {
            id: AppointmentId(self.id(booked_at)),
            client: self.people[booking.client].id,
            staff: self.team.practitioners[practitioner],
            // Everybody has a room of their own each day, another one the next.
            room: self.rooms[(practitioner + day.0.unsigned_abs() as usize) % self.rooms.len()],
            treatment: self.treatments[booking.offer],
            day,
            start_minute: start,
            duration_minutes: minutes,
            status,
            arrived_at: None,
            started_at: None,
            finished_at: None,
            note: noted.then(|| (*self.dice.pick(super::catalogue::BOOKING_NOTES)).to_owned()),
            booked_by: *self.dice.pick(&self.team.desk),
            booked_at,
        };
        if day <= today {
            self.stamp(&mut appointment);
        }
        appointment
    }

    fn filled(mut self) -> Filled {
        self.today
            .sort_by_key(|visit| (visit.start_minute, visit.id));
        let coming: HashSet<_> = self.today.iter().map(|visit| visit.client).collect();
        let mut people: Vec<Known> = self
            .people
            .into_iter()
            .filter(|person| person.first.is_some())
            .collect();
        // Today's clients first, then whoever was here last; those with two visits before those with one.
        people.sort_by_key(|person| {
            let (first, last) = (
                person.first.map(|visit| visit.at),
                person.last.map(|visit| visit.at),
            );
            (
                !coming.contains(&person.id),
                first == last,
                Reverse(last),
                person.id,
            )
        });
        let subjects = people.into_iter().filter_map(|person| {
            Some(Subject {
                client: person.id,
                key: person.key,
                first: person.first?,
                last: person.last?,
            })
        });
        Filled {
            today: self.today,
            subjects: subjects.take(SUBJECTS).collect(),
        }
    }
}
