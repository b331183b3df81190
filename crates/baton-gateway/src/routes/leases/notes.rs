//! What a run has to say while it lasts: how far it is, and lines for its log.

use axum::extract::State;
use axum::http::StatusCode;
use baton_api::lease::{Append, Note};
use baton_core::Code;
use baton_store::calls::task::{self, Appended, Line, Noted};

use super::{count_fenced, may_report, refused_call};
use crate::app::App;
use crate::convert::task::progress_line;
use crate::extract::{Body, Caller, TaskPath};
use crate::problem::Fail;

/// Note how far a run is
#[utoipa::path(
    post, path = "/leases/{id}/progress", tag = "leases", operation_id = "note_progress",
    security(("bearer" = ["tasks:claim"])),
    params(TaskPath),
    request_body = Note,
    responses((status = 204, description = "Noted")),
    extensions(("x-problem-codes" = json!(["worker_not_bound", "unknown_task", "not_running", "fenced"])))
)]
pub(crate) async fn note_progress(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Body(said): Body<Note>,
) -> Result<StatusCode, Fail> {
    may_report(&app, &caller.grant, &said.worker, id).await?;
    let wrong = || Fail::invalid("/progress/fraction", "it goes from 0 to 1");
    let line = progress_line(&said.progress).ok_or_else(wrong)?;
    let notes = [task::Note { task: id, fence: said.fence, progress: &line }];
    let each = app.store.note_progress(id.shard(), &said.worker, &notes).await?;
    let each = each.map_err(|refused| refused_call("progress", refused))?;
    match each.first() {
        Some(Noted::At(_)) => Ok(StatusCode::NO_CONTENT),
        Some(Noted::Refused(refusal)) => {
            count_fenced("progress", *refusal);
            Err(Fail::refused(*refusal, None))
        }
        None => Err(Fail::new(Code::Internal)),
    }
}

/// Append lines to a task's log
///
/// Repeated after a lost answer, it appends them again.
#[utoipa::path(
    post, path = "/leases/{id}/logs", tag = "leases", operation_id = "append_logs",
    security(("bearer" = ["tasks:claim"])),
    params(TaskPath),
    request_body = Append,
    responses((status = 204, description = "Appended")),
    extensions(("x-problem-codes" = json!(["worker_not_bound", "unknown_task", "not_running", "fenced"])))
)]
pub(crate) async fn append_logs(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
    Body(said): Body<Append>,
) -> Result<StatusCode, Fail> {
    may_report(&app, &caller.grant, &said.worker, id).await?;
    if said.logs.is_empty() {
        return Err(Fail::invalid("/logs", "there are no lines"));
    }
    let each = said.logs.iter();
    let lines: Vec<Line<'_>> =
        each.map(|line| Line { level: level(line.level), text: line.text.as_bytes() }).collect();
    let append = task::Append { task: id, worker: &said.worker, fence: said.fence, lines: &lines };
    match app.store.append_log(&append).await? {
        Appended::Lines(_) => Ok(StatusCode::NO_CONTENT),
        Appended::Refused(refused) => Err(refused_call("logs", refused)),
    }
}

fn level(level: baton_api::task::Level) -> task::Level {
    use baton_api::task::Level;
    match level {
        Level::Debug => task::Level::Debug,
        Level::Info => task::Level::Info,
        Level::Warning => task::Level::Warning,
        Level::Error => task::Level::Error,
        Level::Critical => task::Level::Critical,
    }
}
