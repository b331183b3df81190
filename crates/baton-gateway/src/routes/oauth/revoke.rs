//! `/oauth/revoke` (RFC 7009).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use baton_auth::bearer::{Kind, kind};
use baton_auth::refresh::Token;
use baton_auth::user_tag;
use baton_core::Code;
use baton_core::login::EndReason;
use baton_store::calls::token::Revocation;

use super::Posted;
use super::caller::Caller;
use super::refusal::{OauthError, Refusal};
use crate::app::App;
use crate::auth::Credential;
use crate::clock;
use crate::routes::auth::answer::unkept;

/// Revoke a token
///
/// A refresh token or an access token ends its whole session. A token that is unknown, or another client's, is answered
/// like one that has ended.
#[utoipa::path(
    post, path = "/oauth/revoke", tag = "oauth", operation_id = "oauth_revoke", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is good no more"),
        (status = 400, description = "`invalid_request` or `unsupported_token_type`", body = OauthError),
        (status = 401, description = "`invalid_client`", body = OauthError)
    ),
    extensions(("x-problem-codes" = json!(["not_found", "key_ring_mismatch", "revocation_not_durable"])))
)]
pub(super) async fn revoke(
    State(app): State<App>,
    Posted { form, caller, .. }: Posted,
) -> Result<Response, Refusal> {
    let Some(client) = caller.id() else { return Err(Refusal::client()) };
    let token = form.get("token").ok_or_else(|| Refusal::request("token is missing"))?;
    match kind(token) {
        Kind::Refresh => refresh(&app, &client, token).await?,
        Kind::Access => access(&app, &client, token).await?,
        Kind::ApiKey | Kind::OneShot => {
            return Err(Refusal::bad(
                "unsupported_token_type",
                "API keys end at /auth/keys, codes by themselves",
            ));
        }
    }
    Ok(unkept(StatusCode::OK.into_response()))
}

async fn refresh(app: &App, client: &str, token: &str) -> Result<(), Refusal> {
    let Some(token) = app.auth.decode(token).await? else { return Ok(()) };
    let Token { tag, sid, .. } = token;
    let rows = app.auth.store.sessions(tag).await?;
    if rows.iter().any(|row| row.sid == sid && row.client == client) {
        app.auth.end(tag, sid, Some(&token.secret_hash()), None, EndReason::Logout).await?;
    }
    Ok(())
}

async fn access(app: &App, client: &str, token: &str) -> Result<(), Refusal> {
    let known = match app.auth.by_token(token, None, false).await {
        Ok(known) if known.claims.client_id == client => known,
        Err(fail) if !matches!(fail.code, Code::Unauthenticated | Code::TokenExpired) => {
            return Err(fail.into());
        }
        _ => return Ok(()),
    };
    let user = &known.claims.sub;
    match &known.grant.credential {
        Credential::Session { id, .. } => {
            app.auth.end(user_tag(user), *id, None, Some(user), EndReason::Logout).await?;
        }
        Credential::Key { .. } | Credential::Open => {
            let jti = known.claims.jti.clone();
            let until_ms = app.auth.until_ms();
            app.auth.store.deny(&jti, until_ms.saturating_sub(clock::now_ms())).await?;
            app.auth.revoke(Revocation::Token { jti, until_ms });
        }
    }
    Ok(())
}

impl Caller {
    /// The client that the tokens of this program name.
    fn id(&self) -> Option<String> {
        match self {
            Caller::Client(client) => Some(client.id.clone()),
            Caller::Key(grant) => match &grant.credential {
                Credential::Key { id } => Some(id.to_string()),
                _ => None,
            },
            Caller::Bearer(_) => None,
        }
    }
}
