//! Operations: how far they are, and calling them off. They are seen by whoever began them, and by whoever may read all queues
//! that they are about.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use baton_api::operation::{Operation, Operations};
use baton_auth::Action;
use baton_core::operation::OperationState;
use baton_core::{Code, OperationId, Refusal};
use baton_store::calls::operation::{Operation as Stored, OperationCancelled};

use super::ask;
use crate::app::App;
use crate::auth::Grant;
use crate::convert::operation as convert;
use crate::extract::{
    Body, Caller, FromTerms, Nothing, OperationPath, Paging, Query, Terms, Walk, no_cursor, with_link,
};
use crate::problem::Fail;
use crate::trail::Untold;

/// Pages that are read for one where most are others'.
const PAGES_MAX: usize = 10;

/// Which part of the operations.
pub(crate) struct OperationsQuery(Walk);

impl FromTerms for OperationsQuery {
    const KNOWN: &[&str] = &["limit", "cursor"];

    fn read(terms: &mut Terms) -> OperationsQuery {
        OperationsQuery(Walk::read(terms))
    }
}

fn reaches(grant: &Grant, operation: &Stored, action: Action) -> bool {
    match &operation.queues[..] {
        [] => grant.reaches_all(action),
        queues => queues.iter().all(|queue| grant.reaches(action, queue)),
    }
}

fn began(grant: &Grant, operation: &Stored) -> bool {
    operation.created_by.as_ref() == Some(&grant.principal)
}

fn sees(grant: &Grant, operation: &Stored) -> bool {
    began(grant, operation) || reaches(grant, operation, Action::TasksRead)
}

/// List operations
///
/// The latest first. The latest thousand are remembered.
#[utoipa::path(
    get, path = "/operations", tag = "operations", operation_id = "list_operations",
    security(("bearer" = ["tasks:read"])),
    params(Walk),
    responses((status = 200, description = "A page of operations", body = Operations,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_operations(
    State(app): State<App>,
    caller: Caller,
    Query(OperationsQuery(walk)): Query<OperationsQuery>,
) -> Result<Response, Fail> {
    let mut before: Option<OperationId> =
        walk.cursor.as_deref().map(|text| text.parse().map_err(|_| no_cursor())).transpose()?;
    let (mut found, mut more) = (Vec::new(), true);
    for _ in 0..PAGES_MAX {
        let size = (walk.limit - found.len() as u64).min(100);
        let page = app.store.operations(before.as_ref(), size).await?.operations;
        more = page.len() as u64 == size;
        before = page.last().map(|last| last.id.clone()).or(before);
        found.extend(page.into_iter().filter(|operation| sees(&caller.grant, operation)));
        if !more || found.len() as u64 == walk.limit {
            break;
        }
    }
    let next_cursor = before.filter(|_| more).map(|id| id.to_string());
    let operations = found.into_iter().map(convert::operation).collect();
    let answer = Operations { operations, next_cursor: next_cursor.clone() };
    let paging = Paging::Cursor { limit: walk.limit, cursor: None };
    Ok(with_link(Json(answer), &caller, &paging, next_cursor.as_deref(), None))
}

/// Read an operation
#[utoipa::path(
    get, path = "/operations/{id}", tag = "operations", operation_id = "get_operation",
    security(
        ("bearer" = ["tasks:read"]), ("bearer" = ["tasks:cancel"]), ("bearer" = ["tasks:write"]),
        ("bearer" = ["queues:admin"]),
    ),
    params(OperationPath),
    responses((status = 200, description = "The operation, and how far it is", body = Operation)),
    extensions(("x-problem-codes" = json!(["unknown_operation"])))
)]
pub(crate) async fn get_operation(
    State(app): State<App>,
    OperationPath(id): OperationPath,
    caller: Caller,
) -> Result<Json<Operation>, Fail> {
    known(&app, &caller.grant, &id).await.map(|operation| Json(convert::operation(operation)))
}

/// Cancel an operation
///
/// Of its tasks no further ones are acted on, but for those that are under way, a hundred at most. What was done stays done.
#[utoipa::path(
    post, path = "/operations/{id}/cancel", tag = "operations", operation_id = "cancel_operation",
    security(("bearer" = ["tasks:cancel"]), ("bearer" = ["tasks:write"]), ("bearer" = ["queues:admin"])),
    params(OperationPath),
    responses((status = 200, description = "The operation as it is now", body = Operation)),
    extensions(("x-problem-codes" = json!([
        "unknown_operation", "conflict", "payload_too_large", "unsupported_media_type",
    ])))
)]
pub(crate) async fn cancel_operation(
    State(app): State<App>,
    OperationPath(id): OperationPath,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Fail> {
    let operation = known(&app, &caller.grant, &id).await?;
    let action = ask::action(operation.act);
    if !began(&caller.grant, &operation) && !reaches(&caller.grant, &operation, action) {
        return Err(Fail::lacks(action));
    }
    match app.store.cancel_operation(&id, caller.by.as_ref()).await? {
        OperationCancelled::Done => {}
        OperationCancelled::Refused(refused) => {
            return Err(match (refused.refusal, refused.detail.as_deref()) {
                (Refusal::Conflict, Some(OperationCancelled::ENDED)) => Fail::new(Code::Conflict)
                    .because("The operation came to its end before: there is nothing left to cancel."),
                _ => refused.into(),
            });
        }
    }
    app.operations.notify_one();
    let was_running = operation.state == OperationState::Running;
    let operation = app.store.operation(&id).await?.ok_or_else(|| Fail::new(Code::UnknownOperation))?;
    let mut answer = Json(convert::operation(operation)).into_response();
    if !was_running {
        answer.extensions_mut().insert(Untold);
    }
    Ok(answer)
}

/// One that the caller may see.
async fn known(app: &App, grant: &Grant, id: &OperationId) -> Result<Stored, Fail> {
    let operation = app.store.operation(id).await?.filter(|operation| sees(grant, operation));
    operation.ok_or_else(|| Fail::new(Code::UnknownOperation))
}
