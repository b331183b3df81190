//! Faces `lua/task/rerun.lua`. Repeatable: the call is remembered by its op id, so a repeat gets the first answer.

use baton_core::{OpId, Principal, Shard, TaskId};

use super::super::{Answered, read_operated};
use super::settle::check_reason;
use crate::error::Error;
use crate::store::Store;

/// Runs ended tasks once more; their history stays.
#[derive(Clone, Debug)]
pub struct Rerun<'a> {
    pub tasks: &'a [TaskId],
    pub by: Option<&'a Principal>,
    pub reason: &'a str,
    /// The caller's idempotency key; without one, one is drawn for the retries of this call.
    pub op: Option<&'a OpId>,
}

impl Store {
    /// Makes ended tasks of one shard pending again, with no attempt and no crash counted.
    pub async fn rerun(&self, shard: Shard, ask: &Rerun<'_>) -> Result<Answered, Error> {
        check_reason(ask.reason)?;
        let call = self.operator_call("task/rerun", shard, ask.tasks, ask.by, ask.op, ask.reason)?;
        read_operated(self.run(&call).await?, "rerun")
    }
}
