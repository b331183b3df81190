//! One look at a page: who it is, what he asks with, and how the page is answered.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::health::Health;
use baton_api::queue::Queues;
use baton_api::task::Stats;
use baton_api::{Problem, Timestamp};
use baton_auth::Action;
use baton_core::Code;
use baton_dashboard::notice::ProblemPage;
use baton_dashboard::{Bar, Base, Page, Shell, Viewer};
use futures_util::future::join;

use super::api::Api;
use super::form::Form;
use super::{settings, theme};
use crate::app::App;
use crate::auth::{Credential, Grant};
use crate::clock;
use crate::guard::one;
use crate::problem::Fail;

/// A script that wants only the part of a page that changes says so with this header.
const LIVE: &str = "x-baton-live";

/// Pages are personal: the browser keeps them, asks each time whether they are still so, and shows them to nobody else.
const PERSONAL: &str = "private, no-cache";

/// Somebody who is known looks at a page.
#[derive(Clone)]
pub(super) struct Visit {
    /// How he asks.
    pub(super) api: Api,
    pub(super) base: Base,
    /// What stands behind the question mark.
    pub(super) query: Form,
    around: Shell,
    /// Only the part that changes is wanted.
    live: bool,
    pub(super) headers: HeaderMap,
    /// Browsers reach it over TLS.
    pub(super) secure: bool,
}

impl Visit {
    pub(super) fn new(app: &App, parts: &Parts, api: Api, grant: &Grant) -> Visit {
        let around = Shell { viewer: viewer(app, grant), ..bare(app, &parts.headers, &here(&parts.uri)) };
        let live = parts.headers.contains_key(LIVE);
        Visit {
            api: if live { api.sharing(&grant.scopes) } else { api },
            base: app.settings.base.clone(),
            query: Form::of(&parts.uri).unwrap_or_default(),
            around,
            live,
            headers: parts.headers.clone(),
            secure: app.auth.secure() && !app.settings.open,
        }
    }

    /// What stands around a page of that place.
    pub(super) async fn shell(&self, place: &'static str) -> Shell {
        self.shell_over(place, "1h").await
    }

    /// The same; with what happened lately over another time.
    pub(super) async fn shell_over(&self, place: &'static str, last: &str) -> Shell {
        let stats = format!("/api/v1/tasks/stats?last={last}");
        let (stats, health) =
            join(self.api.get_some::<Stats>(&stats), self.api.get_some::<Health>("/health")).await;
        Shell { place, bar: Some(Bar { stats, health }), ..self.around.clone() }
    }

    /// The page, or the part of it that is asked for; or that it is as the browser has it.
    pub(super) fn show(&self, page: &impl Page) -> Result<Response, Fail> {
        let text = if self.live { page.live() } else { page.whole() };
        let text = text.map_err(|error| {
            tracing::error!(%error, "a page cannot be written");
            Fail::new(Code::Internal)
        })?;
        let tag = tag(text.as_bytes());
        let mut answer = fresh(page_of(text, 200), &tag, &self.headers, PERSONAL);
        answer.headers_mut().append(header::VARY, HeaderValue::from_static("Accept, X-Baton-Live"));
        Ok(answer)
    }

    /// Whether the page is there already, and only what changed is asked for.
    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// Names of queues, to choose from.
    pub(super) async fn queues(&self) -> Vec<String> {
        let queues = self.api.get_some::<Queues>("/api/v1/queues?limit=100").await;
        queues.into_iter().flat_map(|list| list.queues).map(|queue| queue.name.to_string()).collect()
    }

    /// Whether whoever looks may do that, in some queue at least.
    pub(super) fn may(&self, scope: &str) -> bool {
        self.around.may(scope)
    }

    /// Refuses whoever may not do that in any queue: he is not asked what he would then be refused.
    pub(super) fn must(&self, action: Action) -> Result<(), Fail> {
        if self.may(action.as_str()) { Ok(()) } else { Err(Fail::lacks(action)) }
    }

    /// The page of a form that was sent, as an answer to that.
    pub(super) fn refuse(&self, page: &impl Page, status: u16) -> Result<Response, Fail> {
        html(page, status).ok_or_else(|| Fail::new(Code::Internal))
    }

