//! What operators and submitters do to a task: cancel, rerun, promote, reprioritise.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use baton_api::task::{Operate, Reprioritise as NewPlace, Task};
use baton_auth::Action;
use baton_core::{Code, Priority, Refusal, Status, TaskId};
use baton_store::calls::task::{Cancel, Promote, Reprioritise, Rerun};
use baton_store::calls::{Answered, Operated};

use super::read;
use crate::app::App;
use crate::auth::{Grant, reach};
use crate::extract::{Body, Caller, IdempotencyKey, Key, TaskPath, replayed};
use crate::problem::Fail;

/// Cancel a task
///
/// Whatever it does: a running one is cancelled now, and its holder is told to stop.
#[utoipa::path(
    post, path = "/tasks/{id}/cancel", tag = "tasks", operation_id = "cancel_task",
    security(("bearer" = ["tasks:cancel"])),
    params(TaskPath, IdempotencyKey),
    request_body = Option<Operate>,
    responses((status = 200, description = "The task as it is now", body = Task)),
    extensions(("x-problem-codes" = json!(["unknown_task", "already_finished", "conflict", "idempotency_mismatch"])))
)]
pub(crate) async fn cancel_task(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Key(op): Key,
    Body(why): Body<Operate>,
) -> Result<Response, Fail> {
    reach::task(&app, &caller.grant, id, Action::TasksCancel).await?;
    let ask = Cancel { tasks: &[id], by: caller.by.as_ref(), reason: &why.reason, op: op.as_ref() };
    answer(&app, &caller.grant, id, app.store.cancel(id.shard(), &ask).await?).await
}

/// Run an ended task once more
///
/// A new run with no attempt and no crash counted; its history stays.
#[utoipa::path(
    post, path = "/tasks/{id}/rerun", tag = "tasks", operation_id = "rerun_task",
    security(("bearer" = ["tasks:write"])),
    params(TaskPath, IdempotencyKey),
    request_body = Option<Operate>,
    responses((status = 200, description = "The task as it is now", body = Task)),
    extensions(("x-problem-codes" = json!(["unknown_task", "conflict", "duplicate_key", "idempotency_mismatch"])))
)]
pub(crate) async fn rerun_task(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Key(op): Key,
    Body(why): Body<Operate>,
) -> Result<Response, Fail> {
    reach::task(&app, &caller.grant, id, Action::TasksWrite).await?;
    let ask = Rerun { tasks: &[id], by: caller.by.as_ref(), reason: &why.reason, op: op.as_ref() };
    let answered = app.store.rerun(id.shard(), &ask).await?;
    if let Answered::Tasks { each, .. } = &answered
        && let Some(Operated::Refused { refusal: Refusal::Conflict, status: Some(status) }) = each.first()
        && status.is_terminal()
    {
        return Err(passing_on(*status));
    }
    answer(&app, &caller.grant, id, answered).await
}

/// Let a scheduled task run now
#[utoipa::path(
    post, path = "/tasks/{id}/promote", tag = "tasks", operation_id = "promote_task",
    security(("bearer" = ["tasks:write"])),
    params(TaskPath, IdempotencyKey),
    request_body = Option<Operate>,
    responses((status = 200, description = "The task as it is now", body = Task)),
    extensions(("x-problem-codes" = json!(["unknown_task", "already_finished", "conflict", "idempotency_mismatch"])))
)]
pub(crate) async fn promote_task(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Key(op): Key,
    Body(why): Body<Operate>,
) -> Result<Response, Fail> {
    reach::task(&app, &caller.grant, id, Action::TasksWrite).await?;
    let ask = Promote { tasks: &[id], by: caller.by.as_ref(), reason: &why.reason, op: op.as_ref() };
    answer(&app, &caller.grant, id, app.store.promote(id.shard(), &ask).await?).await
}

/// Give a task another priority
///
/// One that waits keeps its age within the new priority.
#[utoipa::path(
    post, path = "/tasks/{id}/reprioritise", tag = "tasks", operation_id = "reprioritise_task",
    security(("bearer" = ["tasks:write"])),
    params(TaskPath, IdempotencyKey),
    request_body = NewPlace,
    responses((status = 200, description = "The task as it is now", body = Task)),
    extensions(("x-problem-codes" = json!(["unknown_task", "already_finished", "conflict", "idempotency_mismatch"])))
)]
pub(crate) async fn reprioritise_task(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Key(op): Key,
    Body(place): Body<NewPlace>,
) -> Result<Response, Fail> {
    let priority = Priority::new(place.priority);
    let priority = priority.map_err(|error| Fail::invalid("/priority", format!("failed to {error}")))?;
    reach::task(&app, &caller.grant, id, Action::TasksWrite).await?;
    let ask = Reprioritise { tasks: &[id], by: caller.by.as_ref(), priority, op: op.as_ref() };
    answer(&app, &caller.grant, id, app.store.reprioritise(id.shard(), &ask).await?).await
}

/// An end is passed on within a moment, but for hundreds of thousands of children.
fn passing_on(status: Status) -> Fail {
    let detail = format!(
        "The task is {status}, and its end is still being passed on to the tasks that wait for it. Ask again in a moment."
    );
    Fail::new(Code::Conflict).because(detail).again_after(1_000)
}

/// One task was named, so there is one answer.
async fn answer(app: &App, grant: &Grant, id: TaskId, answered: Answered) -> Result<Response, Fail> {
    let (each, is_repeat) = match answered {
        Answered::Tasks { each, replayed } => (each, replayed),
        Answered::Refused(refused) => return Err(refused.into()),
    };
    match each.first() {
        Some(Operated::Moved { .. }) => {}
        Some(Operated::Refused { refusal, status }) => return Err(Fail::refused(*refusal, *status)),
        None => return Err(Fail::new(Code::Internal)),
    }
    now(app, grant, id, is_repeat).await
}

/// The task as it is after what was done to it.
pub(super) async fn now(app: &App, grant: &Grant, id: TaskId, is_repeat: bool) -> Result<Response, Fail> {
    let task = grant.shown(read::any_task(app, id).await?);
    let answer = ([(header::ETAG, read::etag(&task))], Json(task)).into_response();
    Ok(if is_repeat { replayed(answer) } else { answer })
}
