//! Faces `lua/worker/deregister.lua`. Repeatable: the second time the boot is past, which says that it has left.

use baton_core::{Boot, Shard, WorkerId};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer to one who leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deregistered {
    Left,
    /// `superseded` also says so of a boot that has left before.
    Refused(Refused),
}

impl Store {
    /// Takes leave of a worker that holds nothing any more.
    pub async fn deregister(
        &self,
        shard: Shard,
        worker: &WorkerId,
        boot: &Boot,
    ) -> Result<Deregistered, Error> {
        let keys = self.keys(shard)?;
        let held = keys.held(worker, Some(boot));
        let names = [keys.meta(), keys.events(), keys.leases(), keys.worker(worker), held];
        let mut call = Call::new("worker/deregister", names);
        call.arg(self.now_argument()).arg(worker.as_str()).arg(boot.as_str());
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "deregistered" => Ok(Deregistered::Left),
            "refused" => Ok(Deregistered::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
