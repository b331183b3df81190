//! `POST /tasks`: one task.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use baton_api::task::{NewTask, Task};
use baton_auth::Action;
use baton_core::{Code, FlowId, OpId, Refusal, Shard, TaskId};
use baton_store::calls::task::{NewTask as Stored, OnDuplicate, Submission, SubmitAnswer, Submitted};
use utoipa::IntoParams;

use super::read::{self, Until};
use crate::app::App;
use crate::auth::{Grant, reach};
use crate::convert::new_task::{new_task, payload};
use crate::extract::{Body, Caller, FromTerms, IdempotencyKey, Key, Query, Terms, replayed};
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
    security(("bearer" = ["tasks:write"])),
    params(
        SubmitQuery,
        IdempotencyKey,
        ("Prefer" = Option<String>, Header, description = "`wait=N`: see `wait`", example = "wait=10"),
    ),
    request_body = NewTask,
    responses(
        (status = 201, description = "It is new", body = Task, headers(
            ("Location" = String, description = "Where the task is"),
            ("ETag" = String, description = "Its version"),
        )),
        (status = 200, description = "It was there before: a repeat of the same request, another task with the same `key`, or \
         with `cache_ttl_ms` one that completed with the same words (`cached`)",
         body = Task),
    ),
    extensions(("x-problem-codes" = json!([
        "duplicate_key", "dependency_missing", "cross_shard_link", "unknown_flow", "conflict", "idempotency_mismatch",
        "storage_full", "overloaded",
    ])))
)]
pub(crate) async fn submit_task(
    State(app): State<App>,
    Query(query): Query<SubmitQuery>,
    caller: Caller,
    Key(op): Key,
    prefer: Prefer,
    Body(asked): Body<NewTask>,
) -> Result<Response, Fail> {
    let hold = Hold::begin(&app, query.wait, prefer, &caller.grant)?;
    let queue = asked.queue.clone().unwrap_or_default();
    caller.grant.must_in_all(Action::TasksWrite, [queue], |_| "/queue".to_owned())?;
    may_join(&app, &caller.grant, &asked).await?;
    let id = app.store.draw(shard_for(&app, &asked, op.as_ref())?);
    let tasks = [new_task(&asked, id, caller.traceparent.as_deref())?];
    let submission = Submission { tasks: &tasks, by: caller.by.clone(), op };
    let (each, is_repeat) = match app.store.submit(&submission).await? {
        SubmitAnswer::Tasks { each, replayed } => (each, replayed),
        SubmitAnswer::Refused(refused) => return Err(refused.into()),
    };
    let submitted = each.into_iter().next();
    let is_cached = matches!(submitted, Some(Submitted::Cached { .. }));
    let found = match submitted {
        Some(
            Submitted::Created { id, .. }
            | Submitted::Existing { id, .. }
            | Submitted::Duplicate { id, .. }
            | Submitted::Cached { id, .. },
        ) => id,
        Some(Submitted::Refused { refusal, other }) => return Err(not_made(&tasks[0], refusal, other)),
        None => return Err(Fail::new(Code::Internal)),
    };
    // A retry of our own that found the answer of the first try is no repeat of the client's.
    let created = found == id;
    if created {
        measure::submitted(&tasks[0].queue, &tasks[0].kind);
    }
    let task = match read::when(&app, found, &hold, Until::Finished).await {
        // It is there, whatever became of the credential meanwhile.
        Err(fail) if fail.code == Code::TokenExpired => read::any_task(&app, found).await?,
        task => task?,
    };
    let task = Task { cached: is_cached, ..caller.grant.shown(task) };
    Ok(answer(task, created, is_repeat && !created, &hold))
}

/// Parents are known by those who can read them, and a flow grows by those who can write all of it.
async fn may_join(app: &App, grant: &Grant, asked: &NewTask) -> Result<(), Fail> {
    let hidden = reach::hidden(&app.store, grant, asked.parents.iter().copied()).await?;
    if let Some(place) = asked.parents.iter().position(|parent| hidden.contains(parent)) {
        return Err(no_parent(place));
    }
    match asked.flow {
        Some(flow) => may_grow(app, grant, flow).await,
        None => Ok(()),
    }
}

