//! Faces `lua/schedule/fire.lua`. Repeatable: a repeat finds that the time was seen to.

use baton_core::schedule::Plan;
use baton_core::{ScheduleName, Shard, limits};

use super::super::{Refused, bounded};
use super::{Due, Verdict};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

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
        let made = if matches!(verdict, Verdict::Denied(_)) { 0 } else { plan.due.len() };
        let skipped = plan.skipped + (plan.due.len() - made) as u64;
        let shard = self.place_schedule(&due.name);
        let mut call = self.fire_call(&due.name)?;
        call.arg(due.version).arg(due.due_ms);
        call.optional(plan.next_ms).arg(skipped).arg(plan.due.last().copied().unwrap_or(due.due_ms));
        call.arg(verdict.word()).arg(made);
        for _ in 0..made {
            call.arg(self.draw(shard).to_string());
        }
        self.fired(&call, shard).await
    }

    /// Puts a schedule where its record says that it waits, and takes its name out where that says nothing.
    pub(crate) async fn place_schedule_again(&self, name: &ScheduleName) -> Result<(), Error> {
        let mut call = self.fire_call(name)?;
        call.arg("").arg("").arg("").arg(0).arg("").arg("").arg(0);
        self.fired(&call, self.place_schedule(name)).await.map(|_| ())
    }

    fn fire_call(&self, name: &ScheduleName) -> Result<Call, Error> {
        let keys = self.keys(self.place_schedule(name))?;
        let names = [
            keys.meta(),
            keys.events(),
            keys.queues(),
            keys.schedules_due(),
            keys.schedule(name),
            keys.schedules_owned(),
        ];
        let mut call = Call::new("schedule/fire", names);
        call.arg(self.now_argument()).arg(name.as_str());
        Ok(call)
    }

    async fn fired(&self, call: &Call, shard: Shard) -> Result<Fired, Error> {
        let mut reply = self.run_once(call).await?;
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
