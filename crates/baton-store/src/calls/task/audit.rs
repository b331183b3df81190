//! Faces `lua/task/audit.lua`. It only reads.

use baton_core::audit::Fields;
use baton_core::audit::place::Standing;
use baton_core::{Shard, TaskId, limits};

use super::super::bounded;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What an audit knows of a task, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audited {
    /// Its score in the index that named it, where it still stands there.
    pub named: Option<f64>,
    pub standing: Standing,
    pub parents: u64,
    pub children: u64,
    /// The task that has its key, and the status of that one.
    pub key_holder: String,
    pub key_status: String,
    /// Its record; empty where there is none.
    pub fields: Fields,
}

impl Store {
    /// These tasks, in order, as they stand now. `index`: one that named them. `whole`: with where they stand, their edges and
    /// their key.
    pub async fn audit_tasks(
        &self,
        shard: Shard,
        index: &str,
        whole: bool,
        tasks: &[TaskId],
    ) -> Result<Vec<Audited>, Error> {
        bounded("tasks of one call", tasks.len(), limits::PAGE_MAX)?;
        let mut call = Call::new("task/audit", [self.keys(shard)?.meta()]);
        call.arg(index).arg(if whole { "1" } else { "" }).arg(tasks.len());
        for task in tasks {
            call.arg(task.to_string());
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "audited" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut each = Vec::with_capacity(tasks.len());
        for _ in tasks {
            each.push(Audited {
                named: reply.optional()?,
                standing: Standing { score: reply.optional()?, waits: reply.flag()? },
                parents: reply.parse()?,
                children: reply.parse()?,
                key_holder: reply.text()?,
                key_status: reply.text()?,
                fields: reply.record()?,
            });
        }
        Ok(each)
    }
}
