//! `/ui/queues` and `/ui/queues/{name}`.

use axum::extract::Path;
use axum::response::Response;
use baton_dashboard::Base;
use baton_dashboard::queues::{QueuePage, QueuesPage};
use futures_util::future::{join, join3};

use super::overview::{series, span};
use super::visit::Visit;
use crate::problem::Fail;

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let asked = Base::default()
        .to("/api/v1/queues")
        .with("limit", 100)
        .with_some("cursor", visit.query.get("cursor"));
    let asked = asked.to_string();
    let (shell, list) = join(visit.shell("Queues"), visit.api.get(&asked)).await;
    visit.show(&QueuesPage { shell, list: list? })
}

pub(super) async fn one_queue(Path(name): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let (last, step) = span(&visit);
    let (asked, series) =
        (Base::default().of("/api/v1/queues", &name).to_string(), series(last, step, &name));
    let (shell, queue, series) =
        join3(visit.shell("Queues"), visit.api.get(&asked), visit.api.get(&series)).await;
    visit.show(&QueuePage { shell, queue: queue?, last, series: series? })
}
