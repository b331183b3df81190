//! What is asked before a page is: who looks at it, and is it he who asks?
//!
//! A page comes with two cookies. The access token says who it is; one that ends soon is exchanged on the way, with the
//! refresh token, and both cookies are set anew. Tabs that do so at once get the same tokens: the policy of this client is
//! to repeat an answer. Whoever has neither is asked to log in.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use baton_core::Code;
use baton_dashboard::Base;

use super::again;
use super::api::{Api, Inside};
use super::visit::{Visit, here, is_navigation, to_login};
use crate::app::App;
use crate::auth::cookie::Cookie;
use crate::auth::{Care, Grant, identify, site};
use crate::guard::one;
use crate::problem::{Asked, Fail};
use crate::routes::front_of_programs;
use crate::{budget, clock};

/// An access token that ends within this time is exchanged now.
const SOON_MS: u64 = 60_000;

/// Of tokens that are short-lived themselves it is the last third: otherwise each page would exchange one.
fn soon_ms(access_ttl: Duration) -> u64 {
    u64::try_from(access_ttl.as_millis()).map_or(SOON_MS, |ttl_ms| SOON_MS.min(ttl_ms / 3))
}

/// The front door: a client that does not want HTML is told where the rest is.
pub(super) async fn front(request: Request, next: Next) -> Response {
    if request.uri().path() == "/" && !wants_html(request.headers()) {
        return ([(header::VARY, "Accept")], Json(front_of_programs())).into_response();
    }
    next.run(request).await
}

pub(crate) fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim_start().starts_with("text/html"))
}

/// Forms are taken from pages of this gateway only.
pub(super) async fn own(request: Request, next: Next) -> Response {
    match site::changes(request.method()).then(|| site::same(request.headers(), false)) {
        Some(Err(fail)) => fail.into_response(),
        _ => next.run(request).await,
    }
}

/// Lets those through to pages whom it knows.
pub(super) async fn enter(
    State(app): State<App>,
    Extension(inside): Extension<Inside>,
    request: Request,
    next: Next,
) -> Response {
    if site::changes(request.method())
        && let Err(fail) = site::same(request.headers(), false)
    {
        return fail.into_response();
    }
    let (mut parts, body) = request.into_parts();
    let api = Api::of(&inside, &parts);
    let known = match known(&app, &parts, &api).await {
        Ok(known) => known,
        Err(fail) if is_nobody(&fail) => return stranger(&app, &parts),
        Err(fail) => return fail.into_response(),
    };
    if let Err(standing) = budget::spend(&app, &parts, Some(&known.grant)).await {
        return standing.refusal().into_response();
    }
    let visit = Visit::new(&app, &parts, known.api, &known.grant);
    parts.extensions.insert(visit.clone());
    let asked = parts.extensions.get::<Asked>().cloned();
    let answer = next.run(Request::from_parts(parts, body)).await;
    let mut answer = match answer.extensions().get::<Fail>().cloned().zip(asked) {
        Some((fail, _)) if is_nobody(&fail) => visit.to_login(),
        Some((fail, asked)) if asked.page.is_some() => visit.problem(fail.on_a_page(&asked)).await,
        // A program is told as it is everywhere.
        _ => answer,
    };
    known.cookies.into_iter().for_each(|cookie| remember(&mut answer, cookie));
    answer
}

