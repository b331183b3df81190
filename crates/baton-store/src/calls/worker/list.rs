//! Faces `lua/worker/list.lua`. It only reads.

use std::collections::BTreeMap;

use baton_core::{Boot, LeaseLength, Shard, WorkerId};

use super::super::page;
use super::direct::Directive;
use crate::error::Error;
use crate::record::Fields;
use crate::run::Call;
use crate::store::Store;

/// A worker, as its record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    pub id: WorkerId,
    /// The boot that is current; `None` once it has left.
    pub boot: Option<Boot>,
    pub lease: LeaseLength,
    /// Until when its lease runs, by Redis's clock; `None` once that is over.
    pub lease_until_ms: Option<u64>,
    pub registered_ms: u64,
    pub holds: u64,
    pub directive: Option<Directive>,
    /// What it said of itself.
    pub about: BTreeMap<String, String>,
}

/// A page of workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workers {
    /// Redis's clock.
    pub now_ms: u64,
    pub total: u64,
    pub workers: Vec<Worker>,
}

/// What is known of one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneWorker {
    /// Redis's clock.
    pub now_ms: u64,
    pub worker: Option<Worker>,
}

impl Store {
    /// A page of the workers of a shard, from the `first` in order of registration.
    pub async fn workers(&self, shard: Shard, first: u64, limit: u64) -> Result<Workers, Error> {
        page(first, limit)?;
        self.read_workers(shard, first, limit, None).await
    }

    /// One worker, as this shard knows it.
    pub async fn worker(&self, shard: Shard, worker: &WorkerId) -> Result<OneWorker, Error> {
        let found = self.read_workers(shard, 0, 1, Some(worker)).await?;
        Ok(OneWorker { now_ms: found.now_ms, worker: found.workers.into_iter().next() })
    }

    async fn read_workers(
        &self,
        shard: Shard,
        first: u64,
        limit: u64,
        only: Option<&WorkerId>,
    ) -> Result<Workers, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new("worker/list", [keys.meta(), keys.leases(), keys.workers()]);
        call.arg(self.now_argument()).arg(first).arg(limit).arg(only.map_or("", WorkerId::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (now_ms, total) = (reply.parse()?, reply.parse()?);
        let mut workers = Vec::new();
        while !reply.is_empty() {
            let (id, deadline, holds): (WorkerId, Option<u64>, u64) =
                (reply.parse()?, reply.optional()?, reply.parse()?);
            let fields = Fields::new(format!("worker {id}"), reply.fields()?);
            workers.push(read_worker(id, deadline, holds, fields)?);
        }
        Ok(Workers { now_ms, total, workers })
    }
}

fn read_worker(id: WorkerId, deadline: Option<u64>, holds: u64, mut fields: Fields) -> Result<Worker, Error> {
    let lease_ms = fields.required("lease_ms")?;
    fields.bytes("past");
    fields.bytes("seen_ms");
    Ok(Worker {
        boot: fields.optional("boot")?,
        lease: LeaseLength::from_ms(lease_ms)
            .map_err(|error| Error::fault(format!("worker {id}"), error.to_string()))?,
        lease_until_ms: deadline.filter(|deadline| *deadline > 0),
        registered_ms: fields.required("registered_ms")?,
        holds,
        directive: fields.optional("directive")?,
        about: fields.rest(),
        id,
    })
}
