//! The pool `default` under the name that it has in the workers' part of the API.

use axum::Json;
use axum::extract::State;
use baton_api::pool::{Pool, PutPool, Scale};
use baton_core::PoolName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{check, found, set};
use crate::app::App;
use crate::extract::{Body, Caller, Nothing};
use crate::problem::Fail;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(internal_status))
        .routes(routes!(scale_internal))
        .routes(routes!(start_internal))
        .routes(routes!(stop_internal))
}

/// Read the pool `default`
#[utoipa::path(
    get, path = "/workers/internal/status", tag = "pools", operation_id = "internal_status",
    security(("bearer" = ["workers:read"])),
    responses((status = 200, description = "The pool, and who attends to it", body = Pool)),
    extensions(("x-problem-codes" = json!(["unknown_pool"])))
)]
pub(crate) async fn internal_status(State(app): State<App>) -> Result<Json<Pool>, Fail> {
    found(&app, &PoolName::default()).await.map(Json)
}

/// Scale the pool `default`
///
/// The same as `PUT /pools/default` with `desired`.
#[utoipa::path(
    post, path = "/workers/internal/scale", tag = "pools", operation_id = "scale_internal",
    security(("bearer" = ["workers:admin"])),
    request_body = Scale,
    responses((status = 200, description = "The pool as it is now", body = Pool))
)]
pub(crate) async fn scale_internal(
    State(app): State<App>,
    caller: Caller,
    Body(Scale { count }): Body<Scale>,
) -> Result<Json<Pool>, Fail> {
    let desired = Some(check(count, "/count")?);
    change(&app, &caller, PutPool { desired, running: None }).await
}

/// Start the pool `default`
///
/// What its supervisors gave up begins anew, too.
#[utoipa::path(
    post, path = "/workers/internal/start", tag = "pools", operation_id = "start_internal",
    security(("bearer" = ["workers:admin"])),
    responses((status = 200, description = "The pool as it is now", body = Pool)),
    extensions(("x-problem-codes" = json!(["unknown_pool", "payload_too_large", "unsupported_media_type"])))
)]
pub(crate) async fn start_internal(
    State(app): State<App>,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Pool>, Fail> {
    change(&app, &caller, PutPool { desired: None, running: Some(true) }).await
}

/// Stop the pool `default`
///
/// Its workers finish what they hold, and end; its size stays for when it is started again.
#[utoipa::path(
    post, path = "/workers/internal/stop", tag = "pools", operation_id = "stop_internal",
    security(("bearer" = ["workers:admin"])),
    responses((status = 200, description = "The pool as it is now", body = Pool)),
    extensions(("x-problem-codes" = json!(["unknown_pool", "payload_too_large", "unsupported_media_type"])))
)]
pub(crate) async fn stop_internal(
    State(app): State<App>,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Pool>, Fail> {
    change(&app, &caller, PutPool { desired: None, running: Some(false) }).await
}

async fn change(app: &App, caller: &Caller, put: PutPool) -> Result<Json<Pool>, Fail> {
    let (_, pool) = set(app, &PoolName::default(), put, caller.by.as_ref()).await?;
    Ok(Json(pool))
}
