//! Arithmetic of the agenda that both the actions and the screens use.

use crate::rejection::FreeSlot;
use crate::row::Appointment;
use crate::time::Day;

/// Free places are offered on this grid, in minutes.
pub const SLOT_GRID_MINUTES: i32 = 15;

/// Opening hours in minutes from midnight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hours {
    /// First bookable minute.
    pub opens: i32,
    /// Minute at which the last appointment must have ended.
    pub closes: i32,
}

/// Up to `most` places of `duration` minutes that none of `busy` (one day's appointments) overlaps, nearest to `wanted`
/// first, on the 15-minute grid.
pub fn free_slots(
    busy: &[&Appointment],
    hours: Hours,
    day: Day,
    wanted: i32,
    duration: i32,
    most: usize,
) -> Vec<FreeSlot> {
    let first = hours.opens.div_euclid(SLOT_GRID_MINUTES) * SLOT_GRID_MINUTES;
    let mut starts: Vec<i32> = (first..hours.closes)
        .step_by(usize::try_from(SLOT_GRID_MINUTES).unwrap_or(15))
        .filter(|start| *start >= hours.opens && start + duration <= hours.closes)
        .filter(|start| !busy.iter().any(|at| at.overlaps(*start, start + duration)))
        .collect();
    starts.sort_by_key(|start| ((start - wanted).abs(), *start));
    starts
        .into_iter()
        .take(most)
        .map(|start_minute| FreeSlot { day, start_minute })
        .collect()
}
