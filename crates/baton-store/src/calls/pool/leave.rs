//! Faces `lua/pool/leave.lua`. Repeatable: who has left cannot leave again.

use baton_core::{PoolName, Shard, SupervisorId};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer to a supervisor that attends no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    Done { attended: bool },
    Refused(Refused),
}

impl Store {
    /// What the supervisor did is shared out among the others from now on.
    pub async fn leave_pool(&self, pool: &PoolName, supervisor: &SupervisorId) -> Result<Left, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let names = [keys.meta(), keys.events(), keys.pool_supervisors(pool), keys.supervisor(supervisor)];
        let mut call = Call::new("pool/leave", names);
        call.arg(pool.as_str()).arg(supervisor.as_str());
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "left" => Ok(Left::Done { attended: reply.text()? == "1" }),
            "refused" => Ok(Left::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
