//! Tasks: submit them, look at them, act on them.

mod batch;
mod cursor;
mod explain;
mod filter;
mod graph;
mod history;
mod link;
mod list;
mod logs;
mod of_flow;
mod operate;
mod query;
mod read;
mod rows;
mod segments;
mod stats;
mod submit;
mod turn;
mod waits;
mod walk;

pub(crate) use batch::TASKS_MAX as BATCH_TASKS_MAX;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The routes whose query must be empty.
pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(batch::submit_tasks))
        .routes(routes!(history::task_history))
        .routes(routes!(read::task_result))
        .routes(routes!(explain::explain_task))
        .routes(routes!(operate::cancel_task))
        .routes(routes!(operate::rerun_task))
        .routes(routes!(operate::promote_task))
        .routes(routes!(operate::reprioritise_task))
        .routes(routes!(link::link_task))
        .routes(routes!(link::unlink_task))
}

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_tasks, submit::submit_task))
        .routes(routes!(read::get_task))
        .routes(routes!(stats::task_stats))
        .routes(routes!(logs::task_logs))
        .routes(routes!(graph::task_graph))
}
