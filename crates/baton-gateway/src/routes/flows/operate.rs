//! What is done to a flow as a whole. It begins at once, and goes on by itself, some hundred tasks at a time.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use baton_api::flow::Flow;
use baton_api::task::Operate;
use baton_auth::Action;
use baton_core::{Code, FlowId, Refusal};
use baton_store::calls::flow::{Begin, Begun};

use super::list::flow;
use crate::app::App;
use crate::auth::reach;
use crate::extract::{Body, Caller, FlowPath, IdempotencyKey, Key, replayed};
use crate::problem::Fail;
use crate::trail::explained;

/// When to ask again where something else is being done with the flow.
const AGAIN_MS: u64 = 1_000;

/// Cancel a flow
///
/// Everything of it that has not ended. The answer comes when this has begun; it is over when `doing` is gone.
#[utoipa::path(
    post, path = "/flows/{id}/cancel", tag = "flows", operation_id = "cancel_flow",
    security(("bearer" = ["tasks:cancel"])),
    params(FlowPath, IdempotencyKey),
    request_body = Option<Operate>,
    responses((status = 202, description = "The flow as it is now", body = Flow)),
    extensions(("x-problem-codes" = json!(["unknown_flow", "conflict", "idempotency_mismatch"])))
)]
pub(crate) async fn cancel_flow(
    State(app): State<App>,
    FlowPath(id): FlowPath,
    caller: Caller,
    Key(op): Key,
    Body(why): Body<Operate>,
) -> Result<Response, Fail> {
    reach::flow(&app, &caller.grant, id, Action::TasksCancel).await?;
    let begin = Begin { flow: id, by: caller.by.as_ref(), reason: &why.reason, op: op.as_ref() };
    let begun = app.store.cancel_flow(&begin).await?;
    Ok(explained(&why.reason, answer(&app, id, begun).await?))
}

/// Rerun what ended badly in a flow
///
/// Its tasks that failed, timed out or were cancelled; what waits for them goes on when they complete.
#[utoipa::path(
    post, path = "/flows/{id}/rerun", tag = "flows", operation_id = "rerun_flow",
    security(("bearer" = ["tasks:write"])),
    params(FlowPath, IdempotencyKey),
    request_body = Option<Operate>,
    responses((status = 202, description = "The flow as it is now", body = Flow)),
    extensions(("x-problem-codes" = json!(["unknown_flow", "conflict", "idempotency_mismatch"])))
)]
pub(crate) async fn rerun_flow(
    State(app): State<App>,
    FlowPath(id): FlowPath,
    caller: Caller,
    Key(op): Key,
    Body(why): Body<Operate>,
) -> Result<Response, Fail> {
    reach::flow(&app, &caller.grant, id, Action::TasksWrite).await?;
    let begin = Begin { flow: id, by: caller.by.as_ref(), reason: &why.reason, op: op.as_ref() };
    let begun = app.store.rerun_flow(&begin).await?;
    Ok(explained(&why.reason, answer(&app, id, begun).await?))
}

async fn answer(app: &App, id: FlowId, begun: Begun) -> Result<Response, Fail> {
    let is_repeat = match begun {
        Begun::Tasks { replayed, .. } => replayed,
        Begun::Refused(refused) if refused.refusal == Refusal::Conflict => {
            return Err(busy(refused.detail.as_deref()));
        }
        Begun::Refused(refused) => return Err(refused.into()),
    };
    let answer = (StatusCode::ACCEPTED, Json(flow(app, id).await?)).into_response();
    Ok(if is_repeat { replayed(answer) } else { answer })
}

fn busy(doing: Option<&str>) -> Fail {
    let detail = match doing {
        Some("lay_out") => "The flow was just submitted, and its tasks still come into their places.",
        Some("cancel") => "The flow is just being cancelled.",
        Some("rerun") => "The flow is just being rerun.",
        _ => "Something else is being done with the flow.",
    };
    Fail::new(Code::Conflict).because(format!("{detail} Ask again in a moment.")).again_after(AGAIN_MS)
}
