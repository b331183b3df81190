//! How the whole deployment does.

use axum::Json;
use axum::extract::State;
use baton_api::doctor::Doctor;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(doctor))
}

/// Examine the deployment
///
/// Looks at Redis, at what lies in it, at the fleet and at this gateway, and changes nothing: for each check a verdict, the
/// value found, and what to do. It is 200 whatever is found, also when Redis is away; then most checks are `unknown`. It
/// takes some milliseconds, and a few seconds where something does not answer.
#[utoipa::path(
    get, path = "/doctor", tag = "gateway", operation_id = "doctor",
    security(("bearer" = ["metrics:read"])),
    responses((status = 200, description = "What was found", body = Doctor))
)]
pub(crate) async fn doctor(State(app): State<App>) -> Json<Doctor> {
    Json(crate::doctor::examine(&app.store, Some(&app)).await)
}
