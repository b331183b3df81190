//! Faces `lua/flow/list.lua`. It only reads.

use baton_core::{FlowId, Shard};

use super::super::page;
use super::super::task::{After, Order, Start};
use crate::error::Error;
use crate::record::Fields;
use crate::record::flow::Flow;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// A page of the flows of a shard, by when they came.
#[derive(Clone, Copy, Debug)]
pub struct ListFlows {
    pub order: Order,
    pub start: Start,
    pub limit: u64,
}

/// The flows of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowsPage {
    pub total: u64,
    pub flows: Vec<Flow>,
    /// Where the next page begins, if there is one.
    pub next: Option<After>,
}

impl Store {
    pub async fn list_flows(&self, shard: Shard, list: ListFlows) -> Result<FlowsPage, Error> {
        let (rank, after) = match list.start {
            Start::Rank(rank) => (rank, None),
            Start::After(after) => (0, Some(after)),
        };
        page(rank, list.limit)?;
        let mut call = self.flows_call(shard)?;
        call.arg(if list.order == Order::Up { "up" } else { "down" }).arg(rank);
        call.optional(after.map(|after| after.score)).optional(after.map(|after| after.id.to_string()));
        call.arg(list.limit).arg("");
        read_page(self.run(&call).await?)
    }

    /// One flow, if there is such a one.
    pub async fn read_flow(&self, flow: FlowId) -> Result<Option<Flow>, Error> {
        let mut call = self.flows_call(flow.shard())?;
        call.arg("up").arg(0).arg("").arg("").arg(1).arg(flow.to_string());
        Ok(read_page(self.run(&call).await?)?.flows.pop())
    }

    fn flows_call(&self, shard: Shard) -> Result<Call, Error> {
        let keys = self.keys(shard)?;
        Ok(Call::new("flow/list", [keys.meta(), keys.flows(), keys.cascades()]))
    }
}

fn read_page(mut reply: Reply) -> Result<FlowsPage, Error> {
    match reply.text()?.as_str() {
        "listed" => {}
        other => return Err(reply.fault(format!("it answered {other:?}"))),
    }
    let (total, more) = (reply.parse()?, reply.flag()?);
    let (score, id) = (reply.optional()?, reply.optional()?);
    let next = score.zip(id).filter(|_| more).map(|(score, id)| After { score, id });
    let (cascading, count): (bool, usize) = (reply.flag()?, reply.parse()?);
    let mut flows = Vec::with_capacity(count);
    for _ in 0..count {
        let id = reply.parse()?;
        let fields = reply.fields()?;
        // It may have gone between the index and its hash only by hand.
        if !fields.is_empty() {
            flows.push(Flow::read(id, &mut Fields::new(format!("flow {id}"), fields), cascading)?);
        }
    }
    Ok(FlowsPage { total, flows, next })
}
