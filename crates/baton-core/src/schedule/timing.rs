//! When a schedule is due.
//!
//! Where the clocks of a zone change, a cron expression that names its hours means times on the wall: what falls into the
//! hour that is skipped comes once, at the moment at which the clocks go on; what falls into the hour that comes twice
//! comes the first time only. One whose hour is `*` or a step of it means the passing of time: it knows no skipped hour, and
//! both passes of the other one. An interval does not look at clocks at all.

use jiff::civil::{Date, DateTime};
use jiff::{Span, Timestamp};

use super::{Cron, Zone};
use crate::limits;

/// The times of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timing {
    Cron {
        cron: Cron,
        zone: Zone,
    },
    /// Every so many ms, counted from a moment.
    Every {
        every_ms: u64,
        aligned_ms: u64,
    },
}

impl Timing {
    /// The first time after this one; `None` where none comes in the next ten years.
    pub fn next_after(&self, after_ms: u64) -> Option<u64> {
        match self {
            Timing::Every { every_ms, aligned_ms } => {
                let every_ms = (*every_ms).max(1);
                let passed = after_ms.checked_sub(*aligned_ms).map_or(0, |ms| ms / every_ms + 1);
                aligned_ms.checked_add(every_ms.checked_mul(passed.max(1))?)
            }
            Timing::Cron { cron, zone } => {
                let after = Timestamp::from_millisecond(i64::try_from(after_ms).ok()?).ok()?;
                let until = zone.offset(after).to_datetime(after).date();
                let until =
                    until.checked_add(Span::new().years(limits::CRON_YEARS_MAX as i64)).unwrap_or(Date::MAX);
                let next = if cron.names_hours() {
                    next_on_the_wall(cron, zone, after, until)
                } else {
                    next_in_time(cron, zone, after, until)
                };
                u64::try_from(next?.as_millisecond()).ok()
            }
        }
    }

    /// The next times after this one, at most so many.
    pub fn following(&self, after_ms: u64, most: usize) -> Vec<u64> {
        let step = |at: &u64| self.next_after(*at);
        std::iter::successors(self.next_after(after_ms), step).take(most).collect()
    }
}

fn wall(zone: &Zone, at: Timestamp) -> DateTime {
    let wall = zone.offset(at).to_datetime(at);
    wall.date().at(wall.hour(), wall.minute(), wall.second(), 0)
}

/// Later times on the wall are never earlier moments, so the first one that is past `after` is the next.
fn next_on_the_wall(cron: &Cron, zone: &Zone, after: Timestamp, until: Date) -> Option<Timestamp> {
    let mut time = wall(zone, after);
    loop {
        time = cron.following(time, until)?;
        let moment = zone.moment(time)?;
        if moment > after {
            return Some(moment);
        }
    }
}

/// From one change of the clocks to the next there is one offset.
fn next_in_time(cron: &Cron, zone: &Zone, after: Timestamp, until: Date) -> Option<Timestamp> {
    let (mut from, mut time) = (after, wall(zone, after));
    loop {
        let moment = zone.offset(from).to_timestamp(cron.following(time, until)?).ok()?;
        match zone.next_change(from) {
            Some(change) if change <= moment => {
                from = change;
                time = wall(zone, change).checked_sub(jiff::SignedDuration::from_secs(1)).ok()?;
            }
            _ => return Some(moment),
        }
    }
}
