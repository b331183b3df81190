//! Answers with tokens: into the body, or into cookies that no script can read.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use baton_api::auth::{Pair, Secret};

use crate::auth::Auth;
use crate::auth::cookie::Cookie;
use crate::auth::issue::Tokens;

const OUTCOME: HeaderName = HeaderName::from_static("x-refresh-outcome");

/// A pair of tokens. Nobody on the way may keep it.
pub(super) fn pair(auth: &Auth, tokens: Tokens, by_cookie: bool) -> Response {
    let Tokens { issued, refresh, session, refresh_for_s } = tokens;
    let cookies = by_cookie.then(|| {
        let jar = auth.jar();
        [
            Cookie::Access.set(&issued.access, issued.expires_in_s, jar),
            Cookie::Refresh.set(refresh.expose(), refresh_for_s, jar),
        ]
    });
    let body = Pair {
        access_token: (!by_cookie).then_some(Secret(issued.access)),
        refresh_token: (!by_cookie).then(|| Secret(refresh.expose().clone())),
        token_type: "bearer".to_owned(),
        expires_in: issued.expires_in_s,
        scope: issued.scopes.to_string(),
        session_id: session.to_string(),
    };
    let mut answer = unkept(Json(body).into_response());
    for cookie in cookies.into_iter().flatten().flatten() {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

pub(crate) fn with_outcome(mut answer: Response, outcome: &'static str) -> Response {
    answer.headers_mut().insert(OUTCOME, HeaderValue::from_static(outcome));
    answer
}

/// Removes both cookies.
pub(super) fn without_cookies(auth: &Auth, mut answer: Response) -> Response {
    for gone in auth.jar().removed() {
        answer.headers_mut().append(header::SET_COOKIE, gone);
    }
    answer
}

/// Nobody on the way keeps it.
pub(crate) fn unkept(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}
