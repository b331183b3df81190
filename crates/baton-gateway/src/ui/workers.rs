//! `/ui/workers` and `/ui/workers/{id}`.

use axum::extract::Path;
use axum::response::Response;
use baton_dashboard::Base;
use baton_dashboard::workers::{WorkerPage, WorkersPage};
use futures_util::future::join;

use super::visit::Visit;
use crate::problem::Fail;

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let asked = Base::default()
        .to("/api/v1/workers")
        .with("limit", 200)
        .with_some("cursor", visit.query.get("cursor"));
    let asked = asked.to_string();
    let (shell, list) = join(visit.shell("Workers"), visit.api.get(&asked)).await;
    visit.show(&WorkersPage { shell, list: list? })
}

pub(super) async fn one_worker(Path(id): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let asked = Base::default().of("/api/v1/workers", &id).to_string();
    let (shell, worker) = join(visit.shell("Workers"), visit.api.get(&asked)).await;
    visit.show(&WorkerPage { shell, worker: worker? })
}
