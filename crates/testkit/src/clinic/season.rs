//! How many people come on which day.

use super::Plan;
use domain::time::Day;
use jiff::civil::Weekday;

/// Years of history before today.
const YEARS: i32 = 3;
/// How far the agenda is booked, in days.
const AHEAD: i32 = 42;
/// Visits that a client makes on average, in all.
pub(super) const VISITS_PER_CLIENT: u32 = 5;

/// One day and its number of appointments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Load {
    pub(super) day: Day,
    pub(super) visits: u32,
}

/// How busy a day is against an ordinary one, in thousandths; nothing on Sundays and holidays.
fn busy(day: Day) -> u32 {
    let date = day.date();
    let holiday = matches!(
        (date.month(), date.day()),
        (1, 1) | (4, 21) | (5, 1) | (9, 7) | (10, 12) | (11, 2 | 15 | 20) | (12, 25)
    );
    if holiday {
        return 0;
    }
    let weekday = match date.weekday() {
        Weekday::Monday => 80,
        Weekday::Tuesday => 98,
        Weekday::Wednesday => 104,
        Weekday::Thursday => 110,
        Weekday::Friday => 122,
        Weekday::Saturday => 86,
        Weekday::Sunday => 0,
    };
    // Everybody wants to be ready for summer, and comes during the holidays; winter is for peels and lasers.
    let season = match date.month() {
        12 => 13,
        1 | 11 => 12,
        10 => 12,
        2 | 3 | 9 => 10,
        4 | 5 | 7 | 8 => 9,
        _ => 8,
    };
    weekday * season
}

/// The clinic grows: the last day is twice as busy as the first.
fn growth(day: Day, first: Day, last: Day) -> u64 {
    let (at, whole) = (
        i64::from(day.0 - first.0),
        i64::from((last.0 - first.0).max(1)),
    );
    (1000 + 1000 * at / whole).unsigned_abs()
}

/// First day of the history.
pub(super) fn first_day(today: Day) -> Day {
    today.plus(-365 * YEARS)
}

/// Last day that anybody has booked.
pub(super) fn last_day(today: Day) -> Day {
    today.plus(AHEAD)
}

/// Every open day in order: the history, today, the weeks ahead. Together about [`VISITS_PER_CLIENT`] visits per client.
pub(super) fn loads(plan: &Plan) -> Vec<Load> {
    let today = plan.today();
    let (first, last) = (first_day(today), last_day(today));
    let weigh = |day: Day| {
        let ahead = day.0 - today.0;
        // Fewer are booked the farther ahead.
        let booked = if ahead > 0 {
            u64::from((100 - 15 * (ahead as u32).div_ceil(7)).max(5))
        } else {
            100
        };
        u64::from(busy(day)) * growth(day, first, last) * booked
    };
    let days: Vec<(Day, u64)> = (first.0..=last.0)
        .map(Day)
        .filter(|day| *day != today)
        .map(|day| (day, weigh(day)))
        .collect();
    let whole: u64 = days.iter().map(|(_, weight)| weight).sum();
    let now = today_visits(plan, &days, whole);
    let others = u64::from((plan.clients * VISITS_PER_CLIENT).saturating_sub(now));
    let mut loads = Vec::with_capacity(days.len() + 1);
    let mut carry = 0;
    for (day, weight) in days {
        if day.0 == today.0 + 1 {
            loads.push(Load {
                day: today,
                visits: now,
            });
        }
        // What a day cannot give whole goes on to the next, so that the sum comes out.
        let share = others * weight + carry;
        carry = share % whole.max(1);
        let visits = u32::try_from(share / whole.max(1)).unwrap_or(u32::MAX);
        if visits > 0 {
            loads.push(Load { day, visits });
        }
    }
    loads
}

/// Today has something to do whatever the day of the week, because it is the day that is shown: 25 to 40 appointments, more
/// only where the clinic is so large that every day has more.
fn today_visits(plan: &Plan, days: &[(Day, u64)], whole: u64) -> u32 {
    let all = u64::from(plan.clients) * u64::from(VISITS_PER_CLIENT);
    let today = plan.today();
    let recent = days
        .iter()
        .filter(|(day, weight)| *weight > 0 && (1..=28).contains(&(today.0 - day.0)));
    let (sum, count) = recent.fold((0, 0), |(sum, count), (_, weight)| {
        (sum + weight, count + 1)
    });
    let usual =
        u32::try_from(all * sum / whole.max(1) / std::cmp::max(1, count)).unwrap_or(u32::MAX);
    usual.max(34).min(plan.clients.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::ClinicZone;

    fn plan() -> Plan {
        let now = ClinicZone::sao_paulo().at(Day(20_782), 14 * 60);
        Plan {
            clients: 2000,
            seed: 1,
            now,
            zone: ClinicZone::sao_paulo(),
        }
    }

    #[test]
    fn the_sum_is_what_was_planned_and_no_sunday_is_worked() {
        let plan = plan();
        let loads = loads(&plan);
        let sum: u32 = loads.iter().map(|load| load.visits).sum();
        assert!((9_900..=10_000).contains(&sum), "{sum}");
        assert!(loads.is_sorted_by_key(|load| load.day));
        let today = plan.today();
        assert!(
            loads
                .iter()
                .all(|load| load.day == today || load.day.date().weekday() != Weekday::Sunday)
        );
        let now = loads.iter().find(|load| load.day == today).unwrap();
        assert!((25..=40).contains(&now.visits), "{now:?}");
    }

    #[test]
    fn summer_is_busier_than_winter_and_the_weeks_ahead_are_thinner() {
        let plan = plan();
        let loads = loads(&plan);
        let mean = |wanted: &dyn Fn(Day) -> bool| {
            let visits: Vec<u32> = loads
                .iter()
                .filter(|load| wanted(load.day))
                .map(|load| load.visits)
                .collect();
            f64::from(visits.iter().sum::<u32>()) / visits.len() as f64
        };
        let past = |day: Day| day < plan.today();
        let summer = mean(&|day| past(day) && matches!(day.date().month(), 11 | 12 | 1));
        let winter = mean(&|day| past(day) && day.date().month() == 6);
        assert!(summer > 1.3 * winter, "{summer} {winter}");
        let week = |number: i32| {
            let from = plan.today().0 + 7 * number;
            mean(&|day| (from + 1..=from + 7).contains(&day.0))
        };
        assert!(
            week(0) > week(2) && week(2) > week(4),
            "{} {} {}",
            week(0),
            week(2),
            week(4)
        );
    }
}