pub(super) fn no_parent(place: usize) -> Fail {
    at(Code::DependencyMissing, &format!("/parents/{place}"), "there is no such task")
}

pub(super) async fn may_grow(app: &App, grant: &Grant, flow: FlowId) -> Result<(), Fail> {
    reach::flow(app, grant, flow, Action::TasksWrite).await.map_err(|fail| match fail.code {
        Code::UnknownFlow => at(Code::UnknownFlow, "/flow", "there is no such flow"),
        _ => fail,
    })
}

/// The shard for a new task: its parents', which an edge cannot leave; or else its flow's; or where its key or the
/// name of the call is looked for.
pub(super) fn shard_for(app: &App, asked: &NewTask, op: Option<&OpId>) -> Result<Shard, Fail> {
    let parents = asked.parents.iter().map(|parent| parent.shard());
    let mut relatives = parents.chain(asked.flow.map(FlowId::shard)).enumerate();
    let Some((_, first)) = relatives.next() else { return Ok(place_alone(app, asked, op)) };
    if let Some((place, _)) = relatives.find(|(_, shard)| *shard != first) {
        let pointer =
            if place < asked.parents.len() { format!("/parents/{place}") } else { "/flow".to_owned() };
        return Err(at(Code::CrossShardLink, &pointer, "it lies in another shard than the first parent"));
    }
    match (app.store.keys(first), asked.parents.first()) {
        (Ok(_), _) => Ok(first),
        (Err(_), Some(_)) => Err(no_parent(0)),
        (Err(_), None) => Err(at(Code::UnknownFlow, "/flow", "there is no such flow")),
    }
}

/// One that may take the result of another lies where that one is, unless a key says where it is looked for.
fn place_alone(app: &App, asked: &NewTask, op: Option<&OpId>) -> Shard {
    if asked.key.is_some() || asked.cache_ttl_ms.is_none() {
        return app.store.place(asked.key.as_ref(), op);
    }
    let queue = asked.queue.clone().unwrap_or_default();
    app.store.place_words(&asked.kind, &queue, payload(asked).as_bytes())
}

fn at(code: Code, pointer: &str, message: &str) -> Fail {
    Fail::new(code).because(code.advice()).at(pointer, message)
}

/// Why one task was not made, and the other one or the flow that stands against it.
pub(super) fn not_made(task: &Stored, refusal: Refusal, other: TaskId) -> Fail {
    let fail = Fail::new(refusal.into());
    match refusal {
        Refusal::DuplicateKey => {
            let runs = if task.on_duplicate == OnDuplicate::Replace {
                " It runs, so it is not replaced."
            } else {
                ""
            };
            fail.because(format!("Task {other} of this queue carries the same key and has not ended.{runs}"))
        }
        Refusal::DependencyMissing => {
            let fail = fail.because(format!("There is no task {other}. {}", refusal.advice()));
            match task.parents.iter().position(|parent| *parent == other) {
                Some(at) => fail.at(format!("/parents/{at}"), "there is no such task"),
                None => fail,
            }
        }
        Refusal::UnknownFlow => {
            let fail = fail.because(format!("There is no flow {other}. {}", refusal.advice()));
            fail.at("/flow", "there is no such flow")
        }
        Refusal::Conflict => fail
            .because(format!("The flow {other} is being removed: it takes no task any more."))
            .at("/flow", "it is being removed"),
        _ => fail,
    }
}

fn answer(task: Task, created: bool, is_repeat: bool, hold: &Hold) -> Response {
    let location = format!("/api/v1/tasks/{}", task.id);
    let tag = read::etag(&task);
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let answer = hold.applied((status, [(header::LOCATION, location), (header::ETAG, tag)], Json(task)));
    if is_repeat { replayed(answer) } else { answer }
}
