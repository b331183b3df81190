//! Faces `lua/task/reprioritise.lua`. Repeatable: the call is remembered by its op id, so a repeat gets the first answer.

use baton_core::{OpId, Principal, Priority, Shard, TaskId};

use super::super::{Answered, read_operated};
use crate::error::Error;
use crate::store::Store;

/// Gives tasks another priority; one that waits keeps its age within it.
#[derive(Clone, Debug)]
pub struct Reprioritise<'a> {
    pub tasks: &'a [TaskId],
    pub by: Option<&'a Principal>,
    pub priority: Priority,
    /// The caller's idempotency key; without one, one is drawn for the retries of this call.
    pub op: Option<&'a OpId>,
}

impl Store {
    /// Gives tasks of one shard, running ones included, another priority.
    pub async fn reprioritise(&self, shard: Shard, ask: &Reprioritise<'_>) -> Result<Answered, Error> {
        let priority = ask.priority.to_string();
        let call = self.operator_call("task/reprioritise", shard, ask.tasks, ask.by, ask.op, &priority)?;
        read_operated(self.run(&call).await?, "reprioritised")
    }
}
