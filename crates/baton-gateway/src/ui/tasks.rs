//! `/ui/tasks` and `/ui/tasks/{id}`.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::Response;
use baton_api::flow::Graph;
use baton_api::task::{Explanation, Logs, Task};
use baton_api::worker::Worker;
use baton_core::{Code, Status, TaskId};
use baton_dashboard::Base;
use baton_dashboard::task::{self, LINES, TaskPage};
use baton_dashboard::tasks::{Column, FILTERS, TasksPage};
use futures_util::future::{join, join_all, join5};

use super::visit::Visit;
use crate::app::App;
use crate::guard::one;
use crate::problem::Fail;

/// Rows of one page.
const ROWS: u32 = 50;

/// So many workers of a task are asked where they run.
const WORKERS: usize = 5;

/// Paths of the interface have no base.
fn api(path: &str) -> baton_dashboard::Link {
    Base::default().to(path)
}

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let (status, cursor) = (visit.query.get("status").to_owned(), visit.query.get("cursor").to_owned());
    let filters = visit.query.said(FILTERS);
    let asked =
        api("/api/v1/tasks").with("limit", ROWS).with_some("status", &status).with_some("cursor", &cursor);
    let asked = filters.iter().fold(asked, |asked, (name, value)| asked.with(name, value)).to_string();
    let (shell, list) = join(visit.shell("Tasks"), visit.api.get(&asked)).await;
    let columns = Column::read(visit.query.all("columns").into_iter());
    visit.show(&TasksPage { shell, list: list?, status, filters, cursor, columns })
}

pub(super) async fn one_task(
    State(app): State<App>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Fail> {
    let id: TaskId = id.parse().map_err(|_| Fail::new(Code::UnknownTask))?;
    let level = match visit.query.get("level") {
        word @ ("info" | "warning" | "error") => word.to_owned(),
        _ => "debug".to_owned(),
    };
    let attempt: Option<u64> = visit.query.get("attempt").parse().ok();
    let after = visit.query.get("after");
    let after = if is_place(after) { after.to_owned() } else { String::new() };
    let task: Task = visit.api.get(&format!("/api/v1/tasks/{id}?include=history")).await?;
    let explain = format!("/api/v1/tasks/{id}/explain");
    let around = format!("/api/v1/tasks/{id}/graph?limit=50");
    let (shell, explanation, (logs, more), graph, (holder, workers)) = join5(
        visit.shell("Tasks"),
        visit.api.get_some::<Explanation>(&explain),
        log(&visit, id, &after),
        async {
            if task.parents + task.children > 0 { visit.api.get_some::<Graph>(&around).await } else { None }
        },
        join(holder(&visit, &task), workers(&visit, &task)),
    )
    .await;
    let key = app.store.keys(id.shard())?.task(id);
    let origin = visit.origin();
    visit.show(&TaskPage {
        shell,
        task,
        explanation,
        logs,
        level,
        attempt,
        after,
        more,
        graph,
        holder,
        workers,
        key,
        origin,
    })
}

/// Whether it may be a place in a log: two numbers, as the interface writes them.
fn is_place(text: &str) -> bool {
    let is_number =
        |part: &str| (1..=20).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('-').is_some_and(|(ms, number)| is_number(ms) && is_number(number))
}

/// The lines behind that place, of all levels; and where they end, if there are more. Only whoever reads all of them knows
/// whether some are left, so those of a level are chosen afterwards.
async fn log(visit: &Visit, id: TaskId, after: &str) -> (Option<Logs>, Option<String>) {
    let asked = api(&format!("/api/v1/tasks/{id}/logs"));
    let page = asked.clone().with("limit", LINES).with_some("after", after).to_string();
    let logs = visit.api.get_some::<Logs>(&page).await;
    let full = logs.as_ref().filter(|logs| logs.logs.len() >= LINES);
    let Some(end) = full.and_then(|logs| logs.next_cursor.clone()) else { return (logs, None) };
    let next = visit.api.get_some::<Logs>(&asked.with("limit", 1).with("after", &end).to_string()).await;
    let is_end = next.is_some_and(|next| next.logs.is_empty());
    (logs, (!is_end).then_some(end))
}

/// The worker that runs it.
async fn holder(visit: &Visit, task: &Task) -> Option<Worker> {
    worker(visit, task.worker.as_ref().filter(|_| task.status == Status::Running)?).await
}

/// Those that had it last.
async fn workers(visit: &Visit, task: &Task) -> Vec<Worker> {
    let ids = task::lately_at(task.history.as_deref().unwrap_or_default(), WORKERS);
    join_all(ids.iter().map(|id| worker(visit, id))).await.into_iter().flatten().collect()
}

async fn worker(visit: &Visit, id: &str) -> Option<Worker> {
    visit.api.get_some(&Base::default().of("/api/v1/workers", id).to_string()).await
}

impl Visit {
    /// Where this gateway is reached, as the browser knows it.
    pub(super) fn origin(&self) -> String {
        let host = one(&self.headers, header::HOST.as_str()).unwrap_or("localhost");
        format!("{}://{host}", if self.secure { "https" } else { "http" })
    }
}
