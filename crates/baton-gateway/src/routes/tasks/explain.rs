//! `GET /tasks/{id}/explain`: why is it where it is, and what would move it?

use axum::Json;
use axum::extract::State;
use baton_api::Timestamp;
use baton_api::task::{Explanation, RefusedWrite, Task};
use baton_api::worker::Worker;
use baton_core::Status;
use baton_store::calls::task as stored;

use super::turn::{attending, pending, unhandled};
use super::{read, waits};
use crate::app::App;
use crate::extract::{Caller, TaskPath};
use crate::problem::Fail;
use crate::roster;

/// A stable word, a sentence, and the next thing to do.
pub(super) struct Said {
    code: &'static str,
    pub(super) sentence: String,
    action: Option<String>,
}

pub(super) fn said(code: &'static str, sentence: impl Into<String>, action: Option<String>) -> Said {
    Said { code, sentence: sentence.into(), action }
}

/// Explain a task
///
/// Why it does not run, or how it ended: one sentence, and the command line that would move it; and what was reported of it
/// lately and refused, because whoever reported it does not hold it any more.
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
            pending(&app.store, &task, queue.as_ref(), &roster::workers(&app.store).await?).await?
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
    let refused_writes = app.store.refused_writes(id).await?.into_iter().map(refused_write).collect();
    Ok(Json(Explanation { id, status: task.status, code: code.to_owned(), sentence, action, refused_writes }))
}

fn refused_write(refused: stored::RefusedWrite) -> RefusedWrite {
    let stored::RefusedWrite { at_ms, worker, fence, verb, code } = refused;
    RefusedWrite { at: Timestamp::from_ms(at_ms), worker, fence: fence.0, verb, code }
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
