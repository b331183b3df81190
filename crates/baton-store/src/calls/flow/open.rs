//! Faces `lua/flow/open.lua`. It only reads.

use baton_core::{FlowId, TaskId, limits};

use super::super::bounded;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer to a look for the first task of a flow that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstOpen {
    Task(TaskId),
    /// None of those that were looked at; whether there are tasks behind them.
    None {
        more: bool,
    },
}

impl Store {
    /// Looks from the `first` on at `limit` tasks at most.
    pub async fn first_open(&self, flow: FlowId, first: u64, limit: u64) -> Result<FirstOpen, Error> {
        bounded("tasks that are looked at", limit as usize, limits::FLOW_LOOK_MAX)?;
        let keys = self.keys(flow.shard())?;
        let mut call = Call::new("flow/open", [keys.meta(), keys.flow_tasks(flow)]);
        call.arg(first).arg(limit);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "open" => Ok(FirstOpen::Task(reply.parse()?)),
            "none" => Ok(FirstOpen::None { more: reply.flag()? }),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
