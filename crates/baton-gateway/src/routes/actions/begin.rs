//! Begins an operation, and goes on with it for a moment: a small one is over when the answer comes.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_core::{Code, OpId, OperationId, QueueName, Refusal, limits};
use baton_store::calls::operation::{BeginOperation, OperationBegun};

use crate::app::App;
use crate::bulk::{Place, Plan, counted, drive};
use crate::convert::operation as convert;
use crate::extract::{Caller, replayed};
use crate::problem::Fail;
use crate::trail::{Untold, administers, explained};

/// Pieces of a hundred tasks that are done with before the answer: all that can be named, and a step to the end.
const PIECES: u64 = 12;

/// What is to become an operation.
pub(super) struct Wish<'a> {
    pub(super) plan: Plan,
    /// In which its tasks lie; none means any.
    pub(super) queues: Vec<QueueName>,
    pub(super) reason: &'a str,
    pub(super) op: Option<&'a OpId>,
}

pub(super) async fn begin(app: &App, caller: &Caller, wish: Wish<'_>) -> Result<Response, Fail> {
    let Wish { plan, queues, reason, op } = wish;
    let (filter, place) = match plan.tasks.is_empty() {
        true => (serde_json::to_string(&plan.filter).map_err(|_| Fail::new(Code::Internal))?, Place::Start),
        false => (String::new(), Place::Named(0)),
    };
    let quiet = !administers(&caller.grant);
    let id = app.store.draw_operation()?;
    let asked = BeginOperation {
        id: &id,
        act: plan.act,
        priority: plan.priority,
        reason,
        tasks: &plan.tasks,
        filter: &filter,
        place: &place.to_string(),
        queues: &queues,
        expected: counted(&app.store, &plan).await?,
        by: caller.by.as_ref(),
        quiet,
        op,
        lease_ms: limits::OPERATION_LEASE_MS,
    };
    match app.store.begin_operation(&asked).await? {
        OperationBegun::Done { id, replayed: true } => Ok(replayed(shown(app, &id, quiet).await?)),
        OperationBegun::Done { id, replayed: false } => {
            // What fails now is gone on with later: the operation is there.
            if let Err(fail) = drive(app, &id, PIECES, 0).await {
                tracing::warn!(operation = %id, code = %fail.code, "an operation does not go on at once");
            }
            app.operations.notify_one();
            Ok(explained(reason, shown(app, &id, quiet).await?))
        }
        OperationBegun::Refused(refused) => Err(match (refused.refusal, refused.detail.as_deref()) {
            (Refusal::Conflict, Some(OperationBegun::LIMIT)) => Fail::new(Code::Conflict)
                .because(format!(
                    "{} operations go on already. Wait for one to end, or cancel one.",
                    limits::OPERATIONS_LIVE_MAX
                ))
                .again_after(5_000),
            _ => refused.into(),
        }),
    }
}

/// As it is now: 202 while it goes on. A small one that is over is not on the trail, if it is to be quiet.
async fn shown(app: &App, id: &OperationId, quiet: bool) -> Result<Response, Fail> {
    let operation = app.store.operation(id).await?.ok_or_else(|| Fail::new(Code::UnknownOperation))?;
    let status = if operation.state.is_over() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let is_small = operation.state.is_over() && operation.counts.done <= limits::OPERATION_PIECE;
    let location = [(header::LOCATION, format!("/api/v1/operations/{id}"))];
    let mut answer = (status, location, Json(convert::operation(operation))).into_response();
    if quiet && is_small {
        answer.extensions_mut().insert(Untold);
    }
    Ok(answer)
}
