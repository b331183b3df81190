//! `POST /errors/{fingerprint}/rerun`: once more for all tasks that failed in one way.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use baton_api::operation::{Acted, Operation, RerunGroup, TaskFilter};
use baton_auth::Action;
use baton_core::operation::Act;
use baton_core::{Code, QueueName, Status};
use baton_store::calls::error::ErrorGroup;

use super::begin::{Wish, begin};
use crate::app::App;
use crate::auth::Grant;
use crate::bulk::{Plan, foresee};
use crate::convert::error_group as convert;
use crate::extract::{Body, Caller, FingerprintPath, IdempotencyKey, Key};
use crate::problem::Fail;
use crate::trail::Untold;
use crate::{clock, roster};

/// Rerun a group of failures
///
/// The tasks that failed or timed out, and whose last failure is of this group, in those queues that the credential may read
/// and write. They are found among all that have failed, so it does not matter how many the group remembers. With `dry_run` it
/// only says how many there are. Otherwise it becomes an operation, as `POST /actions` does.
#[utoipa::path(
    post, path = "/errors/{fingerprint}/rerun", tag = "errors", operation_id = "rerun_error",
    security(("bearer" = ["tasks:write", "tasks:read"])),
    params(FingerprintPath, IdempotencyKey),
    request_body = RerunGroup,
    responses(
        (status = 200, description = "What it would be done to; or the operation, which is over", body = Acted),
        (status = 202, description = "The operation, which goes on", body = Operation,
         headers(("Location" = String, description = "Where the operation is"))),
    ),
    extensions(("x-problem-codes" = json!(["unknown_error_group", "conflict", "idempotency_mismatch"])))
)]
pub(crate) async fn rerun_error(
    State(app): State<App>,
    FingerprintPath(fingerprint): FingerprintPath,
    caller: Caller,
    Key(op): Key,
    Body(asked): Body<RerunGroup>,
) -> Result<Response, Fail> {
    let unknown = || Fail::new(Code::UnknownErrorGroup);
    let group = roster::error(&app.store, fingerprint).await?.ok_or_else(unknown)?;
    convert::error_group(group.clone(), &caller.grant, clock::now_ms()).ok_or_else(unknown)?;
    let filter = TaskFilter {
        status: vec![Status::Failed, Status::Timeout],
        queue: queues(&caller.grant, &group)?,
        kind: vec![group.kind],
        q: format!("error:{fingerprint}"),
        ..TaskFilter::default()
    };
    let mut plan = Plan::new(Act::Rerun, None, Vec::new(), filter).map_err(|_| Fail::new(Code::Internal))?;
    if asked.dry_run {
        let foreseen = foresee(&app.store, &plan, &caller.grant).await?;
        return Ok((Extension(Untold), Json(Acted::Foreseen(foreseen))).into_response());
    }
    // The operation notes them beside its filter: a repeat asks for the same, though the group may have come to another queue.
    let queues = std::mem::take(&mut plan.filter.queue);
    begin(&app, &caller, Wish { plan, queues, reason: &asked.reason, op: op.as_ref() }).await
}

/// Those of the group in which the caller may do it; none means any.
fn queues(grant: &Grant, group: &ErrorGroup) -> Result<Vec<QueueName>, Fail> {
    if grant.reaches_all(Action::TasksRead) && grant.reaches_all(Action::TasksWrite) {
        return Ok(Vec::new());
    }
    let may = |queue: &&QueueName| grant.reads(queue) && grant.reaches(Action::TasksWrite, queue);
    let queues: Vec<QueueName> = group.queues.keys().filter(may).cloned().collect();
    if queues.is_empty() { Err(Fail::lacks(Action::TasksWrite)) } else { Ok(queues) }
}
