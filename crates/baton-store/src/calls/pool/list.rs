//! Faces `lua/pool/list.lua`. It only reads.

use std::collections::BTreeMap;

use baton_core::{PoolName, Principal, Shard, SupervisorId};

use super::super::page;
use crate::error::Error;
use crate::record::Fields;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// A pool, as its record has it, and who attends to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    pub name: PoolName,
    pub desired: u64,
    pub running: bool,
    pub generation: u64,
    /// Nobody has set it by hand.
    pub configured: bool,
    pub created_ms: u64,
    pub changed_ms: Option<u64>,
    pub changed_by: Option<Principal>,
    /// Also those that were not heard of lately.
    pub supervisors: Vec<Supervisor>,
}

/// What a supervisor last reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervisor {
    pub id: SupervisorId,
    /// Until when it counts, by Redis's clock.
    pub deadline_ms: u64,
    pub joined_ms: u64,
    pub report: BTreeMap<String, String>,
}

/// A page of pools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pools {
    /// Redis's clock.
    pub now_ms: u64,
    pub total: u64,
    pub pools: Vec<Pool>,
}

/// What is known of one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnePool {
    /// Redis's clock.
    pub now_ms: u64,
    pub pool: Option<Pool>,
}

impl Store {
    /// A page of the pools, from the `first` in the order in which they came.
    pub async fn pools(&self, first: u64, limit: u64) -> Result<Pools, Error> {
        page(first, limit)?;
        self.read_pools(first, limit, None).await
    }

    pub async fn pool(&self, pool: &PoolName) -> Result<OnePool, Error> {
        let found = self.read_pools(0, 1, Some(pool)).await?;
        Ok(OnePool { now_ms: found.now_ms, pool: found.pools.into_iter().next() })
    }

    async fn read_pools(&self, first: u64, limit: u64, only: Option<&PoolName>) -> Result<Pools, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("pool/list", [keys.meta(), keys.pools()]);
        call.arg(self.now_argument()).arg(first).arg(limit).arg(only.map_or("", PoolName::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (now_ms, total) = (reply.parse()?, reply.parse()?);
        let mut pools = Vec::new();
        while !reply.is_empty() {
            pools.push(read_pool(&mut reply)?);
        }
        Ok(Pools { now_ms, total, pools })
    }
}

fn read_pool(reply: &mut Reply) -> Result<Pool, Error> {
    let name: PoolName = reply.parse()?;
    let mut fields = Fields::new(format!("pool {name}"), reply.fields()?);
    let supervisors: usize = reply.parse()?;
    Ok(Pool {
        supervisors: (0..supervisors).map(|_| read_supervisor(reply)).collect::<Result<_, _>>()?,
        desired: fields.required("desired")?,
        running: fields.optional::<String>("running")?.is_some(),
        generation: fields.required("generation")?,
        configured: fields.optional::<String>("configured")?.is_some(),
        created_ms: fields.required("created_ms")?,
        changed_ms: fields.optional("changed_ms")?,
        changed_by: fields.optional("changed_by")?,
        name,
    })
}

fn read_supervisor(reply: &mut Reply) -> Result<Supervisor, Error> {
    let (id, deadline_ms): (SupervisorId, u64) = (reply.parse()?, reply.parse()?);
    let mut fields = Fields::new(format!("supervisor {id}"), reply.fields()?);
    fields.bytes("pool");
    fields.bytes("seen_ms");
    let joined_ms = fields.optional("joined_ms")?.unwrap_or_default();
    Ok(Supervisor { id, deadline_ms, joined_ms, report: fields.rest() })
}
