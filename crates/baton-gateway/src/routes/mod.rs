//! Every route, put together.

mod actions;
mod auth;
mod doctor;
mod documents;
mod errors;
mod flows;
mod gateways;
mod kinds;
mod leases;
mod meta;
mod oauth;
mod pools;
mod problems;
mod queues;
mod recover;
mod redis;
mod schedules;
mod series;
mod silences;
mod tasks;
mod trail;
mod webhooks;
mod workers;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::auth::Needs;
use crate::extract::no_query;
use crate::shell::{self, Shell};
use crate::trail::Trails;
use crate::{cors, health, live, openapi, ui};

pub(crate) use meta::front as front_of_programs;
pub(crate) use oauth::decoded;

/// Everything that this gateway answers.
pub fn router(app: App) -> Router {
    let (routes, api) = documented().split_for_parts();
    let api = openapi::complete(api);
    let (needs, trails) = (Arc::new(Needs::of(&api)), Arc::new(Trails::of(&api)));
    let shell = Shell { app: app.clone(), needs, trails };
    let routes = routes.merge(documents::routes(api)).merge(problems::routes());
    // What pages ask for goes through the same gate as everyone's requests.
    let inside = routes.clone().fallback(meta::nothing).layer(from_fn_with_state(shell.clone(), shell::wrap));
    let routes = routes.merge(ui::routes(&app, inside.with_state(app.clone()))).fallback(meta::nothing);
    // From the inside out: answers are compressed, the shell sees and names everything, and what other sites may read is
    // said of problems, too.
    let routes = routes.layer(CompressionLayer::new()).layer(from_fn_with_state(shell, shell::wrap));
    ui::below(
        &app.settings.base,
        routes.layer(from_fn_with_state(app.clone(), cors::allow)).with_state(app.clone()),
    )
}

/// The routes that the API document describes.
pub(crate) fn documented() -> OpenApiRouter<App> {
    let plain = OpenApiRouter::new()
        .merge(tasks::plain())
        .merge(actions::plain())
        .merge(flows::plain())
        .merge(leases::routes())
        .merge(workers::plain())
        .merge(pools::plain())
        .merge(recover::routes())
        .merge(schedules::plain())
        .merge(kinds::plain())
        .merge(webhooks::routes())
        .merge(queues::plain())
        .merge(meta::routes())
        .merge(doctor::routes())
        .merge(gateways::routes())
        .merge(redis::routes())
        .merge(silences::plain())
        .layer(from_fn(no_query));
    let with_query = OpenApiRouter::new().merge(tasks::with_query()).merge(flows::with_query());
    let with_query = with_query
        .merge(workers::with_query())
        .merge(pools::with_query())
        .merge(schedules::with_query())
        .merge(kinds::with_query())
        .merge(queues::with_query())
        .merge(actions::with_query())
        .merge(trail::with_query())
        .merge(series::with_query())
        .merge(errors::with_query())
        .merge(live::routes());
    OpenApiRouter::new()
        .nest("/api/v1", plain.merge(with_query))
        .merge(health::routes())
        .merge(auth::routes())
        .merge(oauth::routes())
}
