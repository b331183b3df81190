//! Problems: RFC 9457 bodies for everything that does not succeed.

use baton_core::Code;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The HTTP status that carries a code.
pub fn status_of(code: Code) -> u16 {
    match code {
        Code::Malformed | Code::UnknownToken | Code::InvalidScope => 400,
        Code::Unauthenticated
        | Code::TokenExpired
        | Code::InvalidCredentials
        | Code::RefreshTokenInvalid
        | Code::RefreshTokenSuperseded
        | Code::RefreshTokenReused => 401,
        Code::CrossSite | Code::InsufficientScope | Code::WorkerNotBound | Code::ReauthenticationRequired => {
            403
        }
        Code::NotFound
        | Code::UnknownTask
        | Code::UnknownFlow
        | Code::UnknownWorker
        | Code::UnknownPool
        | Code::UnknownSchedule
        | Code::UnknownKind
        | Code::UnknownOperation
        | Code::UnknownWebhook
        | Code::UnknownQueue
        | Code::UnknownErrorGroup
        | Code::UnknownUser
        | Code::UnknownSession
        | Code::UnknownKey => 404,
        Code::MethodNotAllowed => 405,
        Code::Conflict
        | Code::Fenced
        | Code::Superseded
        | Code::LeaseLost
        | Code::NotRunning
        | Code::AlreadyFinished
        | Code::ParentsOpen
        | Code::QueuePaused
        | Code::LimitReached
        | Code::DuplicateKey
        | Code::NoWebhookSecret
        | Code::NameTaken => 409,
        Code::ResultExpired => 410,
        Code::StaleVersion => 412,
        Code::PayloadTooLarge => 413,
        Code::UnsupportedMediaType => 415,
        Code::Validation
        | Code::IdempotencyMismatch
        | Code::DependencyMissing
        | Code::DependencyCycle
        | Code::CrossShardLink
        | Code::GraphTooLarge => 422,
        Code::RateLimited => 429,
        Code::HeadersTooLarge => 431,
        Code::Internal => 500,
        Code::RedisUnavailable
        | Code::Draining
        | Code::Overloaded
        | Code::SchemaTooNew
        | Code::KeyRingMismatch
        | Code::RevocationNotDurable => 503,
        Code::StorageFull => 507,
    }
}

/// The word of OAuth (RFC 6749, 5.2) for what is wrong with a token that was asked for.
pub fn oauth_error(code: Code) -> Option<&'static str> {
    match code {
        Code::RefreshTokenInvalid | Code::RefreshTokenSuperseded | Code::RefreshTokenReused => {
            Some("invalid_grant")
        }
        Code::InvalidScope => Some("invalid_scope"),
        _ => None,
    }
}

/// Why a request did not succeed (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "Problem")]
pub struct Problem {
    /// `/problems/<code>`: a page of this gateway that explains it.
    #[serde(rename = "type")]
    #[schema(example = "/problems/fenced")]
    pub kind: String,
    pub title: String,
    #[schema(example = 409)]
    pub status: u16,
    /// What is wrong with this request, and what to do.
    pub detail: String,
    /// The path that was asked for.
    pub instance: String,
    /// The stable word by which programs tell problems apart.
    #[schema(example = "fenced")]
    pub code: String,
    /// The word of OAuth for it, where a token was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "invalid_grant")]
    pub error: Option<String>,
    /// Each thing that is wrong with the body or the query.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Pointed>,
    pub request_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// After how long it makes sense to ask again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Problem {
    /// What the detail does not say already, be it with a large letter at its beginning.
    pub fn unsaid(&self) -> impl Iterator<Item = &Pointed> {
        let said = self.detail.to_lowercase();
        self.errors.iter().filter(move |error| !said.contains(&error.message.to_lowercase()))
    }
}

/// One mistake, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pointed {
    /// JSON Pointer into the body, or the name of a query parameter or header.
    #[schema(example = "/priority")]
    pub pointer: String,
    pub message: String,
}
