//! Several consoles and a server in simulated time: the real machines, the real replica and the real authority, over a
//! network and disks that fail as a seed says. A failing seed replays exactly.

mod desk;
mod house;
mod oracle;
mod schedules;

use desk::Desk;
use domain::bucket::DeviceProfile;
use house::House;
use std::collections::BTreeMap;
use sync::console::{Input as ToDesk, Link as Standing, OfflineCause};
use sync::message::RefusalCause;
use sync::server::{Connection, Effect as HouseEffect, Input as ToHouse};
use sync::standing::StoreJob;
use testkit::dice::Dice;
use testkit::port::SeededEntropy;

/// What happens at a moment.
enum Event {
    Reaches {
        link: usize,
        frame: Vec<u8>,
    },
    Arrives {
        link: usize,
        frame: Vec<u8>,
    },
    Opened {
        link: usize,
    },
    /// The console learns that its connection is gone.
    Broken {
        link: usize,
        cause: OfflineCause,
    },
    /// The server learns it.
    Dropped {
        link: usize,
    },
    /// The server does something for a connection.
    Serve {
        link: usize,
        effect: HouseEffect,
    },
    /// And the connection gets the answer.
    Served {
        link: usize,
        input: ToHouse,
    },
    Store {
        desk: usize,
        process: u64,
        job: StoreJob,
    },
    Load {
        desk: usize,
        process: u64,
        ticket: u64,
        after: u64,
        limit: usize,
    },
    Token {
        desk: usize,
        process: u64,
    },
    Act {
        desk: usize,
    },
    Restart {
        desk: usize,
    },
    HouseRestart,
    Heal,
    Fault,
}

/// One connection, in order in both directions until it breaks.
struct Link {
    desk: usize,
    process: u64,
    at_desk: bool,
    line: Option<Connection>,
    /// When the last frame of each direction gets there.
    up_at: u64,
    down_at: u64,
    /// Frames of a direction vanish without a sign.
    swallows_up: bool,
    swallows_down: bool,
}

/// Everything.
pub struct World {
    pub now: u64,
    dice: Dice,
    entropy: SeededEntropy,
    house: House,
    desks: Vec<Desk>,
    links: Vec<Link>,
    queue: BTreeMap<(u64, u64), Event>,
    scheduled: u64,
    partitioned: bool,
    /// Milliseconds until which faults happen and people work.
    until: u64,
}

const STEPS: usize = 400_000;

impl World {
    pub fn new(seed: u64, until: u64) -> Self {
        let profiles = [
            DeviceProfile::Management,
            DeviceProfile::Reception,
            DeviceProfile::TreatmentRoom,
        ];
        let mut world = Self {
            now: 1_000,
            dice: Dice::new(seed, 0),
            entropy: SeededEntropy::new(seed),
            house: House::new(),
            desks: profiles
                .into_iter()
                .zip(1..)
                .map(|(p, n)| Desk::new(n, p))
                .collect(),
            links: Vec::new(),
            queue: BTreeMap::new(),
            scheduled: 0,
            partitioned: false,
            until,
        };
        for desk in 0..world.desks.len() {
            world.schedule(0, Event::Restart { desk });
            world.schedule(500, Event::Act { desk });
        }
        world
    }

    fn schedule(&mut self, after: u64, event: Event) {
        self.schedule_at(self.now + after, event);
    }

    fn schedule_at(&mut self, at: u64, event: Event) {
        self.scheduled += 1;
        self.queue.insert((at, self.scheduled), event);
    }

    fn within(&mut self, most: u32) -> u64 {
        u64::from(self.dice.below(most + 1))
    }

    /// Runs until everything has converged; panics when that takes longer than `patience` after the last fault.
    pub fn run(&mut self, patience: u64) {
        for _ in 0..STEPS {
            if self.now > self.until && self.has_converged() {
                return;
            }
            let most = self.until + patience;
            assert!(self.now < most, "not converged: {}", self.describe());
            self.step();
        }
        panic!("too many steps: {}", self.describe());
    }

    fn step(&mut self) {
        let due = self.queue.first_key_value().map(|(key, _)| *key);
        let (deadline, whose) = self.next_deadline();
        match due {
            Some(key) if key.0 <= deadline => {
                self.now = self.now.max(key.0);
                if let Some(event) = self.queue.remove(&key) {
                    self.happen(event);
                }
            }
            _ => {
                assert!(
                    deadline < u64::MAX,
                    "nothing will ever happen: {}",
                    self.describe()
                );
                self.now = self.now.max(deadline);
                match whose {
                    Whose::Desk(desk) => self.tell_desk(desk, ToDesk::Tick),
                    Whose::Line(link) => self.tell_house(link, ToHouse::Tick),
                }
            }
        }
    }

