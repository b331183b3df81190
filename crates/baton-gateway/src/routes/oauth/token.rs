//! `/oauth/token`.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use baton_auth::Scopes;
use baton_auth::refresh::{nonce_drawn, nonce_of_key};
use baton_core::Code;
use serde::Serialize;
use utoipa::ToSchema;

use super::Posted;
use super::caller::Caller;
use super::form::Form;
use super::refusal::{OauthError, Refusal};
use crate::app::App;
use crate::auth::{drawn, refresh};
use crate::routes::auth::answer::{unkept, with_outcome};
use crate::routes::auth::login::request_key;

/// As RFC 6749, 5.1 has it.
#[derive(Serialize, ToSchema)]
pub(super) struct Granted {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    #[schema(example = 900)]
    expires_in: u64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// Get a token
///
/// `grant_type=refresh_token` with `refresh_token`, or `grant_type=client_credentials` with the id of an API key as
/// client id and the key as client secret. `scope` asks for less.
#[utoipa::path(
    post, path = "/oauth/token", tag = "oauth", operation_id = "oauth_token", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token", body = Granted),
        (status = 400, description = "`invalid_request`, `invalid_grant`, `invalid_scope`, `unauthorized_client` or `unsupported_grant_type`",
         body = OauthError),
        (status = 401, description = "`invalid_client`", body = OauthError)
    ),
    extensions(("x-problem-codes" = json!(["not_found", "rate_limited", "key_ring_mismatch", "storage_full"])))
)]
pub(super) async fn token(
    State(app): State<App>,
    Posted { form, caller, headers, from }: Posted,
) -> Result<Response, Refusal> {
    let key = request_key(&headers, None).map_err(|_| Refusal::request("Idempotency-Key cannot be read"))?;
    match form.get("grant_type") {
        None => Err(Refusal::request("grant_type is missing")),
        Some("refresh_token") => refresh(&app, &form, &caller, key, from).await,
        Some("client_credentials") => credentials(&app, &form, &caller).await,
        Some(_) => {
            Err(Refusal::bad("unsupported_grant_type", "there are refresh_token and client_credentials"))
        }
    }
}

fn scopes(form: &Form) -> Result<Option<Scopes>, Refusal> {
    let scopes = form.get("scope").map(str::parse::<Scopes>).transpose();
    scopes.map_err(|_| Refusal::scope("a scope is not known"))
}

async fn refresh(
    app: &App,
    form: &Form,
    caller: &Caller,
    key: Option<&str>,
    from: IpAddr,
) -> Result<Response, Refusal> {
    let client = match caller {
        Caller::Client(client) if client.refreshes => client,
        Caller::Bearer(_) => return Err(Refusal::client()),
        _ => return Err(Refusal::bad("unauthorized_client", "this client does not refresh tokens")),
    };
    let token = form.get("refresh_token").ok_or_else(|| Refusal::request("refresh_token is missing"))?;
    let scopes = scopes(form)?;
    let nonce = key.map_or_else(|| drawn().map(nonce_drawn), |key| Ok(nonce_of_key(key)))?;
    let wish = refresh::Wish { token, client: &client.id, nonce, scopes: scopes.as_ref(), from };
    let refreshed = app.auth.refresh(&wish).await.map_err(|fail| match fail.code {
        Code::RefreshTokenInvalid | Code::RefreshTokenSuperseded | Code::RefreshTokenReused => {
            Refusal::bad("invalid_grant", fail.code.advice())
        }
        Code::InvalidScope => Refusal::scope("the scope is wider than that of the session"),
        _ => fail.into(),
    })?;
    let issued = refreshed.tokens.issued;
    let granted = Granted {
        access_token: issued.access,
        token_type: "Bearer",
        expires_in: issued.expires_in_s,
        scope: issued.scopes.to_string(),
        refresh_token: Some(refreshed.tokens.refresh.expose().clone()),
    };
    Ok(with_outcome(unkept(Json(granted).into_response()), refreshed.outcome))
}

async fn credentials(app: &App, form: &Form, caller: &Caller) -> Result<Response, Refusal> {
    let grant = match caller {
        Caller::Key(grant) => grant,
        Caller::Client(_) => {
            return Err(Refusal::bad("unauthorized_client", "client_credentials is for API keys"));
        }
        Caller::Bearer(_) => return Err(Refusal::client()),
    };
    let scopes = scopes(form)?.unwrap_or_else(|| grant.scopes.clone());
    if !grant.scopes.contain(&scopes) {
        return Err(Refusal::scope("the scope is wider than that of the key"));
    }
    let worker = match &grant.hands {
        crate::auth::Hands::Of(worker) => Some(worker),
        _ => None,
    };
    let issued = app.auth.key_access(grant, &scopes, worker).await?;
    let granted = Granted {
        access_token: issued.access,
        token_type: "Bearer",
        expires_in: issued.expires_in_s,
        scope: issued.scopes.to_string(),
        refresh_token: None,
    };
    Ok(unkept(Json(granted).into_response()))
}
