//! The outermost layer: names each request, measures it, guards the routes, asks who it is, and writes what every answer has in common.
//! Whatever did not succeed leaves from here as a problem body, also what the framework refused.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use baton_core::Code;
use futures_util::FutureExt;
use tracing::Instrument;

use crate::app::App;
use crate::auth::{self, Needs, Passage};
use crate::budget::{self, Standing};
use crate::problem::{Asked, Fail};
use crate::trail::{Note, Trails};
use crate::{clock, guard, measure, ui};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Pages load nothing and run nothing; the page of the API documents brings a rule of its own.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// What the shell knows.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    pub(crate) app: App,
    pub(crate) needs: Arc<Needs>,
    pub(crate) trails: Arc<Trails>,
}

pub(crate) async fn wrap(State(shell): State<Shell>, mut request: Request, next: Next) -> Response {
    let since = clock::instant();
    let asked = asked(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", %method, path = %asked.path, request_id = %asked.request_id);
    let guarded = guard::check(&shell.app.settings, request.uri(), request.headers());
    request.extensions_mut().insert(asked.clone());
    let answer = async {
        match guarded {
            Ok(()) => {
                caught(AssertUnwindSafe(shell.admit(request, &route, &asked, next)).catch_unwind().await)
            }
            Err(fail) => fail.into_response(),
        }
    };
    let answer = finish(Some(&shell.app), answer.instrument(span.clone()).await, &asked);
    measure::request(&route, method.as_str(), answer.status().as_u16(), since);
    span.in_scope(|| tracing::debug!(status = answer.status().as_u16(), "answered"));
    answer
}

impl Shell {
    /// Whoever may not come in is turned away before the route or the body is looked at.
    async fn admit(&self, request: Request, route: &str, asked: &Asked, next: Next) -> Response {
        let (mut parts, body) = request.into_parts();
        match auth::pass(&self.app, &self.needs, &parts).await {
            Passage::Free(grant) => {
                let standing = match budget::spend(&self.app, &parts, grant.as_deref()).await {
                    Ok(standing) => standing,
                    Err(standing) => {
                        return with_standing(standing.refusal().into_response(), Some(standing));
                    }
                };
                let note = self.trails.note(&self.app, route, &parts, grant.as_deref());
                grant.and_then(|grant| parts.extensions.insert(grant));
                let answer = next.run(Request::from_parts(parts, body));
                let answer = match note {
                    Some(note) => noted(self.app.clone(), asked.request_id.clone(), note, answer).await,
                    None => answer.await,
                };
                with_standing(answer, standing)
            }
            Passage::OtherMethods(allowed) => {
                let mut answer = Fail::new(Code::MethodNotAllowed).into_response();
                answer.headers_mut().insert(header::ALLOW, allowed);
                answer
            }
            Passage::Refused(fail) => fail.into_response(),
        }
    }
}

/// Goes on to its end also when the client hangs up, or it could change something and leave no note.
async fn noted(
    app: App,
    request_id: String,
    note: Note,
    answer: impl Future<Output = Response> + Send + 'static,
) -> Response {
    let work = async move {
        let answer = answer.await;
        if let Some(note) = note.ended(&answer) {
            note.write(&app, &request_id).await;
        }
        answer
    };
    match tokio::spawn(work.in_current_span()).await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(answer) => answer,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_)) => Fail::new(Code::Internal).into_response(),
    }
}

/// A note for whoever finishes the answer.
fn with_standing(mut answer: Response, standing: Option<Standing>) -> Response {
    standing.and_then(|standing| answer.extensions_mut().insert(standing));
    answer
}

fn caught(answer: std::thread::Result<Response>) -> Response {
    answer.unwrap_or_else(|panic| {
        let said =
            panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(panic = said.unwrap_or("without words"), "a handler panicked");
        Fail::new(Code::Internal).into_response()
    })
}

