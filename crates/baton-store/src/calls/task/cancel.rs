//! Faces `lua/task/cancel.lua`. Repeatable: the call is remembered by its op id, so a repeat gets the first answer.

use baton_core::{OpId, Principal, Shard, TaskId};

use super::super::{Answered, read_operated};
use super::settle::check_reason;
use crate::error::Error;
use crate::store::Store;

/// Ends tasks that have not ended.
#[derive(Clone, Debug)]
pub struct Cancel<'a> {
    pub tasks: &'a [TaskId],
    pub by: Option<&'a Principal>,
    pub reason: &'a str,
    /// The caller's idempotency key; without one, one is drawn for the retries of this call.
    pub op: Option<&'a OpId>,
}

impl Store {
    /// Ends tasks of one shard; who runs one of them is fenced from then on.
    pub async fn cancel(&self, shard: Shard, ask: &Cancel<'_>) -> Result<Answered, Error> {
        check_reason(ask.reason)?;
        let call = self.operator_call("task/cancel", shard, ask.tasks, ask.by, ask.op, ask.reason)?;
        read_operated(self.run(&call).await?, "cancelled")
    }
}
