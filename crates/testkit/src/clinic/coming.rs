//! Who comes on a day, and for what.
//!
//! A client comes again when their treatment is due: no two visits of one client are nearer than the shortest usual interval
//! of what they come for, and the same treatment is not repeated before its own. Where fewer are due than the day has places,
//! new clients and such who had stayed away take them.

use super::catalogue::{OFFERS, PRACTICES};
use super::client::Known;
use super::history::Making;
use super::season;
use domain::time::Day;
use std::cmp::Reverse;

/// Most appointments that a client has ahead.
const MOST_AHEAD: u32 = 3;
/// Draws of a treatment before it is taken that the professional has none for this client.
const DRAWS: u32 = 8;
/// Clients that are asked whether they want to come before a place is left empty.
const ASKED: usize = 256;

impl Known {
    /// Whether they may come on a day without coming too often.
    fn may_come(&self, day: Day, today: Day) -> bool {
        self.next <= day && (day <= today || self.ahead < MOST_AHEAD)
    }

    fn is_ready_for(&self, offer: usize, day: Day) -> bool {
        let had = self.had.iter().find(|(had, _)| *had == offer);
        had.is_none_or(|(_, last)| day.0 - last.0 >= OFFERS[offer].least_days())
    }

    fn remember(&mut self, offer: usize, day: Day) {
        match self.had.iter_mut().find(|(had, _)| *had == offer) {
            Some((_, last)) => *last = day,
            None => self.had.push((offer, day)),
        }
    }
}

impl Making<'_> {
    /// Somebody new, whoever is most overdue, or somebody who had stayed away: new clients come as evenly as the clinic grows.
    /// Nobody, where everybody was here a short while ago.
    pub(super) fn next_client(&mut self, day: Day) -> Option<usize> {
        self.booked += 1;
        let (all, registered) = (u64::from(self.plan.clients), self.people.len() as u64);
        let grown = all * self.booked / u64::from(self.plan.appointments().max(1));
        let expected = all / 50 + 1 + grown;
        if registered < all.min(expected) {
            return Some(self.newcomer(day));
        }
        // A clinic that has just opened has nobody who could come again.
        if let Some(client) = self.overdue(day) {
            return Some(client);
        }
        if registered < all.min(expected + all / 5) {
            return Some(self.newcomer(day));
        }
        let found = self.anybody(day);
        if found.is_none() && registered < all {
            return Some(self.newcomer(day));
        }
        found
    }

    fn newcomer(&mut self, day: Day) -> usize {
        let practitioner = self.dice.index(self.team.practitioners.len());
        let offer = self.offer_of(practitioner);
        let at = self.booked_at(day);
        let client = self.register(at, day, practitioner, offer);
        let left = season::last_day(self.plan.today()).0 - day.0;
        for _ in 0..4 {
            let person = &self.people[client];
            let wanted = i32::try_from(person.remaining).unwrap_or(i32::MAX);
            if wanted.saturating_mul(OFFERS[person.offer].again) <= left {
                break;
            }
            // Whoever comes often comes for something that is done often.
            let other = self.offer_of(practitioner);
            let person = &mut self.people[client];
            if OFFERS[other].again < OFFERS[person.offer].again {
                person.offer = other;
            }
        }
        client
    }

    /// Whoever has been due for the longest time.
    fn overdue(&mut self, day: Day) -> Option<usize> {
        let today = self.plan.today();
        while self
            .due
            .peek()
            .is_some_and(|Reverse((due, ..))| *due <= day.0)
        {
            let Reverse((_, _, client)) = self.due.pop()?;
            // Somebody who came unasked in the meantime is due later, by an entry of its own.
            if self.people[client].may_come(day, today) {
                return Some(client);
            }
        }
        None
    }

    /// Somebody whose last visit is long enough ago.
    fn anybody(&mut self, day: Day) -> Option<usize> {
        let count = self.people.len();
        let from = self.dice.index(count);
        (from..from + count.min(ASKED))
            .map(|at| at % count)
            .find(|at| self.people[*at].may_come(day, self.plan.today()))
    }

    /// What a client comes for: mostly the usual, never what they had too short a while ago. `None` where this professional
    /// has nothing for them yet.
    pub(super) fn treatment_for(
        &mut self,
        client: usize,
        practitioner: usize,
        day: Day,
    ) -> Option<usize> {
        let person = &self.people[client];
        let usual = person.offer;
        let at_home = person.practitioner == practitioner && person.is_ready_for(usual, day);
        if at_home && self.dice.chance(700) {
            return Some(usual);
        }
        for _ in 0..DRAWS {
            let offer = self.offer_of(practitioner);
            if self.people[client].is_ready_for(offer, day) {
                return Some(offer);
            }
        }
        at_home.then_some(usual)
    }

    /// Something that a professional does.
    fn offer_of(&mut self, practitioner: usize) -> usize {
        let category = self
            .dice
            .weighted(PRACTICES[practitioner % PRACTICES.len()].does);
        let offers: Vec<(usize, u32)> = OFFERS
            .iter()
            .enumerate()
            .filter(|(_, offer)| offer.category == category)
            .map(|(at, offer)| (at, offer.weight))
            .collect();
        self.dice.weighted(&offers)
    }

    /// Books the client's next visit in their mind.
    pub(super) fn come_again(&mut self, client: usize, offer: usize, day: Day) {
        let today = self.plan.today();
        let person = &mut self.people[client];
        person.remember(offer, day);
        // Between two visits for something rare, regulars come for what they usually come for.
        let soonest = if OFFERS[offer].again < OFFERS[person.offer].again {
            &OFFERS[offer]
        } else {
            &OFFERS[person.offer]
        };
        person.next = day.plus(soonest.least_days());
        person.ahead += u32::from(day > today);
        person.remaining = person.remaining.saturating_sub(1);
        if person.remaining == 0 {
            return;
        }
        let gap = soonest.again * self.dice.between(90, 130) / 100;
        let mixer = self.dice.bits();
        self.due.push(Reverse((day.0 + gap, mixer, client)));
    }
}
