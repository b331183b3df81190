//! `POST /flows`: tasks that wait for each other, all or none.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_api::flow::{FlowCreated, NewFlow};
use baton_core::{Code, Refusal};
use baton_store::calls::flow::{FlowAnswer, NewFlow as Stored};

use super::draft::{Draft, draft};
use super::list::flow;
use crate::app::App;
use crate::extract::{Caller, IdempotencyKey, Key, Whole, replayed};
use crate::measure;
use crate::problem::Fail;

/// Submit a flow
///
/// Up to 100,000 tasks that wait for each other, in any order: all of them are made, or none. What is wrong is answered
/// completely, with the places in the body. With `Idempotency-Key` the call may be repeated: the same key and body answer
/// the same flow for 24 hours, also where the first try did not come to its end.
#[utoipa::path(
    post, path = "/flows", tag = "flows", operation_id = "submit_flow",
    security(("bearer" = ["tasks:write"])),
    params(IdempotencyKey),
    request_body = NewFlow,
    responses(
        (status = 201, description = "It is new", body = FlowCreated,
         headers(("Location" = String, description = "Where the flow is"))),
        (status = 200, description = "It was there before: a repeat of the same request", body = FlowCreated),
    ),
    extensions(("x-problem-codes" = json!([
        "dependency_cycle", "idempotency_mismatch", "conflict", "storage_full", "overloaded",
    ])))
)]
pub(crate) async fn submit_flow(
    State(app): State<App>,
    caller: Caller,
    Key(op): Key,
    body: Whole<NewFlow>,
) -> Result<Response, Fail> {
    let id = app.store.draw_flow(app.store.place(None, op.as_ref()));
    let (traceparent, grant) = (caller.traceparent, caller.grant);
    let Draft { name, tasks, parents } =
        app.apart(move || draft(&body.bytes, id, traceparent.as_deref(), &grant)).await??;
    let asked = Stored { id, name, tasks, parents, by: caller.by, op };
    let (found, created) = match app.store.submit_flow(&asked).await? {
        FlowAnswer::Created { flow } => (flow, true),
        FlowAnswer::Replayed { flow } => (flow, false),
        FlowAnswer::Refused(refused) if refused.refusal == Refusal::UnknownFlow => return Err(given_up()),
        FlowAnswer::Refused(refused) => return Err(refused.into()),
    };
    if created {
        asked.tasks.iter().for_each(|task| measure::submitted(&task.queue, &task.kind));
    }
    let refs = Draft::refs(&asked.tasks, found);
    let answer = FlowCreated { flow: flow(&app, found).await?, refs };
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let location = format!("/api/v1/flows/{found}");
    let answer = (status, [(header::LOCATION, location)], Json(answer)).into_response();
    Ok(if created { answer } else { replayed(answer) })
}

/// Nobody came on with its draft for so long that it was taken for abandoned.
fn given_up() -> Fail {
    let detail =
        "The flow was given up while it was being written, and nothing of it is left. Send it again.";
    Fail::new(Code::Conflict).because(detail).again_after(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Asked;

    #[test]
    fn a_flow_that_was_given_up_is_sent_again() {
        let asked = Asked {
            path: "/api/v1/flows".to_owned(),
            request_id: "r".to_owned(),
            trace_id: None,
            page: None,
        };
        let answer = given_up().render(&asked);
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
    }
}
