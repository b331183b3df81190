//! The heartbeat of a single lease.

use axum::Json;
use axum::extract::State;
use baton_api::Timestamp;
use baton_api::lease::{Beat, Beaten};
use baton_core::{Code, Refusal};
use baton_store::calls::worker::{Renew, Renewed};
use baton_store::calls::{Pair, Refused};

use super::{may_report, refused_call};
use crate::app::App;
use crate::extract::{Body, Caller, TaskPath};
use crate::problem::Fail;
use crate::{clock, measure, roster};

/// Prolong the lease of one task
///
/// For a worker that holds this task and no other; one that holds several sends the worker's heartbeat.
#[utoipa::path(
    post, path = "/leases/{id}/heartbeat", tag = "leases", operation_id = "renew_lease",
    security(("bearer" = ["tasks:claim"])),
    params(TaskPath),
    request_body = Beat,
    responses((status = 200, description = "Until when the lease lasts now", body = Beaten)),
    extensions(("x-problem-codes" = json!([
        "worker_not_bound", "unknown_task", "unknown_worker", "fenced", "superseded", "lease_lost", "conflict",
    ])))
)]
pub(crate) async fn renew_lease(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Body(said): Body<Beat>,
) -> Result<Json<Beaten>, Fail> {
    may_report(&app, &caller.grant, &said.worker, id).await?;
    let boot = match said.boot {
        Some(boot) => boot,
        None => roster::current_boot(&app.store, &said.worker).await?,
    };
    let since = clock::now_ms();
    let holding = [Pair { task: id, fence: said.fence, timeout_ms: None }];
    let renew = Renew { worker: &said.worker, boot: &boot, holding: &holding, alone: true, about: &[] };
    let renewal = match app.store.renew(id.shard(), &renew).await? {
        Renewed::Until(renewal) => renewal,
        Renewed::Refused(Refused { refusal: Refusal::Conflict, detail: None }) => {
            let detail = "The worker holds more than this task: send POST /api/v1/workers/{id}/heartbeat with all it holds.";
            return Err(Fail::new(Code::Conflict).because(detail));
        }
        Renewed::Refused(refused) => return Err(refused_call("heartbeat", refused)),
    };
    if let Some(gone) = renewal.gone.first() {
        measure::fenced("heartbeat");
        let detail = format!("The lease of this task is over ({}). {}", gone.why, Code::Fenced.advice());
        return Err(Fail::new(Code::Fenced).because(detail));
    }
    let (lease_ms, renew_every_ms) = (renewal.lease.ms(), renewal.lease.renew_every_ms());
    Ok(Json(Beaten { lease_expires_at: Timestamp::from_ms(since + lease_ms), renew_every_ms }))
}