/// What the page itself tells the browser of that name is newer.
fn remember(answer: &mut Response, cookie: HeaderValue) {
    let told = answer.headers().get_all(header::SET_COOKIE).iter().any(|told| name(told) == name(&cookie));
    if !told {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// What stands before the first `=` of a cookie.
fn name(cookie: &HeaderValue) -> Option<&[u8]> {
    cookie.as_bytes().split(|byte| *byte == b'=').next()
}

/// Whom a page is for.
struct Known {
    grant: std::sync::Arc<Grant>,
    api: Api,
    /// What his browser is to remember from now on.
    cookies: Vec<HeaderValue>,
}

async fn known(app: &App, parts: &Parts, api: &Api) -> Result<Known, Fail> {
    if let Some(header) = parts.headers.get(header::AUTHORIZATION) {
        let api = api.clone().with(header::AUTHORIZATION, header);
        return Ok(Known { grant: identify(app, parts, Care::Usual).await?, api, cookies: Vec::new() });
    }
    if app.settings.open {
        let grant = identify(app, &nameless(parts), Care::Usual).await?;
        return Ok(Known { grant, api: api.clone(), cookies: Vec::new() });
    }
    let jar = app.auth.jar();
    let access = Cookie::Access.read(&parts.headers, jar);
    let found = match access {
        Some(token) => bearing(app, parts, api, token).await,
        None => Err(Fail::new(Code::Unauthenticated)),
    };
    let until_ms = clock::now_ms() + soon_ms(app.auth.logins.rules.access_ttl);
    let lasts = |known: &Known| known.grant.expires_at_ms.is_none_or(|end| end > until_ms);
    match found {
        Ok(known) if lasts(&known) => Ok(known),
        Err(fail) if !is_nobody(&fail) => Err(fail),
        found if Cookie::Refresh.read(&parts.headers, jar).is_none() => found,
        found => match rotated(app, parts, api).await {
            Ok(known) => Ok(known),
            // The old one is good for a few more seconds.
            Err(fail) => found.map_err(|_| fail),
        },
    }
}

/// Without what a browser brings along of another program on this host.
fn nameless(parts: &Parts) -> Parts {
    let mut parts = parts.clone();
    parts.headers.remove(header::COOKIE);
    parts
}

async fn bearing(app: &App, parts: &Parts, api: &Api, token: &str) -> Result<Known, Fail> {
    let value =
        HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Fail::new(Code::Unauthenticated))?;
    let mut parts = parts.clone();
    parts.headers.insert(header::AUTHORIZATION, value.clone());
    let grant = identify(app, &parts, Care::Usual).await?;
    Ok(Known { grant, api: api.clone().with(header::AUTHORIZATION, &value), cookies: Vec::new() })
}

/// Exchanges the refresh token, as `POST /auth/refresh` does.
async fn rotated(app: &App, parts: &Parts, api: &Api) -> Result<Known, Fail> {
    let asked = api.clone().with_cookies(&parts.headers);
    let answer = asked.post("/auth/refresh", &serde_json::json!({})).await?;
    let cookies: Vec<HeaderValue> = answer.headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    let token = Cookie::Access.read_set(&cookies, app.auth.jar()).ok_or_else(|| Fail::new(Code::Internal))?;
    let known = bearing(app, parts, api, token).await?;
    Ok(Known { cookies: cookies.clone(), ..known })
}

/// Whether it says that nobody is known, and logging in would help.
fn is_nobody(fail: &Fail) -> bool {
    use Code::{
        RefreshTokenInvalid, RefreshTokenReused, RefreshTokenSuperseded, TokenExpired, Unauthenticated,
    };
    matches!(
        fail.code,
        Unauthenticated | TokenExpired | RefreshTokenInvalid | RefreshTokenReused | RefreshTokenSuperseded
    )
}

/// Nobody is known. A link on another site does not bring the refresh token: asked once more by a page of ours, it comes.
fn stranger(app: &App, parts: &Parts) -> Response {
    let here = here(&parts.uri);
    let reads = parts.method == Method::GET;
    let followed =
        one(&parts.headers, "sec-fetch-site") == Some("cross-site") && is_navigation(&parts.headers);
    if reads && followed {
        return again::page(app, &here);
    }
    if reads {
        return to_login(&app.settings.base, &here);
    }
    let next = form_of(&app.settings.base, parts);
    Redirect::to(&app.settings.base.to("/ui/login").with("next", next).with("ended", 1).to_string())
        .into_response()
}

/// The page of a form that was sent. It is asked for where it is sent to, but for one that stands below a list.
fn form_of(base: &Base, parts: &Parts) -> String {
    const OF_A_LIST: &str = "/ui/actions";
    let path = parts.uri.path();
    let from = one(&parts.headers, "referer").and_then(|from| from.parse::<Uri>().ok());
    let host = one(&parts.headers, "host");
    let from = from.filter(|from| from.authority().map(|authority| authority.as_str()) == host);
    let from = from.and_then(|from| {
        let query = from.query().map_or_else(String::new, |query| format!("?{query}"));
        base.strip(from.path())
            .filter(|page| *page == path || path == OF_A_LIST)
            .map(|page| format!("{page}{query}"))
    });
    let own = if path == OF_A_LIST { "/ui/tasks" } else { path };
    from.unwrap_or_else(|| own.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_token_is_not_exchanged_all_the_time() {
        for (ttl_s, soon) in [(900, SOON_MS), (180, SOON_MS), (60, 20_000), (3, 1_000)] {
            assert_eq!(soon_ms(Duration::from_secs(ttl_s)), soon, "{ttl_s}");
        }
    }
}
