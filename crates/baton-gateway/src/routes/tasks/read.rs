//! `GET /tasks/{id}`, at once or when it has changed; and its result alone.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_api::task::Task;
use baton_core::{Code, TaskId};
use utoipa::IntoParams;

use super::history::{is_included, with_history};
use crate::app::App;
use crate::auth::Grant;
use crate::convert;
use crate::extract::{Caller, FromTerms, Query, TaskPath, Terms, if_none_match};
use crate::hold::{self, Hold, Prefer};
use crate::problem::Fail;

/// What a held request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Its status is another one than at first.
    Changed,
    Finished,
}

impl fmt::Display for Until {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Until::Changed => "changed",
            Until::Finished => "finished",
        })
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Until, String> {
        let known = [Until::Changed, Until::Finished].into_iter().find(|known| known.to_string() == text);
        known.ok_or_else(|| "read it: it is `changed` or `finished`".to_owned())
    }
}

/// How to look at one task.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReadQuery {
    /// Wait this many seconds, at most 60; `Prefer: wait=N` asks for the same.
    #[param(minimum = 0, maximum = 86_400)]
    wait: Option<u64>,
    /// What to wait for: `changed`, another status than now (the default), or `finished`, a terminal one.
    #[param(value_type = Option<String>, pattern = "^(changed|finished)$")]
    until: Option<Until>,
    /// `history`: with its whole life.
    #[param(value_type = Option<String>, pattern = "^history$")]
    include: bool,
}

impl FromTerms for ReadQuery {
    const KNOWN: &[&str] = &["wait", "until", "include"];

    fn read(terms: &mut Terms) -> ReadQuery {
        ReadQuery { wait: hold::wait(terms), until: terms.one("until"), include: is_included(terms) }
    }
}

/// Read a task
///
/// With its payload and result. Held with `wait` until it changes; then the task is answered as it is at the end.
#[utoipa::path(
    get, path = "/tasks/{id}", tag = "tasks", operation_id = "get_task",
    security(("bearer" = ["tasks:read"])),
    params(
        TaskPath,
        ReadQuery,
        ("If-None-Match" = Option<String>, Header, description = "An ETag: 304 if the task still has it"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: see `wait`"),
    ),
    responses(
        (status = 200, description = "The task", body = Task, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "It is as the client knows it"),
    ),
    extensions(("x-problem-codes" = json!(["unknown_task", "overloaded"])))
)]
pub(crate) async fn get_task(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    Query(query): Query<ReadQuery>,
    caller: Caller,
    prefer: Prefer,
    headers: HeaderMap,
) -> Result<Response, Fail> {
    let hold = Hold::begin(&app, query.wait, prefer, &caller.grant)?;
    let mut task = task(&app, &caller.grant, id).await?;
    // Who knows an older version has his change already.
    let outdated = headers.contains_key(header::IF_NONE_MATCH) && !if_none_match(&headers, &etag(&task));
    if !outdated || query.until.is_some() {
        task = after(&app, task, &hold, query.until.unwrap_or(Until::Changed)).await?;
    }
    let tag = [(header::ETAG, etag(&task))];
    Ok(match if_none_match(&headers, &etag(&task)) {
        true => hold.applied((StatusCode::NOT_MODIFIED, tag)),
        false if query.include => hold.applied((tag, Json(with_history(&app, task).await?))),
        false => hold.applied((tag, Json(task))),
    })
}

/// Read a task's result
///
/// The bytes that its holder sent, unchanged.
#[utoipa::path(
    get, path = "/tasks/{id}/result", tag = "tasks", operation_id = "get_task_result",
    security(("bearer" = ["tasks:read"])),
    params(TaskPath),
    responses((status = 200, description = "What it completed with; `null` if it came without",
               body = serde_json::Value, content_type = "application/json")),
    extensions(("x-problem-codes" = json!(["unknown_task", "conflict", "result_expired"])))
)]
pub(crate) async fn task_result(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
) -> Result<Response, Fail> {
    let task = task(&app, &caller.grant, id).await?;
    if task.status != baton_core::Status::Completed {
        let detail = format!("The task is {}: only a completed one has a result.", task.status);
        return Err(Fail::new(Code::Conflict).because(detail));
    }
    if task.result_expired {
        return Err(Fail::new(Code::ResultExpired));
    }
    let body = task.result.as_ref().map_or("null", |result| result.get()).to_owned();
    let headers = [(header::CONTENT_TYPE, "application/json".to_owned()), (header::ETAG, etag(&task))];
    Ok((headers, body).into_response())
}

/// A task with its payload and result, for those who may read it.
pub(super) async fn task(app: &App, grant: &Grant, id: TaskId) -> Result<Task, Fail> {
    let task = any_task(app, id).await?;
    grant.must_read(&task.queue, Code::UnknownTask)?;
    Ok(task)
}

/// A task, whoever asks: for what has just been done to it.
pub(super) async fn any_task(app: &App, id: TaskId) -> Result<Task, Fail> {
    let read = app.store.read_tasks(id.shard(), &[id], true).await?;
    let found = read.into_iter().next().flatten();
    found.map(convert::task::task).ok_or_else(|| Fail::new(Code::UnknownTask))
}

/// A task, when what is waited for has happened or the hold is over.
pub(super) async fn when(app: &App, id: TaskId, hold: &Hold, until: Until) -> Result<Task, Fail> {
    let task = any_task(app, id).await?;
    after(app, task, hold, until).await
}

async fn after(app: &App, first: Task, hold: &Hold, until: Until) -> Result<Task, Fail> {
    if hold.is_over(app) {
        return Ok(first);
    }
    let is_so = |task: &Task| match until {
        Until::Changed => task.status != first.status,
        Until::Finished => task.status.is_terminal(),
    };
    let mut watch = app.feed.watch(first.id);
    let mut task = any_task(app, first.id).await?;
    while !is_so(&task) && !hold.is_over(app) {
        hold.until(app, Duration::from_secs(1), watch.changed()).await?;
        task = any_task(app, first.id).await?;
    }
    Ok(task)
}

pub(crate) fn etag(task: &Task) -> String {
    format!("\"{}\"", task.version)
}
