//! `POST /tasks/{id}/claim`: this task and no other.

use axum::Json;
use axum::extract::State;
use baton_api::worker::{ClaimOne, Claimed};
use baton_auth::Action;
use baton_core::{Code, LeaseLength, Refusal};
use baton_store::calls::task;

use super::answer::granted;
use super::claim::check_holding;
use super::register::refused_boot;
use crate::app::App;
use crate::auth::reach;
use crate::convert::claim::pairs_of;
use crate::extract::{Body, Caller, TaskPath};
use crate::problem::Fail;
use crate::{clock, measure, roster};

/// Claim one task
///
/// By its id: the same gate and the same lease as for any claim. What the worker holds without listing it in `holding` may
/// be answered instead, as after any lost answer.
#[utoipa::path(
    post, path = "/tasks/{id}/claim", tag = "workers", operation_id = "claim_task",
    security(("bearer" = ["tasks:claim"])),
    params(TaskPath),
    request_body = ClaimOne,
    responses((status = 200, description = "The task under the worker's lease", body = Claimed)),
    extensions(("x-problem-codes" = json!([
        "worker_not_bound", "unknown_task", "unknown_worker", "superseded", "lease_lost", "conflict", "already_finished", "parents_open",
        "queue_paused", "limit_reached",
    ])))
)]
pub(crate) async fn claim_task(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Body(asked): Body<ClaimOne>,
) -> Result<Json<Claimed>, Fail> {
    caller.grant.must_be(&asked.worker)?;
    reach::task(&app, &caller.grant, id, Action::TasksClaim).await?;
    check_holding(&asked.holding)?;
    let boot = match asked.boot {
        Some(boot) => boot,
        None => roster::current_boot(&app.store, &asked.worker).await?,
    };
    let since_ms = clock::now_ms();
    let holding = pairs_of(id.shard(), &asked.holding);
    let claim = task::Claim {
        worker: &asked.worker,
        boot: &boot,
        expects: asked.expects.as_ref(),
        lease: LeaseLength::default(),
        queues: &[],
        in_order: false,
        max: 1,
        only: Some(id),
        holding: &holding,
    };
    match app.store.claim(id.shard(), &claim).await? {
        task::Claimed::Tasks(grants) => {
            let until_ms = since_ms + grants.lease.ms();
            let alone = grants.solo_waiting;
            let mut tasks = grants.tasks;
            // What another credential of the same worker holds is not for this one.
            tasks.retain(|grant| caller.grant.reaches(Action::TasksClaim, &grant.queue));
            // The one that was asked for, if it is among them.
            tasks.sort_by_key(|grant| grant.task != id);
            let grant = tasks.into_iter().next().ok_or_else(|| not_now(alone))?;
            measure::claimed(&grant.queue, if grant.redelivered { "redelivered" } else { "granted" });
            granted(&app.store, grant, until_ms).await.map(Json)
        }
        task::Claimed::Refused(refused) => match (refused.refusal, &refused.detail) {
            (Refusal::Conflict, Some(word)) if word.parse::<baton_core::Status>().is_ok() => {
                Err(Fail::refused(Refusal::Conflict, word.parse().ok()))
            }
            _ => Err(refused_boot(refused)),
        },
    }
}

fn not_now(alone: bool) -> Fail {
    Fail::new(Code::Conflict).because(match alone {
        true => "The task must run alone: settle everything that the worker holds, then claim it.",
        false => "The task is held by this worker already, or has just been taken.",
    })
}
