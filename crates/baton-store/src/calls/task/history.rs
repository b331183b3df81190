//! Faces `lua/task/history.lua`. It only reads.

use baton_core::TaskId;

use super::super::Refused;
use crate::error::Error;
use crate::history::{self, Entry};
use crate::record::Fields;
use crate::run::Call;
use crate::store::Store;

/// The answer to a look at a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryRead {
    /// Every move of the task's life in order; `truncated` moves of its middle are gone. A move is a version, so both together
    /// are the version of the task.
    Entries {
        entries: Vec<Entry>,
        truncated: u64,
    },
    Refused(Refused),
}

impl Store {
    /// The life of a task so far.
    pub async fn history(&self, task: TaskId) -> Result<HistoryRead, Error> {
        let keys = self.keys(task.shard())?;
        let call = Call::new("task/history", [keys.meta(), keys.task(task), keys.task_history(task)]);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "history" => {}
            "refused" => return Ok(HistoryRead::Refused(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let fields = Fields::new(format!("task {task}"), reply.fields()?);
        let mut lines = Vec::new();
        while !reply.is_empty() {
            lines.push(reply.text()?);
        }
        let (entries, truncated) = history::compose(task, fields, lines)?;
        Ok(HistoryRead::Entries { entries, truncated })
    }
}
