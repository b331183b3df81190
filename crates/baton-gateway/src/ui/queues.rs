//! `/ui/queues` and `/ui/queues/{name}`.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::Response;
use baton_api::queue::Queues;
use baton_api::series::SeriesAnswer;
use baton_api::worker::Workers;
use baton_dashboard::Base;
use baton_dashboard::queues::{QueuePage, QueuesPage};
use futures_util::future::{join, join_all, join4};

use super::overview::{series, span};
use super::visit::Visit;
use crate::problem::Fail;

/// Rows of one page. Each has a chart, which is a question of its own.
const ROWS: u32 = 50;

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let asked = Base::default()
        .to("/api/v1/queues")
        .with("limit", ROWS)
        .with_some("cursor", visit.query.get("cursor"));
    let asked = asked.to_string();
    let (shell, list) = join(visit.shell("Queues"), visit.api.get::<Queues>(&asked)).await;
    let list = list?;
    let series = lately(&visit, &list).await;
    visit.show(&QueuesPage { shell, list, series })
}

/// What happened in each queue in a day, hour by hour. A page that is shown already keeps what it has.
pub(super) async fn lately(visit: &Visit, list: &Queues) -> BTreeMap<String, SeriesAnswer> {
    if visit.is_live() {
        return BTreeMap::new();
    }
    let each = list.queues.iter().map(|queue| async {
        let asked = Base::default()
            .to("/api/v1/series")
            .with("last", "24h")
            .with("step", "1h")
            .with("metric", "completed,failed")
            .with("queue", &queue.name);
        Some((queue.name.to_string(), visit.api.get_some(&asked.to_string()).await?))
    });
    join_all(each).await.into_iter().flatten().collect()
}

pub(super) async fn one_queue(Path(name): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let (last, step) = span(&visit);
    let (asked, series) =
        (Base::default().of("/api/v1/queues", &name).to_string(), series(last, step, &name));
    let (shell, queue, series, workers) = join4(
        visit.shell("Queues"),
        visit.api.get(&asked),
        visit.api.get(&series),
        visit.api.get_some::<Workers>("/api/v1/workers?limit=200"),
    )
    .await;
    let workers = workers.map(|list| list.workers);
    visit.show(&QueuePage { shell, queue: queue?, last, series: series?, workers })
}
