//! Pages of other sites, where the operator has named them: they may ask with tokens, and never with cookies.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::shell;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, x-request-id",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "etag, link, location, retry-after, www-authenticate, x-refresh-outcome, x-request-id",
);
/// How long a browser remembers what it may do, in seconds.
const REMEMBERED_S: HeaderValue = HeaderValue::from_static("600");

pub(crate) async fn allow(State(app): State<App>, request: Request, next: Next) -> Response {
    let allowed = &app.auth.logins.rules.cors_origins;
    if allowed.is_empty() {
        return next.run(request).await;
    }
    let origin = origin(request.headers(), allowed);
    let asks_first = *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut answer = match &origin {
        Some(_) if asks_first => {
            let asked = shell::asked(&request);
            let mut answer = StatusCode::NO_CONTENT.into_response();
            shell::dress(answer.headers_mut(), &asked);
            answer
        }
        _ => next.run(request).await,
    };
    let headers = answer.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        if asks_first {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_S);
        }
    }
    answer
}

/// The origin of the page, if it is one of these to the letter.
fn origin(headers: &HeaderMap, allowed: &[String]) -> Option<HeaderValue> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else { return None };
    allowed.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}
