//! Every route, put together.

mod documents;
mod flows;
mod leases;
mod meta;
mod problems;
mod queues;
mod tasks;
mod workers;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::extract::no_query;
use crate::{health, live, openapi, shell};

/// Everything that this gateway answers.
pub fn router(app: App) -> Router {
    let (routes, api) = documented().split_for_parts();
    let routes = routes.merge(documents::routes(openapi::complete(api))).merge(problems::routes());
    let routes = routes.route("/", get(meta::front)).fallback(meta::nothing);
    // From the inside out: answers are compressed last but one, and the shell sees and names everything.
    routes.layer(CompressionLayer::new()).layer(from_fn_with_state(app.clone(), shell::wrap)).with_state(app)
}

/// The routes that the API document describes.
pub(crate) fn documented() -> OpenApiRouter<App> {
    let plain = OpenApiRouter::new()
        .merge(tasks::plain())
        .merge(flows::plain())
        .merge(leases::routes())
        .merge(workers::plain())
        .merge(queues::plain())
        .merge(meta::routes())
        .layer(from_fn(no_query));
    let with_query = OpenApiRouter::new().merge(tasks::with_query()).merge(flows::with_query());
    let with_query =
        with_query.merge(workers::with_query()).merge(queues::with_query()).merge(live::routes());
    OpenApiRouter::new().nest("/api/v1", plain.merge(with_query)).merge(health::routes())
}