    fn next_deadline(&self) -> (u64, Whose) {
        let desks = self.desks.iter().enumerate().filter_map(|(number, desk)| {
            let at = desk.machine.as_ref()?.next_deadline()?;
            Some((at.0, Whose::Desk(number)))
        });
        let lines = self.links.iter().enumerate().filter_map(|(number, link)| {
            let at = link.line.as_ref()?.next_deadline()?;
            Some((at.0, Whose::Line(number)))
        });
        desks
            .chain(lines)
            .min_by_key(|(at, _)| *at)
            .unwrap_or((u64::MAX, Whose::Desk(0)))
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Reaches { link, frame } => {
                if !self.links[link].swallows_up {
                    self.tell_house(link, ToHouse::Frame(frame));
                }
            }
            Event::Arrives { link, frame } => {
                if !self.links[link].swallows_down {
                    self.tell_desk_over(link, ToDesk::Frame(frame));
                }
                self.tell_house(link, ToHouse::Drained);
            }
            Event::Opened { link } => {
                if self.house.is_up {
                    self.links[link].line = Some(Connection::new(sync::Moment(self.now)));
                    self.tell_desk_over(link, ToDesk::Connected);
                } else {
                    self.tell_desk_over(link, ToDesk::Disconnected(OfflineCause::Unreachable));
                }
            }
            Event::Broken { link, cause } => self.tell_desk_over(link, ToDesk::Disconnected(cause)),
            Event::Dropped { link } => self.links[link].line = None,
            Event::Serve { link, effect } => self.serve(link, effect),
            Event::Served { link, input } => self.tell_house(link, input),
            Event::Store { desk, process, job } => {
                if self.desks[desk].process == process {
                    let answer = self.desks[desk].store(&job);
                    self.tell_desk(desk, answer);
                }
            }
            Event::Load {
                desk,
                process,
                ticket,
                after,
                limit,
            } => {
                if self.desks[desk].process == process {
                    let items = self.desks[desk].load(after, limit);
                    self.tell_desk(desk, ToDesk::OutboxBatch { ticket, items });
                }
            }
            Event::Token { desk, process } => {
                if self.desks[desk].process == process {
                    self.tell_desk(desk, ToDesk::Token("token".to_owned()));
                }
            }
            Event::Act { desk } => self.act(desk),
            Event::Restart { desk } => self.start(desk),
            Event::HouseRestart => self.house.is_up = true,
            Event::Heal => self.partitioned = false,
            Event::Fault => self.fault(),
        }
    }

    fn start(&mut self, desk: usize) {
        if self.desks[desk].machine.is_none() {
            let standing = self.desks[desk].start();
            self.tell_desk(desk, ToDesk::Start(standing));
        }
    }

    /// A person does something, whether or not there is a network.
    fn act(&mut self, desk: usize) {
        let mut bytes = [0; 6];
        self.dice.fill(&mut bytes);
        let at = i64::try_from(self.now).unwrap();
        if self.desks[desk].machine.is_some() && self.desks[desk].act(bytes, at) {
            self.tell_desk(desk, ToDesk::OutboxChanged);
        }
        let next = self.within(1_500);
        if self.now + next < self.until {
            self.schedule(next, Event::Act { desk });
        }
    }

    fn tell_desk_over(&mut self, link: usize, input: ToDesk) {
        let Link {
            desk,
            process,
            at_desk,
            ..
        } = self.links[link];
        let current = self.desks[desk].link == Some(link) && self.desks[desk].process == process;
        if at_desk && current {
            self.tell_desk(desk, input);
        }
    }

    fn tell_desk(&mut self, desk: usize, input: ToDesk) {
        let now = sync::Moment(self.now);
        let Some(machine) = &mut self.desks[desk].machine else {
            return;
        };
        for effect in machine.handle(input, now, &self.entropy) {
            self.do_for_desk(desk, effect);
        }
    }

    fn do_for_desk(&mut self, desk: usize, effect: sync::console::Effect) {
        use sync::console::Effect as E;
        let process = self.desks[desk].process;
        let soon = self.within(8);
        match effect {
            E::Connect => self.connect(desk),
            E::Send(frame) => {
                if let Some(link) = self.desks[desk].link {
                    let delay = self.within(40);
                    self.links[link].up_at = self.links[link].up_at.max(self.now + delay);
                    self.schedule_at(self.links[link].up_at, Event::Reaches { link, frame });
                }
            }
            E::Close => {
                if let Some(link) = self.desks[desk].link.take() {
                    self.links[link].at_desk = false;
                    let at = self.links[link].up_at + soon;
                    self.schedule_at(at.max(self.now), Event::Dropped { link });
                }
            }
            E::NeedToken { .. } => self.schedule(soon, Event::Token { desk, process }),
            E::LoadOutbox {
                ticket,
                after,
                limit,
            } => {
                self.schedule(
                    soon,
                    Event::Load {
                        desk,
                        process,
                        ticket,
                        after,
                        limit,
                    },
                );
            }
            E::Store(job) => self.schedule(soon, Event::Store { desk, process, job }),
            E::Warn(sync::console::Warning::ChecksumMismatch(_)) => {
                self.desks[desk].mismatches += 1;
            }
            E::Unreadable { .. } => self.desks[desk].unreadable += 1,
            _ => {}
        }
    }

    fn connect(&mut self, desk: usize) {
        let link = self.links.len();
        self.links.push(Link {
            desk,
            process: self.desks[desk].process,
            at_desk: true,
            line: None,
            up_at: 0,
            down_at: 0,
            swallows_up: false,
            swallows_down: false,
        });
        self.desks[desk].link = Some(link);
        let delay = self.within(60);
        if self.partitioned {
            let cause = OfflineCause::Unreachable;
            self.schedule(delay, Event::Broken { link, cause });
        } else {
            self.schedule(delay, Event::Opened { link });
        }
    }

    fn tell_house(&mut self, link: usize, input: ToHouse) {
        let now = sync::Moment(self.now);
        let Some(line) = &mut self.links[link].line else {
            return;
        };
        let admitted = match &input {
            ToHouse::Admitted(session) => Some(session.device),
            _ => None,
        };
        for effect in line.handle(input, now) {
            self.do_for_house(link, effect);
        }
        if admitted.is_some() {
            self.replace_others(link);
        }
    }

    /// A newer connection of a console ends the older ones.
    fn replace_others(&mut self, link: usize) {
        for other in 0..self.links.len() {
            let same = self.links[other].desk == self.links[link].desk;
            let greeted = self.links[other]
                .line
                .as_ref()
                .is_some_and(|l| l.session().is_some());
            if other != link && same && greeted {
                self.tell_house(other, ToHouse::End(RefusalCause::Replaced));
            }
        }
    }

    fn do_for_house(&mut self, link: usize, effect: HouseEffect) {
        match effect {
            HouseEffect::Send(frame) => {
                let delay = self.within(40);
                self.links[link].down_at = self.links[link].down_at.max(self.now + delay);
                self.schedule_at(self.links[link].down_at, Event::Arrives { link, frame });
            }
            HouseEffect::Close(_) => {
                self.links[link].line = None;
                let at = self.links[link].down_at.max(self.now);
                let cause = OfflineCause::Cut;
                self.schedule_at(at, Event::Broken { link, cause });
            }
            HouseEffect::Progress { .. } | HouseEffect::Warn(_) => {}
            job => {
                let soon = self.within(8);
                self.schedule(soon, Event::Serve { link, effect: job });
            }
        }
    }

    /// The server commits; the answer comes a little later and may find nobody.
    fn serve(&mut self, link: usize, effect: HouseEffect) {
        if !self.house.is_up || self.links[link].line.is_none() {
            return;
        }
        let before = self.house.head();
        let profile = self.desks[self.links[link].desk].profile;
        let input = self.house.serve(effect, profile, &mut self.dice);
        let soon = self.within(4);
        self.schedule(soon, Event::Served { link, input });
        let head = self.house.head();
        if head > before {
            for other in 0..self.links.len() {
                if self.links[other].line.is_some() {
                    let later = self.within(20);
                    let input = ToHouse::Notify { head };
                    self.schedule(later, Event::Served { link: other, input });
                }
            }
        }
    }

    fn is_online(&self, desk: &Desk) -> bool {
        desk.machine
            .as_ref()
            .is_some_and(|machine| machine.status().link == Standing::Online)
    }
}

enum Whose {
    Desk(usize),
    Line(usize),
}
