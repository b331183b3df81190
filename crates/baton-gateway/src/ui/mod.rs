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
mod browser;
mod deeds;
mod draft;
mod enter;
mod errors;
mod events;
mod flows;
mod form;
mod keys;
mod login;
mod many;
mod overview;
mod pools;
mod queue_rules;
mod queues;
mod race;
mod reports;
mod safety;
mod schedules;
mod sessions;
mod settings;
mod shared;
mod silence;
mod submit;
mod system;
mod tasks;
mod theme;
mod users;
mod visit;
mod webhooks;
mod workers;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use baton_api::Problem;
use baton_dashboard::{Base, Noun, Page, Shell, Theme};
use tower::util::MapRequest;

use crate::app::App;
use crate::problem::Fail;
use api::Inside;
use visit::Visit;

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
    let inside = Inside::new(inside);
    let pages = Router::new()
        .route("/", get(overview::overview))
        .route("/ui/tasks", get(tasks::list))
        .route("/ui/tasks/{name}", get(tasks::one_task))
        .route("/ui/submit", get(submit::ask).post(submit::send))
        .route("/ui/actions", get(many::ask).post(many::act))
        .route("/ui/operations/{id}", get(many::operation))
        .route("/ui/flows", get(flows::list))
        .route("/ui/flows/{name}", get(flows::one_flow))
        .route("/ui/queues", get(queues::list))
        .route("/ui/queues/{name}", get(queues::one_queue))
        .route("/ui/queues/{name}/limits", get(queue_rules::ask).post(queue_rules::set))
        .route("/ui/workers", get(workers::list))
        .route("/ui/workers/{name}", get(workers::one_worker))
        .route("/ui/errors", get(errors::list))
        .route("/ui/errors/{name}", get(errors::one_group))
        .route("/ui/errors/{name}/rerun", get(errors::ask_rerun).post(errors::rerun))
        .route("/ui/errors/{name}/silence", get(silence::ask).post(silence::silence))
        .route("/ui/errors/{name}/unsilence", get(silence::ask_back).post(silence::take_back))
        .route("/ui/schedules", get(schedules::list))
        .route("/ui/new/schedule", get(schedules::ask_new).post(schedules::make))
        .route("/ui/schedules/{name}", get(schedules::one_schedule))
        .route("/ui/schedules/{name}/edit", get(schedules::ask_edit).post(schedules::edit))
        .route(
            "/ui/schedules/{name}/trigger",
            deeds::asking(Noun::Schedule, "trigger").post(schedules::trigger),
        )
        .route("/ui/webhooks", get(webhooks::list))
        .route("/ui/new/webhook", get(webhooks::ask_new).post(webhooks::make))
        .route("/ui/webhooks/{name}", get(webhooks::one_webhook))
        .route("/ui/webhooks/{name}/edit", get(webhooks::ask_edit).post(webhooks::edit))
        .route("/ui/webhooks/{name}/rotate", deeds::asking(Noun::Webhook, "rotate").post(webhooks::rotate))
        .route("/ui/webhooks/{name}/test", deeds::asking(Noun::Webhook, "test").post(webhooks::test))
        .route("/ui/system", get(system::system))
        .route("/ui/system/keys", get(system::keys))
        .route("/ui/pools/{name}/{deed}", get(pools::ask).post(pools::act))
        .route("/ui/settings", get(settings::page).post(settings::choose))
        .route("/ui/about", get(settings::about))
        .route("/ui/events", get(events::list))
        .route("/ui/audit", get(events::audit))
        .merge(deeds::routes())
        .merge(logins())
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

/// Sessions, users and keys.
fn logins() -> Router<App> {
    let of_user = "/ui/users/{id}/sessions/{session}";
    Router::new()
        .route("/ui/sessions", get(sessions::list))
        .route("/ui/sessions/password", get(sessions::list).post(sessions::change_password))
        .route("/ui/sessions/all/end", get(sessions::ask_all).post(sessions::end_all))
        .route("/ui/sessions/everyone/end", get(sessions::ask_everyone).post(sessions::end_everyone))
        .route("/ui/sessions/race", get(race::ask).post(race::hold))
        .route("/ui/sessions/{id}", get(sessions::one))
        .route("/ui/sessions/{id}/end", get(sessions::ask_one).post(sessions::end_one))
        .route("/ui/users", get(users::list))
        .route("/ui/users/{id}", get(users::one))
        .route("/ui/users/{id}/{deed}", get(users::ask).post(users::act))
        .route(of_user, get(sessions::one_of_user))
        .route(&format!("{of_user}/end"), get(sessions::ask_one_of_user).post(sessions::end_one_of_user))
        .route("/ui/keys", get(keys::list).post(keys::make))
        .route("/ui/keys/{id}/revoke", get(keys::ask_revoke).post(keys::revoke))
        .route("/ui/signing-keys/rotate", get(keys::ask_rotate).post(keys::rotate))
}

/// The page; after a form that was refused, with the status of that.
fn answered(visit: &Visit, page: &impl Page, refused: Option<&Fail>) -> Result<Response, Fail> {
    match refused {
        Some(fail) => visit.refuse(page, fail.status().as_u16()),
        None => visit.show(page),
    }
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
