//! Faces `lua/schedule/pause.lua`. Repeatable: a schedule that rests already is left as it is, and so is one that goes on.

use baton_core::{Principal, ScheduleName};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// Whether a schedule is to rest.
#[derive(Clone, Debug)]
pub struct PauseSchedule<'a> {
    pub name: &'a ScheduleName,
    /// That it has now.
    pub version: u64,
    pub pause: bool,
    /// When it is due next, if it goes on.
    pub next_ms: Option<u64>,
    pub by: Option<&'a Principal>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchedulePaused {
    Done { version: u64 },
    Stale { version: u64 },
    Refused(Refused),
}

impl Store {
    /// Lets a schedule rest, or go on.
    pub async fn pause_schedule(&self, pause: &PauseSchedule<'_>) -> Result<SchedulePaused, Error> {
        let keys = self.keys(self.place_schedule(pause.name))?;
        let names = [
            keys.meta(),
            keys.events(),
            keys.schedules_due(),
            keys.schedule(pause.name),
            keys.schedules_owned(),
        ];
        let mut call = Call::new("schedule/pause", names);
        call.arg(self.now_argument()).arg(pause.name.as_str()).arg(pause.by.map_or("", Principal::as_str));
        call.arg(pause.version).arg(if pause.pause { "1" } else { "" }).optional(pause.next_ms);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "done" => Ok(SchedulePaused::Done { version: reply.parse()? }),
            "stale" => Ok(SchedulePaused::Stale { version: reply.parse()? }),
            "refused" => Ok(SchedulePaused::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
