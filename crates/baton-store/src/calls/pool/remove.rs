//! Faces `lua/pool/remove.lua`. Repeatable: a repeat finds no pool.

use baton_core::{PoolName, Principal, Shard};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer; `conflict` tells how many supervisors attend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    Done,
    Refused(Refused),
}

impl Store {
    /// Forgets a pool to which nobody attends.
    pub async fn remove_pool(&self, pool: &PoolName, by: Option<&Principal>) -> Result<Removed, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let names = [keys.meta(), keys.events(), keys.pools(), keys.pool(pool), keys.pool_supervisors(pool)];
        let mut call = Call::new("pool/remove", names);
        call.arg(self.now_argument()).arg(pool.as_str()).arg(by.map_or("", Principal::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "removed" => Ok(Removed::Done),
            "refused" => Ok(Removed::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
