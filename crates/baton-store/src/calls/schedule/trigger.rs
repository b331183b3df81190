//! Faces `lua/schedule/trigger.lua`. Repeatable: a task that exists under its id is answered, not made again, and a call
//! with an idempotency key is remembered.

use baton_core::{OpId, Principal, ScheduleName, TaskId};

use super::super::{Refused, digest};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A task that somebody wants of a schedule now.
#[derive(Clone, Debug)]
pub struct Trigger<'a> {
    pub name: &'a ScheduleName,
    pub by: Option<&'a Principal>,
    pub op: Option<&'a OpId>,
}

/// The answer; `conflict` names the task that is not to be overlapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Triggered {
    Made { task: TaskId, replayed: bool },
    Refused(Refused),
}

impl Store {
    /// Makes one task of a schedule, due or not.
    pub async fn trigger_schedule(&self, trigger: &Trigger<'_>) -> Result<Triggered, Error> {
        let shard = self.place_schedule(trigger.name);
        let keys = self.keys(shard)?;
        let mut names = vec![keys.meta(), keys.events(), keys.queues(), keys.schedule(trigger.name)];
        names.extend(trigger.op.map(|op| keys.op(op)));
        let mut call = Call::new("schedule/trigger", names);
        call.arg(self.now_argument()).arg(trigger.name.as_str());
        call.arg(trigger.by.map_or("", Principal::as_str));
        call.arg(digest([b"trigger".as_slice(), trigger.name.as_str().as_bytes()]));
        call.arg(self.draw(shard).to_string());
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "triggered" => Ok(Triggered::Made { task: reply.parse()?, replayed: false }),
            "replayed" => Ok(Triggered::Made { task: reply.parse()?, replayed: true }),
            "refused" => Ok(Triggered::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
