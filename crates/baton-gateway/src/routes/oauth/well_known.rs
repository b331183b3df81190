//! What programs read before they ask for a token.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_auth::Action;
use baton_core::Code;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::key_set::PUBLISHED_FOR;
use crate::extract::if_none_match;
use crate::problem::Fail;

/// The public keys of access tokens
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "oauth", operation_id = "jwks", security(()),
    responses((status = 200, description = "A JSON Web Key Set (RFC 7517)", body = Object,
               content_type = "application/jwk-set+json"),
              (status = 304, description = "It is as you know it"))
)]
pub(super) async fn jwks(State(app): State<App>, headers: HeaderMap) -> Result<Response, Fail> {
    let set = app.auth.key_set().await?;
    let text = set.jwks().ok_or_else(|| Fail::new(Code::NotFound))?.to_owned();
    let etag = format!("\"{}\"", set.fingerprint());
    let cache = format!("public, max-age={}", PUBLISHED_FOR.as_secs());
    let known = if_none_match(&headers, &etag);
    let common = [(header::ETAG, etag), (header::CACHE_CONTROL, cache)];
    Ok(if known {
        (StatusCode::NOT_MODIFIED, common).into_response()
    } else {
        (common, [(header::CONTENT_TYPE, "application/jwk-set+json")], text).into_response()
    })
}

/// What this server of tokens can do
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "oauth", operation_id = "oauth_metadata", security(()),
    responses((status = 200, description = "Metadata (RFC 8414)", body = Object)),
    extensions(("x-problem-codes" = json!(["not_found"])))
)]
pub(super) async fn authorization_server(State(app): State<App>) -> Result<Json<Value>, Fail> {
    let issuer = issuer(&app)?;
    let ways = json!(["client_secret_basic", "client_secret_post", "none"]);
    Ok(Json(json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/oauth/token"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "introspection_endpoint": format!("{issuer}/oauth/introspect"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "grant_types_supported": ["refresh_token", "client_credentials"],
        "response_types_supported": [],
        "scopes_supported": scopes(),
        "token_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_methods_supported": ways,
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "service_documentation": format!("{issuer}/docs"),
    })))
}

/// Whose tokens this API takes
#[utoipa::path(
    get, path = "/.well-known/oauth-protected-resource", tag = "oauth", operation_id = "resource_metadata", security(()),
    responses((status = 200, description = "Metadata (RFC 9728)", body = Object)),
    extensions(("x-problem-codes" = json!(["not_found"])))
)]
pub(super) async fn protected_resource(State(app): State<App>) -> Result<Json<Value>, Fail> {
    let issuer = issuer(&app)?;
    Ok(Json(json!({
        "resource": issuer,
        "authorization_servers": [issuer],
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "scopes_supported": scopes(),
        "bearer_methods_supported": ["header"],
    })))
}

fn issuer(app: &App) -> Result<&str, Fail> {
    if app.settings.open { Err(Fail::new(Code::NotFound)) } else { Ok(&app.auth.logins.rules.issuer) }
}

fn scopes() -> Vec<&'static str> {
    Action::ALL.iter().map(|action| action.as_str()).collect()
}
