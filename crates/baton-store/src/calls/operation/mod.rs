//! Operations: one act on many tasks, in pieces. Their records are in the first shard; the tasks may be in any.

mod begin;
mod cancel;
mod list;
mod step;
mod take;

pub use begin::{BeginOperation, OperationBegun};
pub use cancel::OperationCancelled;
pub use list::{Operation, Operations};
pub use step::{Counts, NextPiece, StepOperation, Stepped};
pub use take::OperationTaken;

use baton_core::operation::Act;
use baton_core::{OpId, Principal, Priority, Shard, TaskId};

use super::Answered;
use super::task::{Cancel, Promote, Reprioritise, Rerun};
use crate::error::Error;
use crate::store::Store;

/// Ids lie in Redis as words with a space between.
fn words(ids: &[TaskId]) -> String {
    let mut text = String::with_capacity(ids.len() * (TaskId::LENGTH + 1));
    for id in ids {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&id.to_string());
    }
    text
}

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
    /// Does to a piece what is to be done. Each step of an operation has an op id of its own, so whoever repeats one gets the
    /// first answer.
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
