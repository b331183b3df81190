//! `GET /tasks/{id}/explain`: why is it where it is, and what would move it?

use axum::Json;
use axum::extract::State;
use baton_api::task::{Explanation, Task};
use baton_api::worker::{State as WorkerState, Worker};
use baton_core::Status;

use super::{read, waits};
use crate::app::App;
use crate::convert::queue::Sum;
use crate::convert::worker::serves;
use crate::extract::{Caller, TaskPath};
use crate::problem::Fail;
use crate::roster;

/// A stable word, a sentence, and the next thing to do.
pub(super) struct Said {
    code: &'static str,
    sentence: String,
    action: Option<String>,
}

pub(super) fn said(code: &'static str, sentence: impl Into<String>, action: Option<String>) -> Said {
    Said { code, sentence: sentence.into(), action }
}

/// Explain a task
///
/// Why it does not run, or how it ended: one sentence, and the command line that would move it.
#[utoipa::path(
    get, path = "/tasks/{id}/explain", tag = "tasks", operation_id = "explain_task",
    security(("bearer" = ["tasks:read"])),
    params(TaskPath),
    responses((status = 200, description = "Why it is where it is", body = Explanation)),
    extensions(("x-problem-codes" = json!(["unknown_task"])))
)]
pub(crate) async fn explain_task(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
) -> Result<Json<Explanation>, Fail> {
    let task = read::task(&app, &caller.grant, id).await?;
    let Said { code, sentence, action } = match task.status {
        Status::Pending => {
            let queue = roster::queue(&app.store, &task.queue).await?;
            pending(&task, queue.as_ref(), &roster::workers(&app.store).await?)
        }
        Status::Running => running(&task, &roster::workers(&app.store).await?),
        Status::Blocked => waits::said_of(&app.store, &task, &caller.grant).await?,
        // One that nobody here can run comes and goes every few seconds: when it is due says nothing.
        Status::Scheduled if task.attempt == 0 => {
            let workers = roster::workers(&app.store).await?;
            let back = task.started_at.and_then(|_| unhandled(&task, &attending(&task, &workers)));
            back.unwrap_or_else(|| at_rest(&task))
        }
        _ => at_rest(&task),
    };
    Ok(Json(Explanation { id, status: task.status, code: code.to_owned(), sentence, action }))
}

fn attending<'a>(task: &Task, workers: &'a [Worker]) -> Vec<&'a Worker> {
    workers.iter().filter(|worker| serves(worker, &task.queue)).collect()
}

/// Nobody who claims from its queue has a handler for its kind.
fn unhandled(task: &Task, attending: &[&Worker]) -> Option<Said> {
    let (name, kind) = (&task.queue, &task.kind);
    let handles =
        |worker: &&Worker| worker.kinds.is_empty() || worker.kinds.iter().any(|known| known == kind.as_str());
    if attending.is_empty() || attending.iter().any(handles) {
        return None;
    }
    let mut known: Vec<&str> =
        attending.iter().flat_map(|worker| &worker.kinds).map(String::as_str).collect();
    known.sort_unstable();
    known.dedup();
    known.truncate(20);
    let sentence = format!(
        "No live worker handles the kind {kind}; those of the queue {name} handle {}.",
        known.join(", ")
    );
    Some(said("kind_unhandled", sentence, Some("baton worker ls -o wide".to_owned())))
}

fn pending(task: &Task, queue: Option<&Sum>, workers: &[Worker]) -> Said {
    let name = &task.queue;
    if queue.is_some_and(|queue| queue.paused_ms.is_some()) {
        let action = format!("baton queue resume {name}");
        return said("queue_paused", format!("The queue {name} is paused."), Some(action));
    }
    let attending = attending(task, workers);
    if attending.is_empty() {
        let action = format!("baton worker run --queues {name}");
        return said("no_worker", format!("No live worker claims from the queue {name}."), Some(action));
    }
    if let Some(unhandled) = unhandled(task, &attending) {
        return unhandled;
    }
    if let Some(limited) = queue.and_then(|queue| limited(task, queue)) {
        return limited;
    }
    if attending.iter().all(|worker| worker.state == WorkerState::Busy) {
        let ahead = queue.map_or(0, |queue| queue.of(Status::Pending));
        let sentence = format!(
            "All {} workers of the queue {name} are busy; {ahead} tasks wait in it.",
            attending.len()
        );
        return said("workers_busy", sentence, Some(format!("baton task reprioritise {} 9", task.id)));
    }
    said("waiting", format!("It waits in the queue {name}, and will be claimed in its turn."), None)
}

/// As much of the queue has started as its limits allow.
fn limited(task: &Task, queue: &Sum) -> Option<Said> {
    let (name, limits) = (&task.queue, queue.limits());
    let running = queue.of(Status::Running);
    if let Some(most) = limits.concurrency.filter(|most| running >= *most) {
        let sentence = format!("{running} tasks of the queue {name} run, as many as its limit allows.");
        return Some(said(
            "limit_reached",
            sentence,
            Some(format!("baton queue set {name} --concurrency {}", 2 * most)),
        ));
    }
    if let Some(rate) = limits.rate.filter(|rate| queue.starts >= rate.count) {
        let sentence = format!(
            "{} tasks of the queue {name} started in the last {} ms, as many as its rate allows.",
            queue.starts, rate.per_ms
        );
        return Some(said("limit_reached", sentence, Some(format!("baton queue get {name}"))));
    }
    let (group, most) = task.group.as_ref().zip(limits.group_concurrency)?;
    (queue.waiting > 0).then(|| {
        let sentence = format!(
            "At most {most} tasks of a group of the queue {name} run at once, and {} wait for that; it is of the group {group}.",
            queue.waiting
        );
        said("group_limit", sentence, Some(format!("baton queue get {name}")))
    })
}

fn running(task: &Task, workers: &[Worker]) -> Said {
    let name = task.worker.as_deref().unwrap_or("a worker");
    let since = task.started_at.map_or(String::new(), |at| format!(" since {at}"));
    let holder = workers.iter().find(|worker| Some(worker.id.as_str()) == task.worker.as_deref());
    match holder.and_then(|worker| worker.lease_expires_at) {
        Some(until) => {
            said("running", format!("{name} runs it{since}; its lease lasts until {until}."), None)
        }
        None => {
            let sentence =
                format!("{name} took it{since} and is not heard of: it goes back to its queue by itself.");
            said("holder_gone", sentence, Some(format!("baton worker get {name}")))
        }
    }
}

fn at_rest(task: &Task) -> Said {
    let rerun = || Some(format!("baton task rerun {}", task.id));
    let at = |time: Option<baton_api::Timestamp>| time.map_or(String::new(), |time| format!(" {time}"));
    let why = task.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    match task.status {
        Status::Scheduled => {
            let promote = Some(format!("baton task promote {}", task.id));
            let until = at(task.run_at);
            match task.attempt {
                0 => said("scheduled", format!("It is not to run before{until}."), promote),
                failed => said(
                    "retrying",
                    format!("Attempt {failed} of {} failed{why}; the next one is{until}.", task.max_attempts),
                    promote,
                ),
            }
        }
        Status::Completed => said("completed", format!("It completed{}.", at(task.finished_at)), None),
        Status::Cancelled => {
            let by = task.finished_by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
            said("cancelled", format!("It was cancelled{by}{}{why}.", at(task.finished_at)), rerun())
        }
        Status::Timeout => {
            said("timeout", format!("Its last attempt took longer than {} ms.", task.timeout_ms), rerun())
        }
        _ => said("failed", format!("It failed{}{why}.", at(task.finished_at)), rerun()),
    }
}
