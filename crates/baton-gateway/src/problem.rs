//! One type for everything that does not succeed. It becomes an `application/problem+json` body (RFC 9457) where the
//! answer leaves the gateway, because only there path and request id are known.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_api::Problem;
use baton_api::problem::{Pointed, oauth_error, status_of};
use baton_auth::Action;
use baton_core::{Code, Refusal, Status, limits};
use baton_dashboard::Theme;
use baton_store::calls::Refused;

/// Why a request does not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fail {
    pub(crate) code: Code,
    /// About this request; without it the advice of the code is all there is to say.
    detail: Option<String>,
    errors: Vec<Pointed>,
    retry_after_ms: Option<u64>,
    /// The one that the credential lacks.
    scope: Option<Action>,
}

/// Of a form that was changed after it had been sent.
const SENT_BEFORE: &str = "This form was sent before, with something else in it, and that was done. Sent once more, what stands \
                           here now is done, too.";

/// The request to which a problem belongs.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) request_id: String,
    pub(crate) trace_id: Option<String>,
    /// Somebody looks at it with a browser, in these colours.
    pub(crate) page: Option<Theme>,
}

impl Fail {
    pub(crate) fn new(code: Code) -> Fail {
        let status = status_of(code);
        let retry = matches!(status, 429 | 503 | 507).then_some(1_000);
        Fail { code, detail: None, errors: Vec::new(), retry_after_ms: retry, scope: None }
    }

