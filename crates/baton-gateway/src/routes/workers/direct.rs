//! What operators tell a worker. It hears it with its next heartbeat.

use axum::Json;
use axum::extract::State;
use baton_api::worker::Worker;
use baton_core::{Code, Refusal, WorkerId};
use baton_store::calls::worker::{Directed, Directive};

use crate::app::App;
use crate::convert;
use crate::extract::{Body, Caller, Nothing, WorkerPath};
use crate::problem::Fail;
use crate::roster;

/// Tell a worker to claim no more
///
/// It finishes what it holds, and stays.
#[utoipa::path(
    post, path = "/workers/{id}/quiet", tag = "workers", operation_id = "quiet_worker",
    security(("bearer" = ["workers:admin"])),
    params(WorkerPath),
    responses((status = 200, description = "The worker as it is now", body = Worker)),
    extensions(("x-problem-codes" = json!(["unknown_worker", "payload_too_large", "unsupported_media_type"])))
)]
pub(crate) async fn quiet_worker(
    State(app): State<App>,
    WorkerPath(id): WorkerPath,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Worker>, Fail> {
    direct(&app, &id, Some(Directive::Quiet), &caller).await
}

/// Tell a worker to end
///
/// It finishes or gives back what it holds first.
#[utoipa::path(
    post, path = "/workers/{id}/stop", tag = "workers", operation_id = "stop_worker",
    security(("bearer" = ["workers:admin"])),
    params(WorkerPath),
    responses((status = 200, description = "The worker as it is now", body = Worker)),
    extensions(("x-problem-codes" = json!(["unknown_worker", "payload_too_large", "unsupported_media_type"])))
)]
pub(crate) async fn stop_worker(
    State(app): State<App>,
    WorkerPath(id): WorkerPath,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Worker>, Fail> {
    direct(&app, &id, Some(Directive::Stop), &caller).await
}

/// Let a worker go on
///
/// Takes back what it was told.
#[utoipa::path(
    post, path = "/workers/{id}/resume", tag = "workers", operation_id = "resume_worker",
    security(("bearer" = ["workers:admin"])),
    params(WorkerPath),
    responses((status = 200, description = "The worker as it is now", body = Worker)),
    extensions(("x-problem-codes" = json!(["unknown_worker", "payload_too_large", "unsupported_media_type"])))
)]
pub(crate) async fn resume_worker(
    State(app): State<App>,
    WorkerPath(id): WorkerPath,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Worker>, Fail> {
    direct(&app, &id, None, &caller).await
}

async fn direct(
    app: &App,
    id: &WorkerId,
    directive: Option<Directive>,
    caller: &Caller,
) -> Result<Json<Worker>, Fail> {
    for shard in app.store.shards().all() {
        match app.store.direct(shard, id, directive, caller.by.as_ref()).await? {
            Directed::Done { .. } => {}
            // It never came to this shard; if it came to none, there is no such worker.
            Directed::Refused(refused) if refused.refusal == Refusal::UnknownWorker => {}
            Directed::Refused(refused) => return Err(refused.into()),
        }
    }
    let worker = convert::worker::worker(roster::records(&app.store, id).await?);
    worker.map(Json).ok_or_else(|| Fail::new(Code::UnknownWorker))
}
