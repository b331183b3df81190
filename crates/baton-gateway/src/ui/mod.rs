//! The pages: who looks at them, and what they are made of.
//!
//! Every page is made of answers of the HTTP interface, which are asked for in this process, through the same gate as
//! everyone's requests and in the name of whoever looks: see [`api`]. So a page can show and do nothing that the interface
//! does not offer, scopes and queue grants hold without a second thought, and what operators do here is on the trail.
//!
//! A new page is a template and its data in `baton-dashboard`, a function here that asks for what stands on it, and a row in
//! [`routes`].

mod again;
mod api;
mod assets;
mod deeds;
mod enter;
mod form;
mod login;
mod overview;
mod queues;
mod reports;
mod safety;
mod tasks;
mod theme;
mod visit;
mod workers;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use baton_api::Problem;
use baton_dashboard::{Base, Shell, Theme};
use tower::util::MapRequest;

use crate::app::App;
use api::Inside;

pub(crate) use enter::wants_html;
pub(crate) use theme::of as theme_of;

/// Whether a page asks, who was counted when he asked for the page.
pub(crate) fn asks(parts: &Parts) -> bool {
    parts.extensions.get::<api::ByPage>().is_some()
}

/// Whether the pages answer at this path of a route. They say themselves who may see them.
pub(crate) fn answers(route: &str) -> bool {
    route == "/" || route.starts_with("/ui/")
}

/// All pages. `inside` is everything else that this gateway answers.
pub(crate) fn routes(app: &App, inside: Router) -> Router<App> {
    let inside = Inside(Arc::new(inside));
    let pages = Router::new()
        .route("/", get(overview::overview))
        .route("/ui/tasks", get(tasks::list))
        .route("/ui/tasks/{name}", get(tasks::one_task))
        .route("/ui/actions", get(tasks::ask_many).post(tasks::act_on_many))
        .route("/ui/operations/{id}", get(tasks::operation))
        .route("/ui/queues", get(queues::list))
        .route("/ui/queues/{name}", get(queues::one_queue))
        .route("/ui/workers", get(workers::list))
        .route("/ui/workers/{name}", get(workers::one_worker))
        .merge(deeds::routes())
        .layer(from_fn_with_state(app.clone(), enter::enter))
        .layer(Extension(inside.clone()));
    let doors = Router::new()
        .route("/ui/login", get(login::page).post(login::log_in))
        .route("/ui/logout", post(login::log_out))
        .route("/ui/theme", post(theme::choose))
        .layer(from_fn(enter::own))
        .layer(Extension(inside));
    // A program that asks at the front door gets no page.
    let front = pages.layer(from_fn_with_state(app.clone(), enter::front));
    let safe = front.merge(doors).route("/ui/assets/{name}", get(assets::asset));
    safe.layer(from_fn_with_state(app.clone(), safety::dress)).route("/ui/reports", post(reports::report))
}

/// Requests may come with the base before their paths, or without it where a proxy has taken it away.
pub(crate) fn below(base: &Base, router: Router) -> Router {
    if base.is_empty() {
        return router;
    }
    let base = base.clone();
    Router::new().fallback_service(MapRequest::new(router, move |request| stripped(&base, request)))
}

fn stripped(base: &Base, mut request: Request) -> Request {
    let uri = request.uri().clone();
    let query = uri.query().map_or(String::new(), |query| format!("?{query}"));
    let inner = base.strip(uri.path()).and_then(|path| format!("{path}{query}").parse().ok());
    inner.into_iter().for_each(|inner| *request.uri_mut() = inner);
    request
}

/// A problem as a page, for people.
pub(crate) fn problem_page(app: &App, theme: Theme, problem: Problem) -> Option<Response> {
    let shell = Shell { theme, ..visit::bare(app, &HeaderMap::new(), "/") };
    visit::problem_page(shell, problem).map(|answer| safety::dressed(app, answer))
}
