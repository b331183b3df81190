//! Faces `lua/flow/kinds.lua`. It only reads.

use std::collections::BTreeMap;

use baton_core::{FlowId, Kind, QueueName, Status, limits};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// Names may be a hundred bytes and more each: what is kept of one flow is some MB at most.
const SORTS_MAX: usize = 1_000;
const WAYS_MAX: usize = 5_000;

/// Tasks of one kind in one queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sort {
    pub queue: QueueName,
    pub kind: Kind,
}

/// A flow by kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowKinds {
    pub tasks: BTreeMap<Sort, BTreeMap<Status, u64>>,
    /// From parents to those that wait for them, also to others of their sort.
    pub edges: BTreeMap<(Sort, Sort), u64>,
    /// In the order of their positions: the first task of each sort comes after that of the one before.
    pub order: Vec<Sort>,
    /// There are too many sorts, or too many ways between them, to be counted one by one: the rest is left out.
    pub is_partial: bool,
}

impl Store {
    /// Counts a whole flow, piece by piece: what changes meanwhile may be counted as it was or as it is.
    pub async fn flow_kinds(&self, flow: FlowId) -> Result<FlowKinds, Error> {
        let (mut found, mut place) = (FlowKinds::default(), Some((0, 0)));
        // A piece is full of tasks or of edges, but for the last one: so many are more than the largest flow has.
        let most = limits::FLOW_TASKS_MAX / limits::FLOW_KINDS_TASKS
            + limits::FLOW_EDGES_MAX / limits::FLOW_KINDS_EDGES;
        for _ in 0..=2 * most {
            let Some(from) = place else { break };
            place = self.count_kinds(flow, from, &mut found).await?;
        }
        Ok(found)
    }

    /// One piece; answers where the next one begins.
    async fn count_kinds(
        &self,
        flow: FlowId,
        (rank, skipped): (u64, u64),
        found: &mut FlowKinds,
    ) -> Result<Option<(u64, u64)>, Error> {
        let keys = self.keys(flow.shard())?;
        let mut call = Call::new("flow/kinds", [keys.meta(), keys.flow_tasks(flow)]);
        call.arg(rank).arg(skipped).arg(limits::FLOW_KINDS_TASKS).arg(limits::FLOW_KINDS_EDGES);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "kinds" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let _total: u64 = reply.parse()?;
        let next = reply.optional()?.zip(reply.optional()?);
        for _ in 0..reply.parse::<usize>()? {
            let sort = Sort { queue: reply.parse()?, kind: reply.parse()? };
            let (status, count): (Status, u64) = (reply.parse()?, reply.parse()?);
            if !found.tasks.contains_key(&sort) {
                if found.order.len() == SORTS_MAX {
                    found.is_partial = true;
                    continue;
                }
                found.order.push(sort.clone());
            }
            *found.tasks.entry(sort).or_default().entry(status).or_default() += count;
        }
        while !reply.is_empty() {
            let parents = Sort { queue: reply.parse()?, kind: reply.parse()? };
            let children = Sort { queue: reply.parse()?, kind: reply.parse()? };
            let (way, count) = ((parents, children), reply.parse::<u64>()?);
            if found.edges.len() < WAYS_MAX || found.edges.contains_key(&way) {
                *found.edges.entry(way).or_default() += count;
            } else {
                found.is_partial = true;
            }
        }
        Ok(next)
    }
}
