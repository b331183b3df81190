//! How a run ended: completed, failed, or given back.

use axum::Json;
use axum::extract::State;
use baton_api::lease::{Complete, Fail as Failed, Outcome as Answer, Release};
use baton_core::{Code, Fence, TaskId, WorkerId, limits};
use baton_store::calls::task::{Outcome, Report, Settle, SettleAnswer, Settled};

use super::{count_fenced, may_report, refused_call};
use crate::app::App;
use crate::extract::{Body, Caller, TaskPath};
use crate::measure;
use crate::problem::Fail;

/// Complete a task
///
/// Repeating the same report is safe: it gets the recorded answer.
#[utoipa::path(
    post, path = "/leases/{id}/complete", tag = "leases", operation_id = "complete_task",
    security(("bearer" = ["tasks:claim"])),
    params(TaskPath),
    request_body = Complete,
    responses((status = 200, description = "The outcome that is recorded", body = Answer)),
    extensions(("x-problem-codes" = json!(["worker_not_bound", "unknown_task", "not_running", "fenced", "already_finished"])))
)]
pub(crate) async fn complete_lease(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Body(said): Body<Complete>,
) -> Result<Json<Answer>, Fail> {
    may_report(&app, &caller.grant, &said.worker, id).await?;
    let result = said.result.as_ref().map_or(Vec::new(), |result| result.get().as_bytes().to_vec());
    if result.len() as u64 > limits::RESULT_BYTES_MAX {
        let message = format!("{} bytes are more than {}", result.len(), limits::RESULT_BYTES_MAX);
        return Err(Fail::new(Code::PayloadTooLarge).at("/result", message));
    }
    report(&app, id, &said.worker, said.fence, "complete", Outcome::Complete { result }).await
}

/// Report that a run failed
///
/// It is tried again if attempts are left and the failure is not permanent.
#[utoipa::path(
    post, path = "/leases/{id}/fail", tag = "leases", operation_id = "fail_task",
    security(("bearer" = ["tasks:claim"])),
    params(TaskPath),
    request_body = Failed,
    responses((status = 200, description = "The outcome that is recorded", body = Answer)),
    extensions(("x-problem-codes" = json!(["worker_not_bound", "unknown_task", "not_running", "fenced", "already_finished"])))
)]
pub(crate) async fn fail_lease(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Body(said): Body<Failed>,
) -> Result<Json<Answer>, Fail> {
    may_report(&app, &caller.grant, &said.worker, id).await?;
    let outcome = failure(&said)?;
    report(&app, id, &said.worker, said.fence, "fail", outcome).await
}

fn failure(said: &Failed) -> Result<Outcome, Fail> {
    let (error, reason) = (said.error.clone().into_bytes(), said.reason.clone());
    let exclusive =
        "a permanent failure and one that ran out of time exclude each other, and a wait of one's own";
    match (said.permanent, said.timed_out, said.retry_in_ms) {
        (false, false, retry_in_ms) => Ok(Outcome::Fail { error, reason, retry_in_ms }),
        (true, false, None) => Ok(Outcome::FailForGood { error, reason }),
        (false, true, None) => Ok(Outcome::TimeOut { error }),
        (true, true, _) => Err(Fail::invalid("/timed_out", exclusive)),
        (_, _, Some(_)) => Err(Fail::invalid("/retry_in_ms", exclusive)),
    }
}

/// Give a task back
///
/// It burns no attempt.
#[utoipa::path(
    post, path = "/leases/{id}/release", tag = "leases", operation_id = "release_task",
    security(("bearer" = ["tasks:claim"])),
    params(TaskPath),
    request_body = Release,
    responses((status = 200, description = "The outcome that is recorded", body = Answer)),
    extensions(("x-problem-codes" = json!(["worker_not_bound", "unknown_task", "not_running", "fenced", "already_finished"])))
)]
pub(crate) async fn release_lease(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Body(said): Body<Release>,
) -> Result<Json<Answer>, Fail> {
    may_report(&app, &caller.grant, &said.worker, id).await?;
    let outcome = Outcome::Release { reason: said.reason, delay_ms: said.delay_ms };
    report(&app, id, &said.worker, said.fence, "release", outcome).await
}

async fn report(
    app: &App,
    id: TaskId,
    worker: &WorkerId,
    fence: Fence,
    call: &'static str,
    outcome: Outcome,
) -> Result<Json<Answer>, Fail> {
    let reports = [Report { task: id, fence, outcome }];
    let settle = Settle { worker, boot: None, reports: &reports, claim: None };
    let each = match app.store.settle(id.shard(), &settle).await? {
        SettleAnswer::Reports { each, .. } => each,
        SettleAnswer::Refused(refused) => return Err(refused_call(call, refused)),
    };
    match each.first() {
        Some(Settled::Now { status, version }) => {
            measure::finished(*status);
            Ok(Json(Answer { id, status: *status, version: version.0, replayed: false }))
        }
        Some(Settled::Recorded { status, version }) => {
            Ok(Json(Answer { id, status: *status, version: version.0, replayed: true }))
        }
        Some(Settled::Refused { refusal, status }) => {
            count_fenced(call, *refusal);
            Err(Fail::refused(*refusal, *status))
        }
        None => Err(Fail::new(Code::Internal)),
    }
}
