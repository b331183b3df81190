//! Faces `lua/task/edges.lua`. It only reads.

use std::fmt;
use std::str::FromStr;

use baton_core::TaskId;

use super::super::page;
use crate::error::Error;
use crate::record::{Fields, Task};
use crate::run::Call;
use crate::store::Store;

/// Which edges of a task: those to the tasks it waits for, or to those that wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Parents,
    Children,
}

/// What an edge still means for its child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeState {
    /// The parent has not ended, or its end is still on its way to the child.
    Open,
    /// The parent ended otherwise than well: the child waits until it is rerun and completes.
    Held,
    Closed,
}

impl EdgeState {
    pub fn as_str(self) -> &'static str {
        match self {
            EdgeState::Open => "open",
            EdgeState::Held => "held",
            EdgeState::Closed => "closed",
        }
    }
}

impl fmt::Display for EdgeState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for EdgeState {
    type Err = Error;

    fn from_str(word: &str) -> Result<EdgeState, Error> {
        let mut all = [EdgeState::Open, EdgeState::Held, EdgeState::Closed].into_iter();
        let known = all.find(|state| state.as_str() == word);
        known.ok_or_else(|| Error::invalid("the state of an edge", format!("{word:?} is none")))
    }
}

/// A page of the edges of a task.
#[derive(Clone, Copy, Debug)]
pub struct EdgesOf {
    pub task: TaskId,
    pub side: Side,
    /// How many to pass over; a page says where the next one begins.
    pub first: u64,
    pub limit: u64,
    /// Only those that are not closed. A page of them may be short, or empty, and not the last.
    pub only_open: bool,
}

/// The task at the other end of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub state: EdgeState,
    pub task: TaskId,
    /// `None` where its retention is over.
    pub other: Option<Task>,
}

/// The edges of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edges {
    pub total: u64,
    pub edges: Vec<Edge>,
    /// Where the next page begins, if there is one.
    pub next: Option<u64>,
}

impl Store {
    /// A page of the tasks that a task waits for, or that wait for it.
    pub async fn edges(&self, of: EdgesOf) -> Result<Edges, Error> {
        page(of.first, of.limit)?;
        let keys = self.keys(of.task.shard())?;
        let (side, list) = match of.side {
            Side::Parents => ("parents", keys.task_parents(of.task)),
            Side::Children => ("children", keys.task_children(of.task)),
        };
        let mut call = Call::new("task/edges", [keys.meta(), list]);
        call.arg(of.task.to_string()).arg(side).arg(of.first).arg(of.limit);
        call.arg(if of.only_open { "open" } else { "" });
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "edges" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (total, next) = (reply.parse()?, reply.optional()?);
        let count: usize = reply.parse()?;
        let mut edges = Vec::with_capacity(count);
        for _ in 0..count {
            let (task, state) = (reply.parse()?, reply.parse()?);
            let fields = reply.fields()?;
            let read = |fields| Task::read(task, &mut Fields::new(format!("task {task}"), fields));
            let other = if fields.is_empty() { None } else { Some(read(fields)?) };
            edges.push(Edge { state, task, other });
        }
        Ok(Edges { total, edges, next })
    }
}