    /// Something is wrong with one part of the request.
    pub(crate) fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Fail {
        Fail::new(Code::Validation).at(pointer, message)
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Fail {
        Fail::new(Code::Malformed).because(detail)
    }

    pub(crate) fn because(mut self, detail: impl Into<String>) -> Fail {
        self.detail = Some(detail.into());
        self
    }

    pub(crate) fn at(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Fail {
        self.errors.push(Pointed { pointer: pointer.into(), message: message.into() });
        self
    }

    pub(crate) fn all(errors: Vec<Pointed>) -> Fail {
        Fail::all_of(Code::Validation, errors)
    }

    pub(crate) fn all_of(code: Code, errors: Vec<Pointed>) -> Fail {
        Fail { errors, ..Fail::new(code) }
    }

    /// At all of these places, of which the first so many are named.
    pub(crate) fn with_all(mut self, mut errors: Vec<Pointed>, most: usize) -> Fail {
        let more = errors.len().saturating_sub(most);
        errors.truncate(most);
        self.errors = errors;
        if more > 0 { self.at("", format!("the same holds for {more} more places")) } else { self }
    }

    /// It will most likely succeed after this long.
    pub(crate) fn again_after(mut self, ms: u64) -> Fail {
        self.retry_after_ms = Some(ms);
        self
    }

    /// The credential does not allow this.
    pub(crate) fn lacks(action: Action) -> Fail {
        Fail { scope: Some(action), ..Fail::new(Code::InsufficientScope) }
    }

    /// The rules said no, to a task in this status.
    pub(crate) fn refused(refusal: Refusal, status: Option<Status>) -> Fail {
        let fail = Fail::new(refusal.into());
        match status {
            Some(status) => fail.because(format!("The task is {status}. {}", refusal.advice())),
            None => fail,
        }
    }

    pub(crate) fn problem(&self, asked: &Asked) -> Problem {
        let first = self.errors.first().map(|error| match error.pointer.as_str() {
            "" => format!("{}.", capital(&error.message)),
            pointer => format!("{pointer}: {}.", error.message),
        });
        Problem {
            kind: format!("/problems/{}", self.code),
            title: title(self.code),
            status: status_of(self.code),
            detail: self.detail.clone().or(first).unwrap_or_else(|| self.code.advice().to_owned()),
            instance: asked.path.clone(),
            code: self.code.to_string(),
            error: oauth_error(self.code).map(str::to_owned),
            errors: self.errors.clone(),
            request_id: asked.request_id.clone(),
            trace_id: asked.trace_id.clone(),
            retry_after_ms: self.retry_after_ms,
        }
    }

    /// What a page of ours is told of it.
    pub(crate) fn told(&self) -> Problem {
        let nowhere = Asked { path: String::new(), request_id: String::new(), trace_id: None, page: None };
        self.on_a_page(&nowhere)
    }

    /// The same to somebody who sees pages, and neither headers nor keys.
    pub(crate) fn on_a_page(&self, asked: &Asked) -> Problem {
        let mut problem = self.problem(asked);
        match (self.code, self.scope) {
            (Code::InsufficientScope, Some(scope)) => {
                problem.detail = format!("This takes the scope {scope}, which you do not have.");
            }
            (Code::InsufficientScope, None) if problem.detail == self.code.advice() => {
                "This takes a scope that you do not have.".clone_into(&mut problem.detail);
            }
            (Code::IdempotencyMismatch, _) => SENT_BEFORE.clone_into(&mut problem.detail),
            _ => {}
        }
        problem
    }

    /// What a person is told of it. A place in a body is nothing that he sees.
    pub(crate) fn sentence(&self) -> String {
        let detail = self.told().detail;
        let first = self.errors.first().filter(|error| error.pointer.starts_with('/'));
        let said = first.filter(|error| detail == format!("{}: {}.", error.pointer, error.message));
        said.map_or(detail, |error| format!("{}.", capital(&error.message)))
    }

    /// With what an answer of ours asks for (RFC 6750).
    pub(crate) fn challenged(self, challenge: &str) -> Fail {
        let scope = challenge.split("scope=\"").nth(1).and_then(|rest| rest.split('"').next());
        Fail { scope: scope.and_then(|scope| scope.parse().ok()), ..self }
    }

    /// The answer as the client gets it.
    pub(crate) fn render(&self, asked: &Asked) -> Response {
        let body = serde_json::to_vec(&self.problem(asked)).unwrap_or_default();
        let mut answer =
            (self.status(), [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(challenge) = self.challenge() {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(ms) = self.retry_after_ms {
            answer.headers_mut().insert(header::RETRY_AFTER, ms.div_ceil(1_000).into());
        }
        answer
    }

    /// What a client may do about a credential that is missing or does not do (RFC 6750).
    fn challenge(&self) -> Option<HeaderValue> {
        let text = match (self.code, self.scope) {
            (Code::Unauthenticated, _) => "Bearer realm=\"baton\"".to_owned(),
            (Code::TokenExpired, _) => "Bearer error=\"invalid_token\"".to_owned(),
            (Code::InsufficientScope, Some(scope)) => {
                format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"")
            }
            (Code::InsufficientScope, None) => "Bearer error=\"insufficient_scope\"".to_owned(),
            _ => return None,
        };
        HeaderValue::from_str(&text).ok()
    }

    #[cfg(test)]
    pub(crate) fn errors(&self) -> &[Pointed] {
        &self.errors
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(status_of(self.code)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// What another part of this gateway has answered.
impl From<Problem> for Fail {
    fn from(problem: Problem) -> Fail {
        let Ok(code) = problem.code.parse::<Code>() else { return Fail::new(Code::Internal) };
        let Problem { detail, errors, retry_after_ms, .. } = problem;
        Fail { detail: Some(detail), errors, retry_after_ms, ..Fail::new(code) }
    }
}

/// `unknown_task` reads `Unknown task`.
pub(crate) fn title(code: Code) -> String {
    capital(&code.as_str().replace('_', " "))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

impl IntoResponse for Fail {
    /// A note for the outermost layer, which writes the body.
    fn into_response(self) -> Response {
        let mut answer = self.status().into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}

impl From<Refused> for Fail {
    fn from(refused: Refused) -> Fail {
        let Refused { refusal, detail } = refused;
        let fail = Fail::new(refusal.into());
        match (refusal, detail) {
            (_, None) => fail,
            (Refusal::Conflict, Some(what)) => {
                fail.because(format!("It stands against this: {what}. {}", refusal.advice()))
            }
            (Refusal::DependencyCycle, Some(ids)) => fail.because(circle(&ids)),
            (_, Some(what)) => fail.because(format!("{} ({what})", refusal.advice())),
        }
    }
}

/// The store names the tasks of a circle in their order, of a long one the first.
fn circle(ids: &str) -> String {
    let ids: Vec<&str> = ids.split(' ').collect();
    let cut = ids.len() as u64 >= limits::CIRCLE_IDS_MAX;
    let rest = if cut { " → …" } else { "" };
    let way = format!("{}{rest} → {}", ids.join(" → "), ids.first().copied().unwrap_or_default());
    format!("These tasks would wait for each other: {way}. {}", Refusal::DependencyCycle.advice())
}

impl From<baton_store::Error> for Fail {
    fn from(error: baton_store::Error) -> Fail {
        use baton_store::Error;
        match error {
            Error::Unavailable { reason, .. } => {
                tracing::warn!(reason, "Redis is not available");
                Fail::new(Code::RedisUnavailable)
            }
            Error::StorageFull => Fail::new(Code::StorageFull),
            Error::NotConfirmed => Fail::new(Code::RevocationNotDurable),
            Error::Invalid { field, problem } => Fail::invalid(place(field), format!("{field}: {problem}")),
            Error::Fault { what, problem } => {
                tracing::error!(what, problem, "a fault");
                Fail::new(Code::Internal)
            }
        }
    }
}

/// Where in a request stands what the store calls so.
pub(crate) fn place(field: &str) -> &str {
    match field {
        "a payload" => "/payload",
        "parents" | "parents of one task" => "/parents",
        "a delay in ms" => "/delay_ms",
        "tasks of a flow" | "edges of a flow" | "a flow" => "/tasks",
        "payloads of one call" | "a submission" => "/tasks",
        "tags" => "/tags",
        "a timeout" => "/timeout_ms",
        "max_attempts" => "/max_attempts",
        "max_crashes" => "/max_crashes",
        "run_at_ms" => "/run_at",
        "result_ttl_ms" => "/result_ttl_ms",
        "cache_ttl_ms" => "/cache_ttl_ms",
        "non_retryable" => "/non_retryable",
        "a traceparent" => "traceparent",
        "a reason" => "/reason",
        "a filter" => "/filter",
        "tasks of an operation" => "/ids",
        "progress" => "/progress/text",
        "log lines of one call" | "a log line" => "/logs",
        "a result" => "/result",
        "an error" => "/error",
        "tasks held" => "/holding",
        "tasks of one claim" => "/max",
        "queues of one claim" => "/queues",
        "a cursor" => "cursor",
        "a place in a stream" => "after",
        "a page" => "limit",
        _ => "",
    }
}
