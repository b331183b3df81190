//! Faces `lua/queue/pause.lua`. Repeatable: a repeat finds the queue as it should be.

use baton_core::{Principal, QueueName, Shard};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// Stops claims from a queue, or lets them go on.
#[derive(Clone, Debug)]
pub struct SetPaused<'a> {
    pub queue: &'a QueueName,
    pub paused: bool,
    pub by: Option<&'a Principal>,
}

/// The answer: how the queue stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paused {
    Since(u64),
    Resumed,
    Refused(Refused),
}

impl Store {
    /// A queue spans all shards: the caller does this in each.
    pub async fn set_paused(&self, shard: Shard, set: &SetPaused<'_>) -> Result<Paused, Error> {
        let keys = self.keys(shard)?;
        let names = [keys.meta(), keys.events(), keys.queues(), keys.queue(set.queue)];
        let mut call = Call::new("queue/pause", names);
        call.arg(self.now_argument()).arg(set.queue.as_str()).arg(if set.paused { "1" } else { "" });
        call.arg(set.by.map_or("", Principal::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "paused" => Ok(Paused::Since(reply.parse()?)),
            "resumed" => Ok(Paused::Resumed),
            "refused" => Ok(Paused::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
