//! `POST /workers/{id}/heartbeat`: a worker lives, and says what it holds.

use axum::Json;
use axum::extract::State;
use baton_api::Timestamp;
use baton_api::lease::Gone;
use baton_api::worker::{Alive, Heartbeat};
use baton_core::{LeaseLength, Refusal, Shard};
use baton_store::calls::Refused;
use baton_store::calls::worker::{Renew, Renewal, Renewed};
use futures_util::future::try_join_all;

use super::claim::check_holding;
use super::register::refused_boot;
use crate::app::App;
use crate::convert::claim::{gone, pairs_of};
use crate::convert::worker::directives;
use crate::extract::{Body, Caller, WorkerPath};
use crate::problem::Fail;
use crate::{clock, roster};

/// Send a sign of life
///
/// Prolongs the leases of everything that the worker holds, and answers where its picture differs from what is so.
#[utoipa::path(
    post, path = "/workers/{id}/heartbeat", tag = "workers", operation_id = "worker_heartbeat",
    security(("bearer" = ["tasks:claim"])),
    params(WorkerPath),
    request_body = Option<Heartbeat>,
    responses((status = 200, description = "Until when its leases last now, and what it must stop", body = Alive)),
    extensions(("x-problem-codes" = json!(["worker_not_bound", "unknown_worker", "superseded", "lease_lost", "conflict"])))
)]
pub(crate) async fn worker_heartbeat(
    State(app): State<App>,
    WorkerPath(worker): WorkerPath,
    caller: Caller,
    Body(said): Body<Heartbeat>,
) -> Result<Json<Alive>, Fail> {
    caller.grant.must_be(&worker)?;
    check_holding(&said.holding)?;
    let boot = match said.boot {
        Some(boot) => boot,
        None => roster::current_boot(&app.store, &worker).await?,
    };
    let since_ms = clock::now_ms();
    let renew = async |shard: Shard| {
        let holding = pairs_of(shard, &said.holding);
        let renew = Renew { worker: &worker, boot: &boot, holding: &holding, alone: false, about: &[] };
        app.store.renew(shard, &renew).await.map(|renewed| (shard, renewed))
    };
    let each = try_join_all(app.store.shards().all().map(renew)).await?;
    let mut lost = Vec::new();
    let mut renewals: Vec<Renewal> = Vec::new();
    let mut no: Option<Refused> = None;
    for (shard, renewed) in each {
        match renewed {
            Renewed::Until(renewal) => renewals.push(renewal),
            Renewed::Refused(refused) if refused.refusal == Refusal::Superseded => return Err(refused.into()),
            Renewed::Refused(refused) => {
                lost.push(shard);
                no = Some(refused);
            }
        }
    }
    // A lease is lost shard by shard; one that lives in none is lost altogether.
    let Some(lease) = renewals.iter().map(|renewal| renewal.lease.ms()).min() else {
        return Err(
            no.map_or_else(|| Refused { refusal: Refusal::UnknownWorker, detail: None }.into(), refused_boot)
        );
    };
    let there = said.holding.iter().filter(|pair| lost.contains(&pair.task.shard()));
    let why = no.map_or(Refusal::LeaseLost, |refused| refused.refusal);
    let stranded =
        there.map(|pair| Gone { task: pair.task, fence: pair.fence, why: why.to_string() }).collect();
    Ok(Json(alive(since_ms + lease, lease, stranded, renewals)))
}

fn alive(until_ms: u64, lease_ms: u64, stranded: Vec<Gone>, renewals: Vec<Renewal>) -> Alive {
    let every = LeaseLength::from_ms(lease_ms).unwrap_or_default().renew_every_ms();
    let told = renewals.iter().find_map(|renewal| renewal.directive);
    let mut alive = Alive {
        lease_expires_at: Timestamp::from_ms(until_ms),
        renew_every_ms: every,
        gone: stranded,
        unknown: Vec::new(),
        directives: directives(told),
    };
    for renewal in renewals {
        alive.gone.extend(renewal.gone.into_iter().map(gone));
        alive.unknown.extend(renewal.unknown);
    }
    alive
}
