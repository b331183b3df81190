//! `POST /tasks`: one task.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_api::task::{NewTask, Task};
use baton_core::{Code, TaskId};
use baton_store::calls::task::{Submission, SubmitAnswer, Submitted};
use utoipa::IntoParams;

use super::read::{self, Until};
use crate::app::App;
use crate::convert::new_task::new_task;
use crate::extract::{Body, Caller, FromTerms, Key, Query, Terms};
use crate::hold::{self, Hold, Prefer};
use crate::measure;
use crate::problem::Fail;

/// What `POST /tasks` may be asked beside its body.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SubmitQuery {
    /// Wait this many seconds, at most 60, for the task to finish; `Prefer: wait=N` asks for the same.
    #[param(minimum = 0, maximum = 86_400)]
    wait: Option<u64>,
}

impl FromTerms for SubmitQuery {
    const KNOWN: &[&str] = &["wait"];

    fn read(terms: &mut Terms) -> SubmitQuery {
        SubmitQuery { wait: hold::wait(terms) }
    }
}

/// Submit a task
///
/// It is stored before this answers. With `Idempotency-Key` the call may be repeated: the same key and body answer the same
/// task for 24 hours.
#[utoipa::path(
    post, path = "/tasks", tag = "tasks", operation_id = "submit_task",
    params(
        SubmitQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request, so that repeating it is safe",
         min_length = 1, max_length = 255, pattern = "^[!-~]+$"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: see `wait`", example = "wait=10"),
    ),
    request_body = NewTask,
    responses(
        (status = 201, description = "It is new", body = Task, headers(
            ("Location" = String, description = "Where the task is"),
            ("ETag" = String, description = "Its version"),
        )),
        (status = 200, description = "It was there before: a repeat of the same request, or another task with the same `key`",
         body = Task),
    ),
    extensions(("x-problem-codes" = json!(["duplicate_key", "idempotency_mismatch", "storage_full", "overloaded"])))
)]
pub(crate) async fn submit_task(
    State(app): State<App>,
    Query(query): Query<SubmitQuery>,
    caller: Caller,
    Key(op): Key,
    prefer: Prefer,
    Body(asked): Body<NewTask>,
) -> Result<Response, Fail> {
    let hold = Hold::begin(&app, query.wait, prefer)?;
    let id = app.store.draw(app.store.place(asked.key.as_ref(), op.as_ref()));
    let tasks = [new_task(&asked, id, caller.traceparent.as_deref())?];
    let submission = Submission { tasks: &tasks, by: caller.by, op };
    let (each, replayed) = match app.store.submit(&submission).await? {
        SubmitAnswer::Tasks { each, replayed } => (each, replayed),
        SubmitAnswer::Refused(refused) => return Err(refused.into()),
    };
    let found = match each.into_iter().next() {
        Some(
            Submitted::Created { id, .. } | Submitted::Existing { id, .. } | Submitted::Duplicate { id, .. },
        ) => id,
        Some(Submitted::Refused { refusal, other }) => return Err(taken(refusal.into(), other)),
        None => return Err(Fail::new(Code::Internal)),
    };
    // A retry of our own that found the answer of the first try is no repeat of the client's.
    let created = found == id;
    if created {
        measure::submitted(&tasks[0].queue, &tasks[0].kind);
    }
    let task = read::when(&app, found, &hold, Until::Finished).await?;
    Ok(answer(task, created, replayed && !created, &hold))
}

pub(super) fn taken(code: Code, other: TaskId) -> Fail {
    Fail::new(code).because(format!("Task {other} of this queue carries the same key and has not ended."))
}

fn answer(task: Task, created: bool, replayed: bool, hold: &Hold) -> Response {
    let location = format!("/api/v1/tasks/{}", task.id);
    let tag = read::etag(&task);
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let mut answer = hold.applied((status, [(header::LOCATION, location), (header::ETAG, tag)], Json(task)));
    if replayed {
        let name = HeaderName::from_static("idempotency-replayed");
        answer.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    answer.into_response()
}
