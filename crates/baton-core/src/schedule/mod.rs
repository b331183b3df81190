//! Schedules: at which times tasks are made, and what becomes of times that nobody saw to.
//!
//! All of it is arithmetic on a calendar; what time it is comes in from outside. The rules of all time zones are compiled
//! in, so every process of one release says the same times.

mod cron;
mod denied;
mod field;
mod missed;
mod said;
mod timing;
mod zone;

#[cfg(test)]
mod tests;

pub use cron::{Cron, CronError};
pub use denied::Denied;
pub use missed::{Missed, Overlap, Plan, UnknownPolicy, plan};
pub use timing::Timing;
pub use zone::{Zone, ZoneError};
