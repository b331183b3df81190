//! Faces `lua/schedule/remove.lua`. Repeatable: a repeat finds no schedule.

use baton_core::{Principal, ScheduleName};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleRemoved {
    Done,
    /// It has another version than the caller thinks.
    Stale {
        version: u64,
    },
    Refused(Refused),
}

impl Store {
    /// Forgets a schedule, if it has this version or whatever it has.
    pub async fn remove_schedule(
        &self,
        name: &ScheduleName,
        version: Option<u64>,
        by: Option<&Principal>,
    ) -> Result<ScheduleRemoved, Error> {
        let keys = self.keys(self.place_schedule(name))?;
        let names = [
            keys.meta(),
            keys.events(),
            keys.schedules(),
            keys.schedules_due(),
            keys.schedule(name),
            keys.schedules_owned(),
        ];
        let mut call = Call::new("schedule/remove", names);
        call.arg(name.as_str()).arg(by.map_or("", Principal::as_str)).optional(version);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "removed" => Ok(ScheduleRemoved::Done),
            "stale" => Ok(ScheduleRemoved::Stale { version: reply.parse()? }),
            "refused" => Ok(ScheduleRemoved::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
