//! `/oauth/introspect` (RFC 7662).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use baton_auth::Action;
use baton_auth::access::Holder;
use baton_auth::bearer::{Kind, kind};
use baton_core::Code;
use baton_core::login::UserId;
use serde::Serialize;
use utoipa::ToSchema;

use super::Posted;
use super::caller::Caller;
use super::refusal::{OauthError, Refusal};
use crate::app::App;
use crate::auth::from_bearer;
use crate::problem::Fail;
use crate::routes::auth::answer::unkept;

/// What a token is worth. Of one that is worth nothing only that is said.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct Introspected {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

/// What is a token worth?
///
/// For programs with `auth:introspect`: by access token or API key, or as a client. Asking changes nothing.
#[utoipa::path(
    post, path = "/oauth/introspect", tag = "oauth", operation_id = "oauth_introspect", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What it is worth", body = Introspected),
        (status = 400, description = "`invalid_request`", body = OauthError),
        (status = 401, description = "`invalid_client`", body = OauthError)
    ),
    extensions(("x-problem-codes" = json!(["not_found", "unauthenticated", "token_expired", "insufficient_scope",
        "key_ring_mismatch"])))
)]
pub(super) async fn introspect(
    State(app): State<App>,
    Posted { form, caller, from, .. }: Posted,
) -> Result<Response, Refusal> {
    match &caller {
        Caller::Bearer(credential) => {
            from_bearer(&app, credential, from).await?.must(Action::AuthIntrospect)?
        }
        caller if caller.may(Action::AuthIntrospect) => {}
        _ => return Err(Fail::lacks(Action::AuthIntrospect).into()),
    }
    let token = form.get("token").ok_or_else(|| Refusal::request("token is missing"))?;
    let found = match kind(token) {
        Kind::Refresh => refresh(&app, token).await?,
        Kind::Access => access(&app, token).await?,
        Kind::ApiKey | Kind::OneShot => None,
    };
    Ok(unkept(Json(found.unwrap_or_default()).into_response()))
}

async fn refresh(app: &App, token: &str) -> Result<Option<Introspected>, Fail> {
    let Some(token) = app.auth.decode(token).await? else { return Ok(None) };
    let rows = app.auth.store.sessions(token.tag).await?;
    let row = rows.into_iter().find(|row| row.sid == token.sid && row.generation == token.generation);
    let standing = app.auth.store.standing(token.tag, token.sid).await?;
    let (Some(row), Some((owner, epoch))) = (row, standing.session.clone()) else { return Ok(None) };
    let (true, Ok(user)) = (standing.bears(&owner, epoch), owner.parse::<UserId>()) else { return Ok(None) };
    Ok(Some(Introspected {
        active: true,
        scope: Some(row.scope),
        client_id: Some(row.client),
        username: Some(user.name().to_owned()),
        token_type: Some("refresh_token"),
        exp: Some(row.expires_at_ms / 1_000),
        iat: Some(row.rotated_at_ms / 1_000),
        sub: Some(owner),
        iss: Some(app.auth.logins.rules.issuer.clone()),
        sid: Some(row.sid.to_string()),
        ..Introspected::default()
    }))
}

async fn access(app: &App, token: &str) -> Result<Option<Introspected>, Fail> {
    let known = match app.auth.by_token(token, None, true).await {
        Ok(known) => known,
        Err(fail) if matches!(fail.code, Code::Unauthenticated | Code::TokenExpired) => return Ok(None),
        Err(fail) => return Err(fail),
    };
    let claims = &known.claims;
    Ok(Some(Introspected {
        active: true,
        scope: Some(known.grant.scopes.to_string()),
        client_id: Some(claims.client_id.clone()),
        username: Some(claims.username.clone()),
        token_type: Some("Bearer"),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        sub: Some(claims.sub.to_string()),
        aud: Some(claims.aud.clone()),
        iss: Some(claims.iss.clone()),
        jti: Some(claims.jti.clone()),
        sid: match &claims.holder {
            Holder::Session(sid) => Some(sid.to_string()),
            Holder::Key(_) => None,
        },
    }))
}
