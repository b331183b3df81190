//! Faces `lua/error/tasks.lua`. It only reads.

use baton_core::{Fingerprint, Shard, TaskId};

use super::super::page;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A task that failed in the way of its group, and when it last did. It may have done well since, or be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedTask {
    pub task: TaskId,
    pub at_ms: u64,
}

/// The latest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorTasks {
    /// How many of them are known in the shard.
    pub total: u64,
    pub tasks: Vec<FailedTask>,
}

impl Store {
    /// A page of the tasks of a shard that failed lately in the way of this group. A search for `error:<fingerprint>` begins
    /// here.
    pub async fn tasks_of_error(
        &self,
        shard: Shard,
        fingerprint: Fingerprint,
        first: u64,
        limit: u64,
    ) -> Result<ErrorTasks, Error> {
        page(first, limit)?;
        let mut call = Call::new("error/tasks", [self.keys(shard)?.meta()]);
        call.arg(fingerprint.to_string()).arg(first).arg(limit);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (total, mut tasks) = (reply.parse()?, Vec::new());
        while !reply.is_empty() {
            tasks.push(FailedTask { task: reply.parse()?, at_ms: reply.parse()? });
        }
        Ok(ErrorTasks { total, tasks })
    }
}
