//! One act on many tasks, and the operations that such acts become.

mod ask;
mod begin;
mod empty;
mod group;
mod operations;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use baton_api::operation::{Acted, NewAction, Operation};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::bulk::foresee;
use crate::extract::{Body, Caller, IdempotencyKey, Key};
use crate::problem::Fail;
use crate::trail::Untold;

pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(act_on_tasks))
        .routes(routes!(operations::get_operation))
        .routes(routes!(operations::cancel_operation))
        .routes(routes!(empty::purge_queue))
        .routes(routes!(group::rerun_error))
}

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(operations::list_operations)).routes(routes!(empty::drain_queue))
}

/// Act on many tasks
///
/// On those that are named, or on all that fit a filter. With `dry_run` it only says how many there are. Otherwise it becomes
/// an operation: about a thousand tasks are done with when the answer comes, and with more of them it goes on by itself,
/// whatever becomes of this gateway.
#[utoipa::path(
    post, path = "/actions", tag = "operations", operation_id = "act_on_tasks",
    security(("bearer" = ["tasks:cancel"]), ("bearer" = ["tasks:write"])),
    params(IdempotencyKey),
    request_body = NewAction,
    responses(
        (status = 200, description = "What it would be done to; or the operation, which is over", body = Acted),
        (status = 202, description = "The operation, which goes on", body = Operation,
         headers(("Location" = String, description = "Where the operation is"))),
    ),
    extensions(("x-problem-codes" = json!(["unknown_flow", "unknown_task", "conflict", "idempotency_mismatch"])))
)]
pub(crate) async fn act_on_tasks(
    State(app): State<App>,
    caller: Caller,
    Key(op): Key,
    Body(asked): Body<NewAction>,
) -> Result<Response, Fail> {
    let (dry_run, reason) = (asked.dry_run, asked.reason.clone());
    let plan = ask::plan(asked)?;
    let queues = ask::allowed(&app, &caller.grant, &plan).await?;
    if dry_run {
        let foreseen = foresee(&app.store, &plan, &caller.grant).await?;
        return Ok((Extension(Untold), Json(Acted::Foreseen(foreseen))).into_response());
    }
    begin::begin(&app, &caller, begin::Wish { plan, queues, reason: &reason, op: op.as_ref() }).await
}
