//! Random schedules of faults.

use super::{Event, World};
use sync::console::OfflineCause;

impl World {
    /// One random fault, and the next one after a while.
    pub(super) fn fault(&mut self) {
        let desk = self.dice.index(self.desks.len());
        let delay = self.within(3_000);
        match self.dice.below(20) {
            0..=5 => self.cut(desk),
            6..=8 => self.swallow(desk),
            9..=11 => {
                self.crash(desk);
                self.schedule(delay, Event::Restart { desk });
            }
            12..=13 => self.crash_house(delay),
            14 => {
                self.partitioned = true;
                self.schedule(delay, Event::Heal);
                for desk in 0..self.desks.len() {
                    self.cut(desk);
                }
            }
            15..=16 => self.desks[desk].fails_next = true,
            17 => {
                let copy = self.desks[desk].db.clone();
                self.desks[desk].backup = Some(copy);
            }
            18 => {
                self.crash(desk);
                let noticed = self.dice.chance(500);
                let house = &self.house;
                self.desks[desk].restore(noticed, |one| house.has_applied(one));
                self.schedule(delay, Event::Restart { desk });
            }
            // A person presses the button, or the network says it is back.
            _ => self.tell_desk(desk, sync::console::Input::Hint),
        }
        let next = 50 + self.within(2_500);
        if self.now + next < self.until {
            self.schedule(next, Event::Fault);
        }
    }

    /// A connection ends; what is on its way is lost, and each end learns it in its own time or by its own patience.
    fn cut(&mut self, desk: usize) {
        let Some(link) = self.desks[desk].link else {
            return;
        };
        self.links[link].swallows_up = true;
        self.links[link].swallows_down = true;
        let (one, other) = (self.within(4_000), self.within(4_000));
        if self.dice.chance(700) {
            let cause = OfflineCause::Cut;
            self.schedule(one, Event::Broken { link, cause });
        }
        if self.dice.chance(700) {
            self.schedule(other, Event::Dropped { link });
        }
    }

    /// One direction stops without a sign.
    fn swallow(&mut self, desk: usize) {
        if let Some(link) = self.desks[desk].link {
            if self.dice.chance(500) {
                self.links[link].swallows_up = true;
            } else {
                self.links[link].swallows_down = true;
            }
        }
    }

    fn crash(&mut self, desk: usize) {
        if let Some(link) = self.desks[desk].link {
            self.links[link].at_desk = false;
            if self.dice.chance(500) {
                let later = self.within(4_000);
                self.schedule(later, Event::Dropped { link });
            }
        }
        self.desks[desk].crash();
    }

    fn crash_house(&mut self, back_after: u64) {
        self.house.is_up = false;
        for link in 0..self.links.len() {
            if self.links[link].line.take().is_some() {
                let later = self.within(4_000);
                let cause = OfflineCause::Cut;
                self.schedule(later, Event::Broken { link, cause });
            }
        }
        self.schedule(back_after, Event::HouseRestart);
    }
}

/// Milliseconds of work and faults in a schedule.
const WORK: u64 = 40_000;
/// Milliseconds after the last fault within which everything has converged: a dead connection is noticed within 25 s and
/// the longest wait before another try is a minute.
const PATIENCE: u64 = 180_000;

fn try_seed(seed: u64) {
    let mut world = World::new(seed, WORK);
    world.schedule(1_000, Event::Fault);
    world.run(PATIENCE);
    world.check();
}

#[test]
fn consoles_converge_through_random_faults_and_lose_nothing() {
    let seeds: u64 = std::env::var("ESPELHO_SEEDS").map_or(150, |text| text.parse().unwrap());
    for seed in 0..seeds {
        if std::panic::catch_unwind(|| try_seed(seed)).is_err() {
            panic!("seed {seed} fails; the panic above says how");
        }
    }
}

#[test]
fn a_quiet_day_converges_within_seconds() {
    let mut world = World::new(1, 20_000);
    world.run(2_000);
    world.check();
    assert!(world.house.applied.len() > 5, "people did something");
    let connections = world.links.len();
    assert_eq!(connections, 3, "nobody had to connect again");
}

#[test]
fn a_row_that_differs_is_noticed_and_its_bucket_fetched_again() {
    let mut world = World::new(2, 20_000);
    while world.now < 5_000 {
        world.step();
    }
    let desk = &mut world.desks[0];
    let confirmed = desk
        .db
        .rows
        .keys()
        .find(|key| !desk.db.images.contains_key(key))
        .copied();
    desk.db.rows.remove(&confirmed.unwrap());
    world.run(20_000);
    assert!(world.desks[0].mismatches > 0);
    world.desks[0].mismatches = 0;
    world.check();
}
