//! What does not succeed, in the words of OAuth (RFC 6749, 5.2). Trouble of our own stays a problem like any other.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Fail;
use crate::routes::auth::answer::unkept;

pub(super) enum Refusal {
    Told { status: StatusCode, error: &'static str, description: String },
    Fail(Fail),
}

/// Why no token was given.
#[derive(Serialize, ToSchema)]
pub(super) struct OauthError {
    #[schema(example = "invalid_grant")]
    error: &'static str,
    error_description: String,
}

impl Refusal {
    fn told(status: StatusCode, error: &'static str, description: impl Into<String>) -> Refusal {
        Refusal::Told { status, error, description: description.into() }
    }

    pub(super) fn request(description: impl Into<String>) -> Refusal {
        Refusal::told(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    pub(super) fn bad(error: &'static str, description: impl Into<String>) -> Refusal {
        Refusal::told(StatusCode::BAD_REQUEST, error, description)
    }

    pub(super) fn client() -> Refusal {
        Refusal::told(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "the client is not known, or did not show who it is",
        )
    }

    pub(super) fn scope(description: impl Into<String>) -> Refusal {
        Refusal::bad("invalid_scope", description)
    }
}

impl From<Fail> for Refusal {
    fn from(fail: Fail) -> Refusal {
        Refusal::Fail(fail)
    }
}

impl From<baton_store::Error> for Refusal {
    fn from(error: baton_store::Error) -> Refusal {
        Refusal::Fail(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Fail(fail) => fail.into_response(),
            Refusal::Told { status, error, description } => {
                let body = OauthError { error, error_description: description };
                let mut answer = unkept((status, Json(body)).into_response());
                if status == StatusCode::UNAUTHORIZED {
                    let challenge = HeaderValue::from_static("Basic realm=\"baton\"");
                    answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                }
                answer
            }
        }
    }
}
