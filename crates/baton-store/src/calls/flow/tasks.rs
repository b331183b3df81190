//! Faces `lua/flow/tasks.lua`. It only reads.

use baton_core::{FlowId, TaskId, limits};

use super::super::task::EdgeState;
use super::super::{bounded, page};
use crate::error::Error;
use crate::record::{Fields, Task};
use crate::run::Call;
use crate::store::Store;

/// A task of a flow, and its edges to those that wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowTask {
    pub task: Task,
    /// Fewer than the task has children where the answer had no room for more.
    pub children: Vec<(TaskId, EdgeState)>,
}

/// A page of the tasks of a flow, in the order of their positions: parents come before their children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowTasks {
    pub total: u64,
    pub tasks: Vec<FlowTask>,
}

impl Store {
    /// The tasks of a flow from the `first` on, with at most so many edges.
    pub async fn flow_tasks(
        &self,
        flow: FlowId,
        first: u64,
        limit: u64,
        edges: u64,
    ) -> Result<FlowTasks, Error> {
        page(first, limit)?;
        bounded("edges of a page", edges as usize, limits::EDGES_PAGE_MAX)?;
        let keys = self.keys(flow.shard())?;
        let mut call = Call::new("flow/tasks", [keys.meta(), keys.flow_tasks(flow)]);
        call.arg(first).arg(limit).arg(edges);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "tasks" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (total, count): (u64, usize) = (reply.parse()?, reply.parse()?);
        let mut tasks = Vec::with_capacity(count);
        for _ in 0..count {
            let id = reply.parse()?;
            let fields = reply.fields()?;
            let edges: usize = reply.parse()?;
            let children =
                (0..edges).map(|_| Ok((reply.parse()?, reply.parse()?))).collect::<Result<_, Error>>()?;
            // One that is not laid out yet has no words.
            if !fields.is_empty() {
                let task = Task::read(id, &mut Fields::new(format!("task {id}"), fields))?;
                tasks.push(FlowTask { task, children });
            }
        }
        Ok(FlowTasks { total, tasks })
    }
}
