//! Flows: submit them, look at them, act on them as a whole.

mod draft;
mod graph;
mod kinds;
mod list;
mod look;
mod operate;
mod part;
mod submit;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The routes whose query must be empty.
pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(submit::submit_flow))
        .routes(routes!(list::get_flow))
        .routes(routes!(operate::cancel_flow))
        .routes(routes!(operate::rerun_flow))
}

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_flows))
        .routes(routes!(graph::flow_graph))
        .routes(routes!(kinds::flow_kinds))
}
