//! Faces `lua/task/values.lua`. It only reads.

use baton_core::{Shard, TaskId, limits};

use super::super::bounded;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What a search looks into beside a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskValues {
    /// `None` where it is longer than a search looks at.
    pub payload: Option<Vec<u8>>,
    pub error: Vec<u8>,
    pub reason: Vec<u8>,
}

impl Store {
    /// The values of these tasks, in order; empty ones of a task that is gone.
    pub async fn task_values(&self, shard: Shard, tasks: &[TaskId]) -> Result<Vec<TaskValues>, Error> {
        bounded("tasks of one call", tasks.len(), limits::QUERY_VALUES_TASKS_MAX)?;
        let mut call = Call::new("task/values", [self.keys(shard)?.meta()]);
        call.arg(tasks.len());
        for task in tasks {
            call.arg(task.to_string());
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "values" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let read = |_: &TaskId| {
            let payload = Some(reply.bytes()?);
            Ok(TaskValues {
                payload: payload.filter(|payload| payload.len() as u64 <= limits::QUERY_PAYLOAD_BYTES),
                error: reply.bytes()?,
                reason: reply.bytes()?,
            })
        };
        tasks.iter().map(read).collect()
    }
}
