//! `GET /tasks/{id}/history`: a task's life so far.

use axum::Json;
use axum::extract::State;
use baton_api::task::{History, HistoryEntry, Task};
use baton_auth::Action;
use baton_store::calls::task::HistoryRead;

use crate::app::App;
use crate::auth::reach;
use crate::convert;
use crate::extract::{Caller, TaskPath, Terms};
use crate::problem::Fail;

/// The task with its life so far. One that was pruned meanwhile stays as it was read.
pub(super) async fn with_history(app: &App, mut task: Task) -> Result<Task, Fail> {
    if let HistoryRead::Entries { entries, truncated } = app.store.history(task.id).await? {
        task.history_count = entries.len() as u64 + truncated;
        task.history = Some(entries.into_iter().map(convert::history::entry).collect());
    }
    Ok(task)
}

/// Whether the parameter `include` asks for histories.
pub(super) fn is_included(terms: &mut Terms) -> bool {
    let include = terms.one::<String>("include");
    if include.as_deref().is_some_and(|include| include != "history") {
        terms.wrong("include", "only `history` can be included");
    }
    include.is_some()
}

/// Read a task's history
///
/// Every move with its time, who made it and why.
#[utoipa::path(
    get, path = "/tasks/{id}/history", tag = "tasks", operation_id = "get_task_history",
    security(("bearer" = ["tasks:read"])),
    params(TaskPath),
    responses((status = 200, description = "Its life so far, the first step first", body = History)),
    extensions(("x-problem-codes" = json!(["unknown_task"])))
)]
pub(crate) async fn task_history(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    caller: Caller,
) -> Result<Json<History>, Fail> {
    reach::task(&app, &caller.grant, id, Action::TasksRead).await?;
    match app.store.history(id).await? {
        HistoryRead::Entries { entries, truncated } => {
            let history: Vec<HistoryEntry> = entries.into_iter().map(convert::history::entry).collect();
            let history_count = history.len() as u64 + truncated;
            Ok(Json(History { id, history, history_count, truncated }))
        }
        HistoryRead::Refused(refused) => Err(refused.into()),
    }
}
