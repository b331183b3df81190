//! `POST /workers/{id}/claim`: tasks, at once or as soon as there are some.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use baton_api::Timestamp;
use baton_api::lease::Pair;
use baton_api::worker::{Claim, ClaimAnswer, Claimed, Claims, QueueOrder};
use baton_auth::Action;
use baton_core::{Code, LeaseLength, QueueName, WorkerId, limits};
use utoipa::IntoParams;

use super::answer::all_granted;
use super::round::{Claimer, Round};
use crate::app::App;
use crate::auth::Grant;
use crate::convert::claim::gone;
use crate::extract::{Body, Caller, FromTerms, Query, Terms, WorkerPath};
use crate::hold::{self, Hold, Prefer};
use crate::problem::Fail;
use crate::roster;
use crate::waiting::Waiter;

/// How long to wait for work.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClaimQuery {
    /// Wait this many seconds, at most 60, for work; `Prefer: wait=N` asks for the same.
    #[param(minimum = 0, maximum = 86_400)]
    wait: Option<u64>,
}

impl FromTerms for ClaimQuery {
    const KNOWN: &[&str] = &["wait"];

    fn read(terms: &mut Terms) -> ClaimQuery {
        ClaimQuery { wait: hold::wait(terms) }
    }
}

/// Claim tasks
///
/// Out of the queues that it names, all of which the credential must allow; or else out of those with which the worker is
/// registered, as far as the credential allows them. Safe to repeat: what an earlier answer brought and `holding` does not list comes again, under the same fence. Without
/// `max` the answer is one bare task.
#[utoipa::path(
    post, path = "/workers/{id}/claim", tag = "workers", operation_id = "claim_tasks",
    security(("bearer" = ["tasks:claim"])),
    params(
        WorkerPath,
        ClaimQuery,
        ("Prefer" = Option<String>, Header, description = "`wait=N`: see `wait`", example = "wait=30"),
    ),
    request_body = Option<Claim>,
    responses(
        (status = 200, description = "Tasks under the worker's lease; or pairs that are gone", body = ClaimAnswer),
        (status = 204, description = "There is no work"),
    ),
    extensions(("x-problem-codes" = json!(["worker_not_bound", "unknown_worker", "superseded", "lease_lost", "conflict", "overloaded"])))
)]
pub(crate) async fn claim_tasks(
    State(app): State<App>,
    WorkerPath(worker): WorkerPath,
    Query(query): Query<ClaimQuery>,
    caller: Caller,
    prefer: Prefer,
    Body(asked): Body<Claim>,
) -> Result<Response, Fail> {
    caller.grant.must_be(&worker)?;
    check(&asked)?;
    caller.grant.must_in_all(Action::TasksClaim, &asked.queues, |at| format!("/queues/{at}"))?;
    let hold = Hold::begin(&app, query.wait, prefer, &caller.grant)?;
    let bare = asked.max.is_none();
    let claimer = complete(&app, caller.grant, worker, asked).await?;
    let waiter = app.waiting.join(&claimer.queues);
    loop {
        let round = Round::of(&app, &claimer).await?;
        if !round.is_empty() || claimer.max == 0 || hold.is_over(&app) {
            round.count(&claimer);
            return Ok(hold.applied(answer(&app, round, bare).await?));
        }
        let look_after = Waiter::look_after().min(round.again_in().unwrap_or(Duration::MAX));
        hold.until(&app, look_after, waiter.hinted()).await?;
    }
}

fn check(asked: &Claim) -> Result<(), Fail> {
    if asked.max.is_some_and(|max| max > limits::CLAIM_TASKS_MAX) {
        return Err(Fail::invalid("/max", format!("it is at most {}", limits::CLAIM_TASKS_MAX)));
    }
    if asked.queues.len() as u64 > limits::CLAIM_QUEUES_MAX {
        return Err(Fail::invalid("/queues", format!("at most {} queues", limits::CLAIM_QUEUES_MAX)));
    }
    check_holding(&asked.holding)
}

pub(super) fn check_holding(holding: &[Pair]) -> Result<(), Fail> {
    if holding.len() as u64 > limits::HELD_TASKS_MAX {
        return Err(Fail::invalid("/holding", format!("at most {} pairs", limits::HELD_TASKS_MAX)));
    }
    Ok(())
}

/// Queues that the request names are those that the grant allows; of the others those stay that it does.
async fn complete(app: &App, grant: Arc<Grant>, worker: WorkerId, asked: Claim) -> Result<Claimer, Fail> {
    let (mut boot, mut queues) = (asked.boot, asked.queues);
    if boot.is_none() || queues.is_empty() {
        for (_, record) in roster::records(&app.store, &worker).await? {
            boot = boot.or(record.boot);
            if queues.is_empty() {
                let named = record.about.get("queues").map(String::as_str).unwrap_or_default();
                queues = named.split(',').filter_map(|name| name.parse().ok()).collect();
            }
        }
    }
    if queues.is_empty() {
        queues.push(QueueName::default());
    }
    queues.retain(|queue| grant.reaches(Action::TasksClaim, queue));
    if queues.is_empty() {
        let detail =
            "The credential does not allow claims from any queue with which the worker is registered.";
        return Err(Fail::lacks(Action::TasksClaim).because(detail));
    }
    let boot = boot.ok_or_else(|| Fail::new(Code::UnknownWorker))?;
    Ok(Claimer {
        grant,
        worker,
        boot,
        expects: asked.expects,
        queues,
        in_order: asked.order == Some(QueueOrder::Listed),
        holding: asked.holding,
        max: asked.max.unwrap_or(1),
    })
}

async fn answer(app: &App, round: Round, bare: bool) -> Result<Response, Fail> {
    let lease = round.grants.first().map_or(LeaseLength::default(), |grants| grants.lease);
    let until_ms = round.since_ms + lease.ms();
    let empty = round.is_empty();
    let solo_waiting = round.grants.iter().any(|grants| grants.solo_waiting);
    let (mut tasks, mut listed_gone) = (Vec::new(), Vec::new());
    for grants in round.grants {
        tasks.extend(grants.tasks);
        listed_gone.extend(grants.gone.into_iter().map(gone));
    }
    if bare {
        tasks.truncate(1);
    }
    let tasks = all_granted(&app.store, tasks, until_ms).await?;
    Ok(match bare {
        true => one(tasks),
        false if empty => StatusCode::NO_CONTENT.into_response(),
        false => Json(ClaimAnswer::Many(Claims {
            tasks,
            lease_expires_at: Timestamp::from_ms(until_ms),
            renew_every_ms: lease.renew_every_ms(),
            gone: listed_gone,
            solo_waiting,
        }))
        .into_response(),
    })
}

/// Further ones, redelivered together, come with the next claims.
fn one(tasks: Vec<Claimed>) -> Response {
    match tasks.into_iter().next() {
        Some(task) => Json(ClaimAnswer::One(task)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}
