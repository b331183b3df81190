//! `POST /tasks/batch`: many tasks, each answered by itself.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use baton_api::problem::status_of;
use baton_api::task::{NewTasks, Submission as Item, Submissions};
use baton_auth::Action;
use baton_core::{Code, FlowId, OpId, Shard, limits};
use baton_store::calls::task::{NewTask, Submission, SubmitAnswer, Submitted};
use futures_util::{StreamExt, stream};

use super::submit::{may_grow, no_parent, not_made, shard_for};
use crate::app::App;
use crate::auth::reach;
use crate::convert::new_task::new_task;
use crate::extract::{Body, Caller, IdempotencyKey, Key};
use crate::measure;
use crate::problem::Fail;

/// Tasks of one request.
pub(crate) const TASKS_MAX: usize = 1_000;
/// Flows of one request that are looked through for queues that the caller cannot write.
const FLOWS_MAX: usize = 20;
/// Calls of one request that are under way at a time.
const CALLS_MAX: usize = 4;

/// Tasks that one call takes, and where in the request they stand.
struct Chunk {
    op: Option<OpId>,
    places: Vec<usize>,
    tasks: Vec<NewTask>,
}

/// Submit many tasks
///
/// Up to 1,000. Each is taken or refused by itself, so the answer is 200 whatever becomes of them; but nothing is taken where
/// the credential does not allow it for the queues of all. With `Idempotency-Key` a repeat of the same body answers the same
/// tasks.
#[utoipa::path(
    post, path = "/tasks/batch", tag = "tasks", operation_id = "submit_tasks",
    security(("bearer" = ["tasks:write"])),
    params(IdempotencyKey),
    request_body = NewTasks,
    responses((status = 200, description = "What became of each, in the order in which they were sent", body = Submissions)),
    extensions(("x-problem-codes" = json!(["storage_full"])))
)]
pub(crate) async fn submit_tasks(
    State(app): State<App>,
    caller: Caller,
    Key(op): Key,
    Body(asked): Body<NewTasks>,
) -> Result<Json<Submissions>, Fail> {
    let count = asked.tasks.len();
    if !(1..=TASKS_MAX).contains(&count) {
        return Err(Fail::invalid("/tasks", format!("{count} tasks are not between 1 and {TASKS_MAX}")));
    }
    let queues = asked.tasks.iter().map(|task| task.queue.clone().unwrap_or_default());
    caller.grant.must_in_all(Action::TasksWrite, queues, |at| format!("/tasks/{at}/queue"))?;
    let mut unfit = unfit(&app, &caller, &asked).await?;
    let mut items: Vec<Option<Result<Item, Fail>>> = (0..count).map(|_| None).collect();
    let mut placed: Vec<(usize, NewTask)> = Vec::with_capacity(count);
    for (at, task) in asked.tasks.iter().enumerate() {
        // A repeat must find each task where it was put: by its key, or by its place in the request.
        let name = op.as_ref().and_then(|op| OpId::new(&format!("{}.{at}", short(op))).ok());
        let shard = shard_for(&app, task, name.as_ref());
        let shard = unfit.remove(&at).map_or(shard, Err);
        let made = shard.map(|shard| app.store.draw(shard));
        match made.and_then(|id| new_task(task, id, caller.traceparent.as_deref())) {
            Ok(task) => placed.push((at, task)),
            Err(fail) => items[at] = Some(Err(fail)),
        }
    }
    let chunks = chunks(placed, op.as_ref());
    let calls = chunks.into_iter().map(|chunk| submit(&app, &caller, chunk));
    let mut answers = stream::iter(calls).buffer_unordered(CALLS_MAX);
    while let Some(each) = answers.next().await {
        each?.into_iter().for_each(|(at, item)| items[at] = Some(item));
    }
    Ok(Json(summary(&caller, items)))
}

