//! Edges of tasks that are there already: wait for one more task, or for one less.

use axum::extract::State;
use axum::response::Response;
use baton_api::task::{LinkRequest, Task};
use baton_auth::Action;
use baton_core::{Code, Refusal, TaskId};
use baton_store::calls::Refused;
use baton_store::calls::task::{Link, Linked, Unlink, Unlinked};

use super::operate::now;
use crate::app::App;
use crate::auth::reach;
use crate::extract::{Body, Caller, IdempotencyKey, Key, TaskPath};
use crate::problem::Fail;

/// Make a task wait for another one
///
/// Until that one has completed. Refused once it runs or has ended, and where tasks would wait for each other in a circle.
/// An edge that is there already is not made again.
#[utoipa::path(
    post, path = "/tasks/{id}/link", tag = "tasks", operation_id = "link_task",
    security(("bearer" = ["tasks:write"])),
    params(TaskPath, IdempotencyKey),
    request_body = LinkRequest,
    responses((status = 200, description = "The task as it is now", body = Task)),
    extensions(("x-problem-codes" = json!([
        "unknown_task", "dependency_missing", "dependency_cycle", "cross_shard_link", "graph_too_large", "conflict",
        "idempotency_mismatch",
    ])))
)]
pub(crate) async fn link_task(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Key(op): Key,
    Body(LinkRequest { parent }): Body<LinkRequest>,
) -> Result<Response, Fail> {
    may_join(&app, &caller, id, parent).await?;
    let by = caller.by.as_ref();
    match app.store.link(&Link { parent, child: id, by, op: op.as_ref() }).await? {
        Linked::Edge { replayed, .. } => now(&app, &caller.grant, id, replayed).await,
        Linked::Refused(refused) => match (refused.refusal, &refused.detail) {
            (Refusal::Conflict, Some(status)) => Err(started(status)),
            _ => Err(no_parent(refused)),
        },
    }
}

/// It changes the task, and tells of its parent when that has ended. A parent that cannot be read is not there.
async fn may_join(app: &App, caller: &Caller, child: TaskId, parent: TaskId) -> Result<(), Fail> {
    reach::task(app, &caller.grant, child, Action::TasksWrite).await?;
    match reach::hidden(&app.store, &caller.grant, [parent]).await?.is_empty() {
        true => Ok(()),
        false => Err(no_parent(Refused { refusal: Refusal::DependencyMissing, detail: None })),
    }
}

/// The task stands in the path; what the rules say no to is its new parent.
fn no_parent(refused: Refused) -> Fail {
    let refusal = refused.refusal;
    let detail = refused.detail.is_none().then(|| refusal.advice());
    let fail = detail.map_or_else(|| Fail::from(refused), |advice| Fail::new(refusal.into()).because(advice));
    match refusal {
        Refusal::DependencyMissing => fail.at("/parent", "there is no such task"),
        Refusal::CrossShardLink => fail.at("/parent", "it lies in another shard than the task"),
        Refusal::DependencyCycle => fail.at("/parent", "it waits for the task itself"),
        _ => fail,
    }
}

fn started(status: &str) -> Fail {
    let detail = format!("The task is {status}: only one that has not started can be made to wait.");
    Fail::new(Code::Conflict).because(detail)
}

/// Make a task wait for another one no longer
///
/// One that waited for nothing else goes on at once. Where there is no such edge, nothing changes.
#[utoipa::path(
    post, path = "/tasks/{id}/unlink", tag = "tasks", operation_id = "unlink_task",
    security(("bearer" = ["tasks:write"])),
    params(TaskPath, IdempotencyKey),
    request_body = LinkRequest,
    responses((status = 200, description = "The task as it is now", body = Task)),
    extensions(("x-problem-codes" = json!(["unknown_task", "idempotency_mismatch"])))
)]
pub(crate) async fn unlink_task(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Key(op): Key,
    Body(LinkRequest { parent }): Body<LinkRequest>,
) -> Result<Response, Fail> {
    may_join(&app, &caller, id, parent).await?;
    let by = caller.by.as_ref();
    match app.store.unlink(&Unlink { parent, child: id, by, op: op.as_ref() }).await? {
        Unlinked::Edge { replayed, .. } => now(&app, &caller.grant, id, replayed).await,
        Unlinked::Refused(refused) => Err(refused.into()),
    }
}
