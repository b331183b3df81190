//! `/ui/workers` and `/ui/workers/{id}`.

use axum::extract::Path;
use axum::response::Response;
use baton_api::task::{Task, Tasks};
use baton_dashboard::Base;
use baton_dashboard::workers::{WorkerPage, WorkersPage};
use futures_util::future::{join3, join4};

use super::visit::Visit;
use crate::problem::Fail;

/// Running tasks that are asked for at most.
const RUNNING: u32 = 500;

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let asked = Base::default()
        .to("/api/v1/workers")
        .with("limit", 200)
        .with_some("cursor", visit.query.get("cursor"));
    let asked = asked.to_string();
    let (shell, list, pools, running) = join4(
        visit.shell("Workers"),
        visit.api.get(&asked),
        visit.api.get_some("/api/v1/pools?limit=100"),
        running(&visit, ""),
    )
    .await;
    visit.show(&WorkersPage { shell, list: list?, pools, running })
}

pub(super) async fn one_worker(Path(id): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let asked = Base::default().of("/api/v1/workers", &id).to_string();
    let (shell, worker, running) =
        join3(visit.shell("Workers"), visit.api.get(&asked), running(&visit, &id)).await;
    visit.show(&WorkerPage { shell, worker: worker?, running })
}

/// What runs now, of a worker or of all. Cells of a map whose tasks are not among these lead nowhere.
async fn running(visit: &Visit, worker: &str) -> Vec<Task> {
    let asked = Base::default().to("/api/v1/tasks").with("status", "running").with("limit", RUNNING);
    let asked = asked.with_some("worker", worker).to_string();
    visit.api.get_some::<Tasks>(&asked).await.map_or_else(Vec::new, |list| list.tasks)
}