/// Tasks with a parent that the caller cannot read, or in a flow that he cannot write. Each is refused by itself, as where
/// there is no such parent or flow.
async fn unfit(app: &App, caller: &Caller, asked: &NewTasks) -> Result<BTreeMap<usize, Fail>, Fail> {
    let parents = asked.tasks.iter().flat_map(|task| task.parents.iter().copied());
    let hidden = reach::hidden(&app.store, &caller.grant, parents).await?;
    let flows: BTreeSet<FlowId> = asked.tasks.iter().filter_map(|task| task.flow).collect();
    if flows.len() > FLOWS_MAX && !caller.grant.reaches_all(Action::TasksWrite) {
        let message = format!(
            "tasks of more than {FLOWS_MAX} flows, with a credential that does not write every queue"
        );
        return Err(Fail::invalid("/tasks", message));
    }
    let mut closed = BTreeMap::new();
    for flow in flows {
        match may_grow(app, &caller.grant, flow).await {
            Ok(()) => {}
            Err(fail) if status_of(fail.code) >= 500 => return Err(fail),
            Err(fail) => drop(closed.insert(flow, fail)),
        }
    }
    let mut unfit = BTreeMap::new();
    for (at, task) in asked.tasks.iter().enumerate() {
        if let Some(place) = task.parents.iter().position(|parent| hidden.contains(parent)) {
            unfit.insert(at, no_parent(place));
        } else if let Some(fail) = task.flow.and_then(|flow| closed.get(&flow)) {
            unfit.insert(at, fail.clone());
        }
    }
    Ok(unfit)
}

fn short(op: &OpId) -> String {
    sha1_smol::Sha1::from(op.as_str()).digest().to_string()
}

/// As many tasks of one shard as one call takes. The same request is always cut in the same way.
fn chunks(placed: Vec<(usize, NewTask)>, op: Option<&OpId>) -> Vec<Chunk> {
    let mut open: BTreeMap<Shard, (Chunk, usize, usize)> = BTreeMap::new();
    let mut full = Vec::new();
    for (at, task) in placed {
        let shard = task.id.shard();
        let new = || (Chunk { op: None, places: Vec::new(), tasks: Vec::new() }, 0, 0);
        let (chunk, bytes, parents) = open.entry(shard).or_insert_with(new);
        let weight: u64 = chunk.tasks.iter().map(NewTask::weight).sum();
        let crowded = weight + task.weight() > limits::SUBMIT_TASKS_MAX
            || (*bytes + task.payload.len()) as u64 > limits::CALL_BYTES_MAX
            || (*parents + task.parents.len()) as u64 > limits::SUBMIT_PARENTS_MAX;
        if crowded {
            full.push(std::mem::replace(chunk, new().0));
            (*bytes, *parents) = (0, 0);
        }
        *bytes += task.payload.len();
        *parents += task.parents.len();
        chunk.places.push(at);
        chunk.tasks.push(task);
    }
    full.extend(open.into_values().map(|(chunk, ..)| chunk));
    for chunk in &mut full {
        let first = chunk.places.first().copied().unwrap_or_default();
        chunk.op = op.and_then(|op| OpId::new(&format!("batch:{}:{first}", short(op))).ok());
    }
    full
}

async fn submit(app: &App, caller: &Caller, chunk: Chunk) -> Result<Vec<(usize, Result<Item, Fail>)>, Fail> {
    let submission = Submission { tasks: &chunk.tasks, by: caller.by.clone(), op: chunk.op };
    let each = match app.store.submit(&submission).await? {
        SubmitAnswer::Tasks { each, .. } => each,
        SubmitAnswer::Refused(refused) => return Err(refused.into()),
    };
    let answered = chunk.places.iter().zip(&chunk.tasks).zip(each);
    Ok(answered.map(|((at, task), submitted)| (*at, item(task, submitted))).collect())
}

fn item(task: &NewTask, submitted: Submitted) -> Result<Item, Fail> {
    let cached = matches!(submitted, Submitted::Cached { .. });
    let (id, status) = match submitted {
        Submitted::Created { id, status, .. }
        | Submitted::Existing { id, status, .. }
        | Submitted::Duplicate { id, status, .. }
        | Submitted::Cached { id, status, .. } => (id, status),
        Submitted::Refused { refusal, other } => return Err(not_made(task, refusal, other)),
    };
    let created = id == task.id;
    if created {
        measure::submitted(&task.queue, &task.kind);
    }
    Ok(Item { id: Some(id), status: Some(status), created, cached, problem: None })
}

fn summary(caller: &Caller, items: Vec<Option<Result<Item, Fail>>>) -> Submissions {
    let each = items.into_iter().map(|item| item.unwrap_or_else(|| Err(Fail::new(Code::Internal))));
    let refused = |fail: Fail| Item {
        id: None,
        status: None,
        created: false,
        cached: false,
        problem: Some(fail.problem(&caller.asked)),
    };
    let tasks: Vec<Item> = each.map(|item| item.unwrap_or_else(refused)).collect();
    let created = tasks.iter().filter(|item| item.created).count() as u64;
    let refused = tasks.iter().filter(|item| item.problem.is_some()).count() as u64;
    Submissions { tasks, created, refused }
}
