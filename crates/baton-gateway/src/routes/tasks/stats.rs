//! `GET /tasks/stats`: how many tasks there are.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use baton_api::Timestamp;
use baton_api::task::Stats;
use baton_core::Status;

use crate::app::App;
use crate::extract::Caller;
use crate::problem::Fail;
use crate::{clock, roster};

/// Count tasks
///
/// By status, over all queues that the credential may read and by queue; with the share of those still kept that completed.
#[utoipa::path(
    get, path = "/tasks/stats", tag = "tasks", operation_id = "get_task_stats",
    security(("bearer" = ["tasks:read"])),
    responses((status = 200, description = "The counts", body = Stats))
)]
pub(crate) async fn task_stats(State(app): State<App>, caller: Caller) -> Result<Json<Stats>, Fail> {
    let mut queues = roster::queues(&app.store).await?;
    queues.retain(|queue| caller.grant.reads(&queue.name));
    let of = |status: Status| queues.iter().map(|queue| queue.of(status)).sum::<u64>();
    let ended = of(Status::Completed) + of(Status::Failed) + of(Status::Timeout);
    let tasks: BTreeMap<String, u64> =
        Status::ALL.iter().map(|status| (status.to_string(), of(*status))).collect();
    Ok(Json(Stats {
        timestamp: Timestamp::from_ms(clock::now_ms()),
        success_rate: (ended > 0).then(|| of(Status::Completed) as f64 / ended as f64),
        queues: queues.iter().map(|queue| (queue.name.to_string(), queue.words())).collect(),
        tasks,
    }))
}
