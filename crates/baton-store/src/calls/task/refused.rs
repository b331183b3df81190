//! Faces `lua/task/refused.lua`. It only reads.

use baton_core::{Fence, TaskId};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// Something that was reported of a task and not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedWrite {
    /// When it came for the last time.
    pub at_ms: u64,
    pub worker: String,
    /// The one that it named.
    pub fence: Fence,
    /// `complete`, `fail`, `fail_for_good`, `time_out`, `release`, `progress` or `log`.
    pub verb: String,
    /// The word of the refusal.
    pub code: String,
}

impl Store {
    /// The latest writes that were refused, each with the last time it came, the latest first. A task that is not there has none.
    pub async fn refused_writes(&self, task: TaskId) -> Result<Vec<RefusedWrite>, Error> {
        let keys = self.keys(task.shard())?;
        let mut reply = self.run(&Call::new("task/refused", [keys.meta(), keys.task_refused(task)])).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut writes = Vec::new();
        while !reply.is_empty() {
            let (at_ms, worker, fence) = (reply.lossy()?, reply.lossy()?, reply.lossy()?);
            let (verb, code) = (reply.lossy()?, reply.lossy()?);
            // What another hand wrote there decides nothing, so it is no fault.
            if let (Ok(at_ms), Ok(fence)) = (at_ms.parse(), fence.parse()) {
                writes.push(RefusedWrite { at_ms, worker, fence: Fence(fence), verb, code });
            }
        }
        Ok(writes)
    }
}
