//! Goes on with an operation, piece by piece.

use baton_core::operation::OperationState;
use baton_core::{Code, OpId, OperationId, Refusal, TaskId, limits};
use baton_store::calls::operation::{CarryOut, Counts, NextPiece, Operation, StepOperation, Stepped};
use baton_store::calls::{Answered, Operated};

use super::foresee::by_shard;
use super::walk::{Look, walk};
use super::{Place, Plan};
use crate::app::App;
use crate::measure;
use crate::problem::Fail;

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driven {
    Over,
    /// There is more to do.
    Further,
    /// Somebody else goes on with it.
    Others,
}

/// Up to so many pieces; with the last of them it is left for `lease_ms` to whoever asked.
pub(crate) async fn drive(app: &App, id: &OperationId, pieces: u64, lease_ms: u64) -> Result<Driven, Fail> {
    let operation = app.store.operation(id).await?;
    let mut operation = operation.ok_or_else(|| Fail::new(Code::UnknownOperation))?;
    let plan = Plan::of(&operation)?;
    let mut piece = std::mem::take(&mut operation.piece);
    for count in 1.. {
        if operation.state.is_over() {
            return Ok(Driven::Over);
        }
        if count > pieces || app.draining.is_cancelled() {
            return Ok(Driven::Further);
        }
        let counts = carry_out(app, &operation, &piece).await?;
        let (next, unread) = next_piece(app, &plan, &operation).await?;
        let counts = Counts { unread, ..counts };
        let lease_ms = if count == pieces { lease_ms } else { limits::OPERATION_LEASE_MS };
        let step = StepOperation { id, step: operation.step, counts: &counts, next: next.as_ref(), lease_ms };
        let stepped = app.store.step_operation(&step).await?;
        if matches!(stepped, Stepped::Done { .. } | Stepped::Over(_)) {
            measure::operated(operation.act, &counts);
        }
        match stepped {
            Stepped::Done { step } => operation.step = step,
            Stepped::Over(_) => return Ok(Driven::Over),
            Stepped::Stale => return Ok(Driven::Others),
            Stepped::Refused(refused) => return Err(refused.into()),
        }
        let next = next.unwrap_or(NextPiece { tasks: Vec::new(), place: String::new() });
        (piece, operation.place) = (next.tasks, Some(next.place));
    }
    Ok(Driven::Further)
}

/// Each step has an op id of its own, so a repeat gets the answers of the first time.
async fn carry_out(app: &App, operation: &Operation, piece: &[TaskId]) -> Result<Counts, Fail> {
    let mut counts = Counts::default();
    let by_shard = by_shard(&app.store, piece);
    let unknown = piece.len() - by_shard.values().map(Vec::len).sum::<usize>();
    if unknown > 0 {
        counts.refused.insert(Refusal::UnknownTask, unknown as u64);
    }
    let op = OpId::new(&format!("operation:{}:{}", operation.id, operation.step));
    let op = op.map_err(|_| Fail::new(Code::Internal))?;
    for (shard, tasks) in by_shard {
        let ask = CarryOut {
            act: operation.act,
            tasks: &tasks,
            priority: operation.priority,
            reason: &operation.reason,
            by: operation.created_by.as_ref(),
            op: &op,
        };
        match app.store.carry_out(shard, &ask).await? {
            Answered::Tasks { each, .. } => each.into_iter().for_each(|one| count(&mut counts, one)),
            Answered::Refused(refused) => return Err(refused.into()),
        }
    }
    Ok(counts)
}

fn count(counts: &mut Counts, one: Operated) {
    match one {
        Operated::Moved { .. } => counts.done += 1,
        Operated::Refused { refusal, .. } => *counts.refused.entry(refusal).or_default() += 1,
    }
}

/// And how many tasks are passed over on the way to it, as it cannot be told whether they belong to it.
async fn next_piece(app: &App, plan: &Plan, operation: &Operation) -> Result<(Option<NextPiece>, u64), Fail> {
    let place = operation.place.as_deref().unwrap_or_default();
    if place.is_empty() || operation.state == OperationState::Cancelling {
        return Ok((None, 0));
    }
    let place: Place = place.parse().map_err(|error| {
        tracing::error!(operation = %operation.id, %error, "its place cannot be read");
        Fail::new(Code::Internal)
    })?;
    if let Place::Named(at) = place {
        let tasks: Vec<TaskId> =
            plan.tasks.iter().skip(at).take(limits::OPERATION_PIECE as usize).copied().collect();
        let place = Place::Named(at + tasks.len()).to_string();
        return Ok(((!tasks.is_empty()).then_some(NextPiece { tasks, place }), 0));
    }
    if place == Place::End {
        return Ok((None, 0));
    }
    let found = walk(&app.store, plan, place, Look::PIECE).await?;
    let tasks: Vec<TaskId> = found.tasks.iter().map(|task| task.id).collect();
    let next = match (found.next, tasks.is_empty()) {
        (None, true) => None,
        (next, _) => Some(NextPiece { tasks, place: next.unwrap_or(Place::End).to_string() }),
    };
    Ok((next, found.unread))
}
