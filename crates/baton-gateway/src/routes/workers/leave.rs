//! `DELETE /workers/{id}`: a worker leaves, and what it holds goes back to its queues.

use axum::Json;
use axum::extract::State;
use baton_api::worker::{Leave, Left};
use baton_auth::Action;
use baton_core::{Boot, LeaseLength, Refusal, Shard, WorkerId};
use baton_store::calls::task::{Claim, Claimed, Grant, Outcome, Report, Settle, SettleAnswer};
use baton_store::calls::worker::Deregistered;

use super::register::refused_boot;
use crate::app::App;
use crate::extract::{Body, Caller, WorkerPath};
use crate::problem::Fail;
use crate::roster;

/// What a worker holds comes in pieces; there are no more than this.
const PIECES_MAX: usize = 8;

/// Remove a worker
///
/// For a worker that leaves in good order, or for an operator who knows that it is gone. What it held is pending again, and
/// nothing that it says later counts. Its record stays for a day and shows it offline.
#[utoipa::path(
    delete, path = "/workers/{id}", tag = "workers", operation_id = "remove_worker",
    security(("bearer" = ["tasks:claim"]), ("bearer" = ["workers:admin"])),
    params(WorkerPath),
    request_body = Option<Leave>,
    responses((status = 200, description = "It has left", body = Left)),
    extensions(("x-problem-codes" = json!(["worker_not_bound", "unknown_worker", "superseded", "lease_lost", "conflict"])))
)]
pub(crate) async fn remove_worker(
    State(app): State<App>,
    WorkerPath(worker): WorkerPath,
    caller: Caller,
    Body(said): Body<Leave>,
) -> Result<Json<Left>, Fail> {
    // The worker itself, or an operator.
    let own = caller.grant.must(Action::TasksClaim).and_then(|()| caller.grant.must_be(&worker));
    own.or_else(|no| caller.grant.must(Action::WorkersAdmin).map_err(|_| no))?;
    let boot = match said.boot {
        Some(boot) => boot,
        None => roster::current_boot(&app.store, &worker).await?,
    };
    let mut released = 0;
    for shard in app.store.shards().all() {
        // A worker that never came to this shard has nothing here; asking would register it.
        if app.store.worker(shard, &worker).await?.worker.is_none() {
            continue;
        }
        released += empty(&app, shard, &worker, &boot).await?;
        match app.store.deregister(shard, &worker, &boot).await? {
            Deregistered::Left => {}
            Deregistered::Refused(refused) if refused.refusal == Refusal::UnknownWorker => {}
            Deregistered::Refused(refused) => return Err(refused_boot(refused)),
        }
    }
    Ok(Json(Left { released }))
}

/// Gives back everything that this boot holds: a claim that lists nothing and wants nothing brings it.
async fn empty(app: &App, shard: Shard, worker: &WorkerId, boot: &Boot) -> Result<u64, Fail> {
    let mut released = 0;
    for _ in 0..PIECES_MAX {
        let claim = Claim {
            worker,
            boot,
            expects: None,
            lease: LeaseLength::default(),
            queues: &[],
            in_order: false,
            max: 0,
            only: None,
            holding: &[],
        };
        let tasks = match app.store.claim(shard, &claim).await? {
            Claimed::Tasks(grants) => grants.tasks,
            Claimed::Refused(refused) => return Err(refused_boot(refused)),
        };
        if tasks.is_empty() {
            break;
        }
        let reports: Vec<Report> = tasks.iter().take(100).map(release).collect();
        let settle = Settle { worker, boot: Some(boot), reports: &reports, claim: None };
        match app.store.settle(shard, &settle).await? {
            SettleAnswer::Reports { .. } => released += reports.len() as u64,
            SettleAnswer::Refused(refused) => return Err(refused.into()),
        }
    }
    Ok(released)
}

fn release(grant: &Grant) -> Report {
    let outcome = Outcome::Release { reason: "its worker left".to_owned(), delay_ms: None };
    Report { task: grant.task, fence: grant.fence, outcome }
}
