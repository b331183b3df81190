//! Faces `lua/queue/counts.lua`. It only reads.

use baton_core::{QueueName, Shard, Status};

use super::super::page;
use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// One queue of a shard in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueCounts {
    pub name: QueueName,
    pub paused_ms: Option<u64>,
    /// A number of ms, or `forever`; `None` is the default.
    pub retention: Option<String>,
    /// In the order of `Status::ALL`.
    pub tasks: Vec<(Status, u64)>,
    pub oldest_pending_age_ms: Option<u64>,
}

/// A page of queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// How many queues the shard has, on this page or not.
    pub queues_total: u64,
    pub queues: Vec<QueueCounts>,
}

impl QueueCounts {
    /// How many tasks of this status the queue has.
    pub fn of(&self, status: Status) -> u64 {
        self.tasks.iter().find(|(of, _)| *of == status).map_or(0, |(_, count)| *count)
    }
}

impl Store {
    /// A page of the queues of a shard, from the `first` in order of appearance.
    pub async fn counts(&self, shard: Shard, first: u64, limit: u64) -> Result<Counts, Error> {
        page(first, limit)?;
        self.read_counts(shard, first, limit, None).await
    }

    /// One queue of a shard; `None` if nothing was ever submitted to it there, and it was never paused.
    pub async fn queue(&self, shard: Shard, queue: &QueueName) -> Result<Option<QueueCounts>, Error> {
        let found = self.read_counts(shard, 0, 1, Some(queue)).await?;
        Ok(found.queues.into_iter().next())
    }

    async fn read_counts(
        &self,
        shard: Shard,
        first: u64,
        limit: u64,
        only: Option<&QueueName>,
    ) -> Result<Counts, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new("queue/counts", [keys.meta(), keys.queues()]);
        call.arg(self.now_argument()).arg(first).arg(limit).arg(only.map_or("", QueueName::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "counted" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let queues_total = reply.parse()?;
        let mut queues = Vec::new();
        while !reply.is_empty() {
            queues.push(read_queue(&mut reply)?);
        }
        Ok(Counts { queues_total, queues })
    }
}

fn read_queue(reply: &mut Reply) -> Result<QueueCounts, Error> {
    let (name, paused_ms, retention) = (reply.parse()?, reply.optional()?, reply.optional()?);
    let tasks = Status::ALL.iter().map(|status| Ok((*status, reply.parse()?)));
    Ok(QueueCounts {
        name,
        paused_ms,
        retention,
        tasks: tasks.collect::<Result<Vec<_>, Error>>()?,
        oldest_pending_age_ms: reply.optional()?,
    })
}
