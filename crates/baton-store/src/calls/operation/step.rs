//! Faces `lua/operation/step.lua`. Repeatable: a repeat finds that the piece was noted.

use std::collections::BTreeMap;

use baton_core::operation::OperationState;
use baton_core::{OperationId, Refusal, Shard, TaskId, limits};

use super::super::{Refused, bounded};
use super::words;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// How a piece went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub done: u64,
    pub refused: BTreeMap<Refusal, u64>,
    /// Tasks that were passed over on the way to the next piece, as it cannot be told whether they belong to it.
    pub unread: u64,
}

/// Which tasks come next, and where looking for others goes on behind them.
#[derive(Clone, Debug)]
pub struct NextPiece {
    pub tasks: Vec<TaskId>,
    pub place: String,
}

/// From one piece to the next.
#[derive(Clone, Debug)]
pub struct StepOperation<'a> {
    pub id: &'a OperationId,
    /// That the caller has read.
    pub step: u64,
    pub counts: &'a Counts,
    /// `None`: there is no next one.
    pub next: Option<&'a NextPiece>,
    /// For how long the caller goes on to see to it.
    pub lease_ms: u64,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stepped {
    Done {
        step: u64,
    },
    Over(OperationState),
    /// Somebody else has noted this piece, or the operation is over.
    Stale,
    Refused(Refused),
}

/// Before the code of a refusal, in the names of the numbers.
pub(super) const REFUSED: &str = "refused_";

impl Store {
    /// Notes how the last piece went, and which one is next.
    pub async fn step_operation(&self, step: &StepOperation<'_>) -> Result<Stepped, Error> {
        let (tasks, place) =
            step.next.map_or((&[][..], ""), |next| (next.tasks.as_slice(), next.place.as_str()));
        bounded("tasks of one piece", tasks.len(), limits::OPERATION_PIECE)?;
        let keys = self.keys(Shard::FIRST)?;
        let names = [
            keys.meta(),
            keys.operations_live(),
            keys.operation(step.id),
            keys.operation_piece(step.id),
            keys.trail(),
        ];
        let mut call = Call::new("operation/step", names);
        call.arg(self.now_argument()).arg(step.id.as_str()).arg(step.step).arg(step.lease_ms);
        let Counts { done, refused, unread } = step.counts;
        let is_told = *unread > 0;
        call.arg(place).arg(tasks.len()).arg(words(tasks)).arg(1 + refused.len() + usize::from(is_told));
        call.arg("done").arg(done);
        for (refusal, count) in refused {
            call.arg(format!("{REFUSED}{refusal}")).arg(count);
        }
        if is_told {
            call.arg("unread").arg(unread);
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "stepped" => Ok(Stepped::Done { step: reply.parse()? }),
            "over" => match reply.text()?.as_str() {
                "ended" => Ok(Stepped::Over(OperationState::Ended)),
                "cancelled" => Ok(Stepped::Over(OperationState::Cancelled)),
                other => Err(reply.fault(format!("it answered {other:?}"))),
            },
            "stale" => Ok(Stepped::Stale),
            "refused" => Ok(Stepped::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
