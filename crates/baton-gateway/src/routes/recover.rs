//! `POST /recover`: what a restart of the whole fleet would lead to, now.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use baton_api::pool::{Recovery, Silent};
use baton_api::worker::{State as WorkerState, Worker};
use baton_core::{LeaseLength, Status};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::convert::worker::counts;
use crate::extract::{Body, Nothing};
use crate::problem::Fail;
use crate::{clock, roster};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(recover))
}

/// Recover now
///
/// Does at once what the fleet does by itself sooner or later: takes tasks back whose holders lost their lease, and moves
/// scheduled tasks that are due to their queues. Nothing is taken from whoever still has a lease. It takes three to four
/// seconds; who asks meanwhile gets the same answer.
#[utoipa::path(
    post, path = "/recover", tag = "workers", operation_id = "recover",
    security(("bearer" = ["workers:admin"])),
    responses((status = 200, description = "What was done, and how the fleet stands now", body = Recovery)),
    extensions(("x-problem-codes" = json!(["payload_too_large", "unsupported_media_type"])))
)]
pub(crate) async fn recover(
    State(app): State<App>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Recovery>, Fail> {
    let began = clock::instant();
    let recovered = app.recovering.recover(&app.store).await?;
    let workers = roster::workers(&app.store).await?;
    let mut tasks: BTreeMap<String, u64> = Status::ALL.iter().map(|status| (status.to_string(), 0)).collect();
    for sum in roster::queues(&app.store).await? {
        sum.words().into_iter().for_each(|(status, count)| *tasks.entry(status).or_default() += count);
    }
    Ok(Json(Recovery {
        reclaimed: recovered.reclaimed,
        matured: recovered.matured,
        tasks,
        silent: workers.iter().filter(|worker| is_silent(worker)).map(silent).collect(),
        workers: counts(&workers),
        took_ms: began.elapsed().as_millis() as u64,
    }))
}

/// It holds something, and has left, or missed two of its heartbeats.
fn is_silent(worker: &Worker) -> bool {
    let renew_ms = LeaseLength::from_ms(worker.lease_ms).unwrap_or_default().renew_every_ms();
    let is_late = worker.heartbeat_age_ms.is_none_or(|age| age > 2 * renew_ms);
    worker.holds > 0 && (worker.state == WorkerState::Offline || is_late)
}

fn silent(worker: &Worker) -> Silent {
    Silent { worker: worker.id.clone(), holds: worker.holds, lease_expires_at: worker.lease_expires_at }
}
