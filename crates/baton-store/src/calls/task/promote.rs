//! Faces `lua/task/promote.lua`. Repeatable: the call is remembered by its op id, so a repeat gets the first answer.

use baton_core::{OpId, Principal, Shard, TaskId};

use super::super::{Answered, read_operated};
use super::settle::check_reason;
use crate::error::Error;
use crate::store::Store;

/// Lets scheduled tasks run now.
#[derive(Clone, Debug)]
pub struct Promote<'a> {
    pub tasks: &'a [TaskId],
    pub by: Option<&'a Principal>,
    pub reason: &'a str,
    /// The caller's idempotency key; without one, one is drawn for the retries of this call.
    pub op: Option<&'a OpId>,
}

impl Store {
    /// Makes scheduled tasks of one shard pending.
    pub async fn promote(&self, shard: Shard, ask: &Promote<'_>) -> Result<Answered, Error> {
        check_reason(ask.reason)?;
        let call = self.operator_call("task/promote", shard, ask.tasks, ask.by, ask.op, ask.reason)?;
        read_operated(self.run(&call).await?, "promoted")
    }
}