pub(crate) fn asked(request: &Request) -> Asked {
    let headers = request.headers();
    let sane = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    let given = headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).filter(sane);
    let drawn = || format!("{:016x}", clock::random());
    Asked {
        path: request.uri().path().to_owned(),
        request_id: given.map_or_else(drawn, str::to_owned),
        trace_id: traceparent(headers).and_then(|trace| trace.split('-').nth(1).map(str::to_owned)),
        page: is_for_people(request).then(|| ui::theme_of(headers)),
    }
}

/// Whether a browser shows what is answered: a page, or what is nowhere. The interface answers browsers as everyone else.
fn is_for_people(request: &Request) -> bool {
    let ours = request.extensions().get::<MatchedPath>().is_none_or(|path| ui::answers(path.as_str()));
    ours && ui::wants_html(request.headers()) && !request.uri().path().starts_with("/api/")
}

/// The W3C trace context of a request, if it is well formed: `00-<32 hex>-<16 hex>-<2 hex>`.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let lengths: Vec<usize> = text.split('-').filter(|part| hex(part)).map(str::len).collect();
    (lengths == [2, 32, 16, 2] && text.len() == 55).then_some(text)
}

fn finish(app: Option<&App>, answer: Response, asked: &Asked) -> Response {
    let standing = answer.extensions().get::<Standing>().copied();
    let mut answer = match fail_of(&answer) {
        Some(fail) => {
            let page = app
                .zip(asked.page)
                .and_then(|(app, theme)| ui::problem_page(app, theme, fail.problem(asked)));
            let mut problem = page.unwrap_or_else(|| fail.render(asked));
            for name in [header::ALLOW, header::CONNECTION] {
                if let Some(value) = answer.headers().get(&name) {
                    problem.headers_mut().insert(name, value.clone());
                }
            }
            problem
        }
        None => answer,
    };
    dress(answer.headers_mut(), asked);
    if let Some(standing) = standing {
        standing.write(answer.headers_mut());
    }
    answer
}

/// What every answer says, whatever it is.
pub(crate) fn dress(headers: &mut HeaderMap, asked: &Asked) {
    if let Ok(id) = HeaderValue::from_str(&asked.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(CONTENT_SECURITY_POLICY);
}

/// What the body of a problem is made of: the handler's own words, or what a status of the framework means.
fn fail_of(answer: &Response) -> Option<Fail> {
    if let Some(fail) = answer.extensions().get::<Fail>() {
        return Some(fail.clone());
    }
    let ours =
        answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind != "text/plain; charset=utf-8");
    let code = match answer.status() {
        _ if ours => return None,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::UNPROCESSABLE_ENTITY => Code::Validation,
        status if status.is_client_error() => Code::Malformed,
        status if status.is_server_error() => Code::Internal,
        _ => return None,
    };
    Some(Fail::new(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        Asked { path: "/x".to_owned(), request_id: "r".to_owned(), trace_id: None, page: None }
    }

    #[test]
    fn a_panic_is_a_problem_that_says_nothing_of_its_cause() {
        let answer = finish(None, caught(Err(Box::new("secret"))), &asked());
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(fail_of(&caught(Err(Box::new(7)))), Some(Fail::new(Code::Internal)));
    }

    #[test]
    fn what_the_framework_refuses_is_a_problem() {
        for (status, code) in [
            (404, Code::NotFound),
            (405, Code::MethodNotAllowed),
            (408, Code::Malformed),
            (413, Code::PayloadTooLarge),
            (415, Code::UnsupportedMediaType),
            (422, Code::Validation),
            (502, Code::Internal),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(fail_of(&(status, "words").into_response()), Some(Fail::new(code)), "{status}");
        }
        assert_eq!(fail_of(&(StatusCode::OK, "words").into_response()), None);
    }

    #[test]
    fn only_a_whole_trace_context_counts() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", text.parse().unwrap());
            traceparent(&headers).is_some()
        };
        assert!(of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        for wrong in ["00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-1-2-01", "", "x-y-z-0"] {
            assert!(!of(wrong), "{wrong}");
        }
    }
}
