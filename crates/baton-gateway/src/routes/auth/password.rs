//! New passwords.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use baton_api::auth::{NewPassword, Pair, ResetPassword};

use super::answer::pair;
use super::body::{Loose, filled};
use super::sessions::session_of;
use crate::app::App;
use crate::auth::clients::DASHBOARD;
use crate::auth::{Address, Surely};
use crate::problem::Fail;

/// Change one's password
///
/// All sessions end but this one, which goes on with new tokens.
#[utoipa::path(
    post, path = "/auth/password", tag = "auth", operation_id = "change_password", security(("bearer" = [])),
    request_body = NewPassword,
    responses((status = 200, description = "The tokens from now on", body = Pair)),
    extensions(
        ("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "invalid_credentials", "conflict",
            "rate_limited", "overloaded", "revocation_not_durable", "storage_full"]))
    )
)]
pub(super) async fn change_password(
    State(app): State<App>,
    Surely(grant): Surely,
    Address(from): Address,
    Loose(body): Loose<NewPassword>,
) -> Result<Response, Fail> {
    let (user, session) = session_of(&grant)?;
    let current = filled(&body.current.0, "/current")?;
    let new = filled(&body.new.0, "/new")?;
    let (tokens, client) = app.auth.change_password(user, session, current, new, from).await?;
    // A page has no other place for them than its cookies.
    Ok(pair(&app.auth, tokens, client == DASHBOARD))
}

/// Set a password with a code
///
/// The code comes from whoever looks after users, and is good once.
#[utoipa::path(
    post, path = "/auth/password/reset", tag = "auth", operation_id = "reset_password", security(()),
    request_body = ResetPassword,
    responses((status = 204, description = "It is set; all sessions have ended")),
    extensions(("x-problem-codes" = json!(["unauthenticated", "overloaded", "revocation_not_durable", "storage_full"])))
)]
pub(super) async fn reset_password(
    State(app): State<App>,
    Loose(body): Loose<ResetPassword>,
) -> Result<StatusCode, Fail> {
    let code = filled(&body.code.0, "/code")?;
    let new = filled(&body.new.0, "/new")?;
    app.auth.reset_password(code, new).await.map(|()| StatusCode::NO_CONTENT)
}
