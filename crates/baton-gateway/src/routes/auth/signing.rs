//! The keys that sign access tokens.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use baton_api::Timestamp;
use baton_api::auth::{SigningKey, SigningKeys};
use baton_auth::Action;
use baton_core::Code;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Who;
use crate::problem::Fail;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_signing_keys))
        .routes(routes!(rotate_signing_keys))
        .routes(routes!(revoke_signing_key))
}

/// List signing keys
#[utoipa::path(
    get, path = "/auth/signing-keys", tag = "auth", operation_id = "list_signing_keys", security(("bearer" = ["admin"])),
    responses((status = 200, description = "The keys, without their secrets", body = SigningKeys)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope"])))
)]
pub(super) async fn list_signing_keys(
    State(app): State<App>,
    Who(grant): Who,
) -> Result<Json<SigningKeys>, Fail> {
    grant.must(Action::Admin)?;
    all(&app).await.map(Json)
}

async fn all(app: &App) -> Result<SigningKeys, Fail> {
    let set = app.auth.key_set().await?;
    let alg = set.alg().to_string();
    let key = |kid: &str, state: &str, since_ms| SigningKey {
        kid: kid.to_owned(),
        alg: alg.clone(),
        state: state.to_owned(),
        since: Timestamp::from_ms(since_ms),
    };
    let keys = match app.auth.key_ages().await? {
        Some(ages) => ages.iter().map(|age| key(&age.kid, age.state.as_str(), age.since_ms)).collect(),
        None => {
            let since_ms = app.auth.began_ms;
            let state = |kid: &str| if kid == set.signer() { "active" } else { "retiring" };
            set.kids().map(|kid| key(kid, state(kid), since_ms)).collect()
        }
    };
    Ok(SigningKeys { keys })
}

/// Make the next signing key
///
/// It signs once everyone can have read its public half, and the one of today retires then.
#[utoipa::path(
    post, path = "/auth/signing-keys/rotate", tag = "auth", operation_id = "rotate_signing_keys",
    security(("bearer" = ["admin"])),
    responses((status = 200, description = "The keys as they are now", body = SigningKeys)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "conflict", "overloaded", "storage_full"])))
)]
pub(super) async fn rotate_signing_keys(
    State(app): State<App>,
    Who(grant): Who,
) -> Result<Json<SigningKeys>, Fail> {
    grant.must(Action::Admin)?;
    if app.auth.rotate_keys().await? {
        all(&app).await.map(Json)
    } else {
        Err(Fail::new(Code::Conflict).because("The keys are files of auth.signing_keys: change them there."))
    }
}

/// End a signing key at once
///
/// No token of it is good any more; everyone refreshes.
#[utoipa::path(
    delete, path = "/auth/signing-keys/{kid}", tag = "auth", operation_id = "revoke_signing_key",
    security(("bearer" = ["admin"])),
    params(("kid" = String, Path, description = "The key's name, as it stands in tokens")),
    responses((status = 204, description = "It is gone")),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_key", "overloaded"])))
)]
pub(super) async fn revoke_signing_key(
    State(app): State<App>,
    Who(grant): Who,
    Path(kid): Path<String>,
) -> Result<StatusCode, Fail> {
    grant.must(Action::Admin)?;
    if app.auth.drop_key(&kid).await? { Ok(StatusCode::NO_CONTENT) } else { Err(Fail::new(Code::UnknownKey)) }
}
