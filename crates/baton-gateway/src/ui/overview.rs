//! `/`: how the fleet does.

use axum::response::Response;
use baton_dashboard::Base;
use baton_dashboard::overview::{OverviewPage, SPANS};
use futures_util::future::{join, try_join3};

use super::visit::Visit;
use crate::problem::Fail;

const METRICS: &str = "completed,failed,timeout,cancelled,wait,run";

pub(super) async fn overview(visit: Visit) -> Result<Response, Fail> {
    let (last, step) = span(&visit);
    let series = series(last, step, "");
    let answers = try_join3(
        visit.api.get(&series),
        visit.api.get("/api/v1/queues?limit=50"),
        visit.api.get("/api/v1/errors?limit=5"),
    );
    let (shell, answers) = join(visit.shell_over("Overview", last), answers).await;
    let (series, queues, errors) = answers?;
    visit.show(&OverviewPage { shell, last, series, queues, errors })
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
    all.with_some("queue", queue).to_string()
}
