//! Does to a piece of an operation what is to be done. Repeatable: each step of an operation has an op id of its own, so
//! whoever repeats one gets the first answer.

use baton_core::operation::Act;
use baton_core::{OpId, Principal, Priority, Shard, TaskId};

use super::super::Answered;
use super::super::task::{Cancel, Promote, Reprioritise, Rerun};
use crate::error::Error;
use crate::store::Store;

/// An act on tasks of one shard.
#[derive(Clone, Debug)]
pub struct CarryOut<'a> {
    pub act: Act,
    pub tasks: &'a [TaskId],
    /// Only for `reprioritise`.
    pub priority: Option<Priority>,
    pub reason: &'a str,
    pub by: Option<&'a Principal>,
    pub op: &'a OpId,
}

impl Store {
    pub async fn carry_out(&self, shard: Shard, ask: &CarryOut<'_>) -> Result<Answered, Error> {
        let CarryOut { act, tasks, priority, reason, by, op } = *ask;
        let op = Some(op);
        match act {
            Act::Cancel => self.cancel(shard, &Cancel { tasks, by, reason, op }).await,
            Act::Rerun => self.rerun(shard, &Rerun { tasks, by, reason, op }).await,
            Act::Promote => self.promote(shard, &Promote { tasks, by, reason, op }).await,
            Act::Reprioritise => {
                let priority = priority.unwrap_or_default();
                self.reprioritise(shard, &Reprioritise { tasks, by, priority, op }).await
            }
        }
    }
}
