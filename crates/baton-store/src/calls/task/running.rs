//! Faces `lua/task/running.lua`. It only reads.

use baton_core::{QueueName, Shard, limits};

use super::super::between;
use super::list::read_listed;
use crate::error::Error;
use crate::record::Task;
use crate::run::Call;
use crate::store::Store;

/// Where a page of running tasks ended: the worker by registration, and the task among what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AfterRunning {
    pub worker_rank: u64,
    pub task_rank: u64,
    /// How many running tasks to pass over from there, which costs one look per holder. What the holders of one call do
    /// not use up stands in the answer's `next`, before a page that is empty. Not together with a queue.
    pub skip: u64,
}

/// The running tasks of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRunning {
    pub tasks: Vec<Task>,
    pub next: Option<AfterRunning>,
}

impl Store {
    /// A page of the running tasks of a shard, holder by holder. What comes and goes meanwhile shifts the ranks, so that one
    /// may be missed or named twice.
    pub async fn list_running(
        &self,
        shard: Shard,
        queue: Option<&QueueName>,
        after: AfterRunning,
        limit: u64,
    ) -> Result<ListedRunning, Error> {
        between("a page", limit, 1, limits::PAGE_MAX)?;
        if after.worker_rank.max(after.task_rank).max(after.skip) > u64::from(u32::MAX) {
            return Err(Error::invalid("a cursor", "it was not given out by a list"));
        }
        if queue.is_some() && after.skip > 0 {
            return Err(Error::invalid(
                "a page",
                "running tasks of one queue have no rank: go on from `next`",
            ));
        }
        let keys = self.keys(shard)?;
        let mut call = Call::new("task/running", [keys.meta(), keys.workers()]);
        call.arg(after.worker_rank).arg(after.task_rank).arg(after.skip).arg(limit);
        call.arg(queue.map_or("", QueueName::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let more = reply.flag()?;
        let next =
            AfterRunning { worker_rank: reply.parse()?, task_rank: reply.parse()?, skip: reply.parse()? };
        Ok(ListedRunning { tasks: read_listed(&mut reply)?, next: more.then_some(next) })
    }
}
