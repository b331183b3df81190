//! Schedules. Each lives, with the tasks that it makes, in the shard of its name, so one step sees to it.

mod fire;
mod list;
mod pause;
mod put;
mod remove;
mod trigger;

use baton_core::{ScheduleName, Shard};

use crate::store::Store;

pub use crate::record::owner::{Owner, Verdict};
pub use fire::{Fire, Fired};
pub use list::{AllDue, Due, OneSchedule, Schedule, Schedules, Template};
pub use pause::{PauseSchedule, SchedulePaused};
pub use put::{Begins, PutSchedule, SchedulePut};
pub use remove::ScheduleRemoved;
pub use trigger::{Trigger, Triggered};

impl Store {
    /// The shard of a schedule.
    pub fn place_schedule(&self, name: &ScheduleName) -> Shard {
        self.shards().of(name.as_str())
    }
}
