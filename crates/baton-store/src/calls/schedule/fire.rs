//! Faces `lua/schedule/fire.lua`. Repeatable: a repeat finds that the time was seen to.

use baton_core::schedule::Plan;

use super::super::{Refused, bounded};
use super::{Due, Verdict};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;
use baton_core::limits;

/// A schedule that is due, and what is to be done about it.
#[derive(Clone, Debug)]
pub struct Fire<'a> {
    pub due: &'a Due,
    pub plan: &'a Plan,
    /// Where its owner may not have tasks made, there are none, and the plan's times are skipped.
    pub verdict: Verdict,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fired {
    Done {
        made: u64,
        skipped: u64,
    },
    /// It was changed, or somebody else has seen to this time.
    Stale,
    /// Somebody owns it, and the caller cannot tell what he may.
    Unjudged,
    Refused(Refused),
}

impl Store {
    /// Makes the tasks of a schedule that is due, if its owner may. Sent once: whoever ticks next finds what is still to be done.
    pub async fn fire_schedule(&self, fire: &Fire<'_>) -> Result<Fired, Error> {
        let Fire { due, plan, verdict } = fire;
        bounded("tasks of one call", plan.due.len(), limits::SUBMIT_TASKS_MAX)?;
        let shard = self.place_schedule(&due.name);
        let keys = self.keys(shard)?;
        let names = [
            keys.meta(),
            keys.events(),
            keys.queues(),
            keys.schedules_due(),
            keys.schedule(&due.name),
            keys.schedules_owned(),
        ];
        let made = if matches!(verdict, Verdict::Denied(_)) { 0 } else { plan.due.len() };
        let skipped = plan.skipped + (plan.due.len() - made) as u64;
        let mut call = Call::new("schedule/fire", names);
        call.arg(self.now_argument()).arg(due.name.as_str()).arg(due.version).arg(due.due_ms);
        call.optional(plan.next_ms).arg(skipped).arg(plan.due.last().copied().unwrap_or(due.due_ms));
        call.arg(verdict.word()).arg(made);
        for _ in 0..made {
            call.arg(self.draw(shard).to_string());
        }
        let mut reply = self.run_once(&call).await?;
        match reply.text()?.as_str() {
            "fired" => {
                let (made, skipped) = (reply.parse()?, reply.parse()?);
                self.note_due(shard, reply.optional()?);
                Ok(Fired::Done { made, skipped })
            }
            "stale" => Ok(Fired::Stale),
            "unjudged" => Ok(Fired::Unjudged),
            "refused" => Ok(Fired::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
