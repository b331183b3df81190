//! `/`: how the fleet does.

use axum::response::Response;
use baton_api::error_group::ErrorGroups;
use baton_api::queue::Queues;
use baton_api::worker::Workers;
use baton_dashboard::Base;
use baton_dashboard::overview::{OverviewPage, SPANS};
use futures_util::future::{join3, try_join3};

use super::queues::lately;
use super::visit::Visit;
use crate::problem::Fail;

/// Queues of the page. Each has a chart, which is a question of its own.
const QUEUES: u32 = 20;

/// What is known of one queue, and not of all together.
const DEPTHS: &str = "scheduled,blocked,pending,running";

const METRICS: &str = "submitted,completed,failed,timeout,cancelled,wait,run";

pub(super) async fn overview(visit: Visit) -> Result<Response, Fail> {
    let (last, step) = span(&visit);
    let (series, queues) = (series(last, step, ""), format!("/api/v1/queues?limit={QUEUES}"));
    let answers = try_join3(
        visit.api.get(&series),
        visit.api.get::<Queues>(&queues),
        visit.api.get("/api/v1/errors?limit=5&silenced=false"),
    );
    let workers = visit.api.get_some::<Workers>("/api/v1/workers?limit=200");
    let (shell, answers, workers) = join3(visit.shell_over("Overview", last), answers, workers).await;
    let (series, queues, errors): (_, _, ErrorGroups) = answers?;
    let lately = lately(&visit, &queues).await;
    let workers = workers.map_or_else(Vec::new, |list| list.workers);
    let silenced = errors.errors.is_empty() && has_silenced(&visit).await;
    visit.show(&OverviewPage { shell, last, series, queues, errors, silenced, lately, workers })
}

/// Whether errors are kept that are not shown.
async fn has_silenced(visit: &Visit) -> bool {
    let some = visit.api.get_some::<ErrorGroups>("/api/v1/errors?limit=1&silenced=true").await;
    some.is_some_and(|list| !list.errors.is_empty())
}

/// How far back the page is to show, and by which steps.
pub(super) fn span(visit: &Visit) -> (&'static str, &'static str) {
    let asked = visit.query.get("last");
    SPANS.into_iter().find(|(last, _)| *last == asked).unwrap_or(SPANS[0])
}

/// Where the series of a queue are, or those of all.
pub(super) fn series(last: &str, step: &str, queue: &str) -> String {
    let all =
        Base::default().to("/api/v1/series").with("last", last).with("step", step).with("metric", METRICS);
    let all = if queue.is_empty() { all } else { all.with("metric", DEPTHS) };
    all.with_some("queue", queue).to_string()
}
