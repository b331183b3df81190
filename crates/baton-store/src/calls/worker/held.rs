//! Faces `lua/worker/held.lua`. It only reads.

use baton_core::{Shard, TaskId, WorkerId};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

impl Store {
    /// The tasks of a shard that a worker holds, those that must end first in front; none of a worker that is not known.
    pub async fn held(&self, shard: Shard, worker: &WorkerId) -> Result<Vec<TaskId>, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new("worker/held", [keys.meta(), keys.worker(worker)]);
        call.arg(worker.as_str());
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "holding" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let size: usize = reply.parse()?;
        (0..size).map(|_| reply.parse()).collect()
    }
}