    pub(super) async fn problem(&self, problem: Problem) -> Response {
        let page = problem_page(self.shell("").await, problem);
        page.unwrap_or_else(|| Fail::new(Code::Internal).into_response())
    }

    pub(super) fn to_login(&self) -> Response {
        to_login(&self.base, &self.around.here)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visit, Fail> {
        parts.extensions.get::<Visit>().cloned().ok_or_else(|| Fail::new(Code::Internal))
    }
}

/// Whoever asks for a page that everyone may see.
pub(super) struct Stranger(pub(super) Shell);

impl FromRequestParts<App> for Stranger {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Stranger, Infallible> {
        Ok(Stranger(bare(app, &parts.headers, &here(&parts.uri))))
    }
}

/// What stands around a page where nobody is known.
pub(super) fn bare(app: &App, headers: &HeaderMap, here: &str) -> Shell {
    Shell {
        base: app.settings.base.clone(),
        instance: app.settings.instance.clone(),
        theme: theme::of(headers),
        look: settings::of(headers),
        viewer: Viewer { open: app.settings.open, ..Viewer::default() },
        now: Timestamp::from_ms(clock::now_ms()),
        here: here.to_owned(),
        place: "",
        bar: None,
    }
}

fn viewer(app: &App, grant: &Grant) -> Viewer {
    let allowed = Action::ALL.iter().filter(|action| grant.scopes.allow(**action));
    Viewer {
        name: match &grant.credential {
            Credential::Open => None,
            Credential::Session { .. } | Credential::Key { .. } => Some(
                grant
                    .user
                    .as_ref()
                    .map_or_else(|| grant.principal.to_string(), |user| user.name().to_owned()),
            ),
        },
        open: app.settings.open,
        scopes: allowed.map(|action| action.as_str()).collect(),
    }
}

/// The path and the query.
pub(super) fn here(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string)
}

/// To where one logs in, and from there back.
pub(super) fn to_login(base: &Base, next: &str) -> Response {
    let next = if next == "/" { "" } else { next };
    Redirect::to(&base.to("/ui/login").with_some("next", next).to_string()).into_response()
}

/// A page of this gateway, whatever a form or an address says.
pub(super) fn inside(next: &str) -> &str {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { next } else { "/" }
}

/// To there.
pub(super) fn back(base: &Base, next: &str) -> Redirect {
    Redirect::to(&base.to(inside(next)).to_string())
}

/// Whether a browser asks in order to show it.
pub(super) fn is_navigation(headers: &HeaderMap) -> bool {
    one(headers, "sec-fetch-mode") == Some("navigate")
}

/// What went wrong, for people; and for their programs, when it may be right again.
pub(super) fn problem_page(shell: Shell, problem: Problem) -> Option<Response> {
    let (status, again) = (problem.status, problem.retry_after_ms);
    let mut answer = html(&ProblemPage { shell, problem }, status)?;
    if let Some(ms) = again {
        answer.headers_mut().insert(header::RETRY_AFTER, ms.div_ceil(1_000).into());
    }
    Some(answer)
}

/// The whole page, whatever was asked for.
pub(super) fn html(page: &impl Page, status: u16) -> Option<Response> {
    page.whole().ok().map(|text| page_of(text, status))
}

pub(super) fn page_of(text: String, status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}

/// The name of these bytes.
pub(super) fn tag(bytes: &[u8]) -> String {
    format!("W/\"{}\"", sha1_smol::Sha1::from(bytes).digest())
}

/// Names an answer, and leaves its body out where the client has it.
pub(super) fn fresh(mut answer: Response, tag: &str, headers: &HeaderMap, cached: &'static str) -> Response {
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        *answer.body_mut() = Body::empty();
        answer.headers_mut().remove(header::CONTENT_TYPE);
    }
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_lead_to_pages_of_this_gateway_only() {
        let base: Base = "/ops".parse().unwrap();
        let to = |next: &str| {
            back(&base, next).into_response().headers()[header::LOCATION].to_str().unwrap().to_owned()
        };
        assert_eq!(to("/ui/tasks?q=a%20b"), "/ops/ui/tasks?q=a%20b");
        for odd in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\r\nb",
            "javascript:alert(1)",
        ] {
            assert_eq!(to(odd), "/ops/", "{odd}");
        }
    }
}
