//! Faces `lua/pool/set.lua`. Repeatable: the pool is then as it was said; what gave up begins anew once more.

use baton_core::{PoolName, Principal, Shard, limits};

use super::super::{Refused, bounded};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What a pool is to be.
#[derive(Clone, Debug)]
pub struct SetPool<'a> {
    pub pool: &'a PoolName,
    /// How many workers; `None` leaves it as it is.
    pub desired: Option<u64>,
    /// True also lets begin anew what gave up.
    pub running: Option<bool>,
    pub by: Option<&'a Principal>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolSet {
    Done { created: bool },
    Refused(Refused),
}

impl Store {
    /// Its supervisors follow with their next heartbeat.
    pub async fn set_pool(&self, set: &SetPool<'_>) -> Result<PoolSet, Error> {
        bounded("workers of a pool", set.desired.unwrap_or_default() as usize, limits::POOL_WORKERS_MAX)?;
        let keys = self.keys(Shard::FIRST)?;
        let names = [keys.meta(), keys.events(), keys.pools(), keys.pool(set.pool)];
        let mut call = Call::new("pool/set", names);
        call.arg(self.now_argument()).arg(set.pool.as_str()).optional(set.desired);
        call.arg(set.running.map_or("", |running| if running { "1" } else { "0" }));
        call.arg(set.by.map_or("", Principal::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "set" => Ok(PoolSet::Done { created: reply.text()? == "1" }),
            "refused" => Ok(PoolSet::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
