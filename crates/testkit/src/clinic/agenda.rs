//! Laying a day's visits out so that nobody and no room is needed twice at a time.

use super::{CLOSES_MINUTE, OPENS_MINUTE};
use crate::dice::Dice;
use domain::row::AppointmentStatus;

/// Appointments begin on this grid.
const GRID: i32 = 15;
/// Bookable minutes of one professional, without the break at noon.
pub(super) const CAPACITY: i32 = CLOSES_MINUTE - OPENS_MINUTE - 75;

/// What becomes of a booking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Comes,
    StaysAway,
    CallsOff,
}

impl Fate {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        dice.weighted(&[
            (Self::Comes, 855),
            (Self::StaysAway, 80),
            (Self::CallsOff, 65),
        ])
    }

    /// The fate of today's visit of this number: as often as on other days, but evenly, so that the one day everybody looks
    /// at has some of each.
    pub(super) fn of_today(number: u32) -> Self {
        match number % 13 {
            4 => Self::StaysAway,
            9 => Self::CallsOff,
            _ => Self::Comes,
        }
    }
}

/// First minutes of one professional's visits, in order, given their lengths and fates; `None` where the day is full. A visit
/// that was called off may have been given to the next client.
pub(super) fn lay_out(visits: &[(i32, Fate)], dice: &mut Dice) -> Vec<Option<i32>> {
    let busy: i32 = visits.iter().map(|(minutes, _)| minutes).sum();
    let slack = (CAPACITY - busy).max(0);
    // Twice the mean gap at most, so that the day is filled to its end on average.
    let widest = 2 * slack / (visits.len() as i32 + 1) / GRID;
    let mut at = OPENS_MINUTE;
    let mut had_break = false;
    let mut starts = Vec::with_capacity(visits.len());
    for (minutes, fate) in visits {
        let mut start = at + GRID * dice.between(0, widest);
        if !had_break && start + minutes > 12 * 60 + 30 {
            start = start.max(12 * 60) + GRID * dice.between(2, 4);
            had_break = true;
        }
        if start + minutes > CLOSES_MINUTE {
            starts.push(None);
            continue;
        }
        starts.push(Some(start));
        let given_on = *fate == Fate::CallsOff && dice.chance(400);
        at = if given_on { start } else { start + minutes };
    }
    starts
}

/// Where a visit of today stands at minute `now`.
pub(super) fn status_today(
    start: i32,
    minutes: i32,
    now: i32,
    fate: Fate,
    dice: &mut Dice,
) -> AppointmentStatus {
    use AppointmentStatus as S;
    match fate {
        Fate::CallsOff => S::Cancelled,
        Fate::StaysAway if start + 20 <= now => S::NoShow,
        Fate::Comes if start + minutes <= now => S::Done,
        _ if start + 5 <= now => dice.weighted(&[(S::InProgress, 4), (S::Arrived, 1)]),
        Fate::Comes if start - 40 <= now => dice.weighted(&[(S::Arrived, 4), (S::Confirmed, 1)]),
        _ => dice.weighted(&[(S::Confirmed, 63), (S::Scheduled, 37)]),
    }
}

/// Where a visit stands that is `ahead` days away. One that will be called off is called off by now: its place may have been
/// given on.
pub(super) fn status_ahead(ahead: i32, fate: Fate, dice: &mut Dice) -> AppointmentStatus {
    use AppointmentStatus as S;
    if fate == Fate::CallsOff {
        return S::Cancelled;
    }
    let confirmed = match ahead {
        1 => 600,
        2..=3 => 350,
        4..=7 => 150,
        _ => 40,
    };
    dice.weighted(&[(S::Confirmed, confirmed), (S::Scheduled, 1000 - confirmed)])
}
