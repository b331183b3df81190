//! Faces `lua/task/read.lua`. It only reads.

use baton_core::{Shard, TaskId, limits};

use super::super::bounded;
use crate::error::Error;
use crate::record::{Fields, Task};
use crate::run::Call;
use crate::store::Store;

impl Store {
    /// These tasks, in order; `None` where there is none. With `values`, long payloads and results are read too.
    pub async fn read_tasks(
        &self,
        shard: Shard,
        tasks: &[TaskId],
        values: bool,
    ) -> Result<Vec<Option<Task>>, Error> {
        let max = if values { limits::READ_VALUES_MAX } else { limits::PAGE_MAX };
        bounded("tasks of one call", tasks.len(), max)?;
        let mut call = Call::new("task/read", [self.keys(shard)?.meta()]);
        call.arg(if values { "1" } else { "" }).arg(tasks.len());
        for task in tasks {
            call.arg(task.to_string());
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "read" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut each = Vec::with_capacity(tasks.len());
        for id in tasks {
            let pairs = reply.fields()?;
            let task =
                (!pairs.is_empty()).then(|| Task::read(*id, &mut Fields::new(format!("task {id}"), pairs)));
            each.push(task.transpose()?.map(|task| whole(task, values)));
        }
        Ok(each)
    }
}

/// Where values were asked for, no payload is an empty one.
fn whole(mut task: Task, values: bool) -> Task {
    if values {
        task.payload.get_or_insert_default();
    }
    task
}
