//! The gateways of the fleet.

use axum::Json;
use axum::extract::State;
use baton_api::gateway::Gateways;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::convert::gateway::gateways;
use crate::problem::Fail;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_gateways))
}

/// List gateways
///
/// Each writes down every ten seconds that it is there. One that ends in good order is gone at once; one that was killed, or
/// does not reach Redis, is `silent` after half a minute and forgotten after an hour. There are 256 at most: those that were
/// seen last.
#[utoipa::path(
    get, path = "/gateways", tag = "gateway", operation_id = "list_gateways",
    security(("bearer" = ["metrics:read"])),
    responses((status = 200, description = "All that were seen lately, by id", body = Gateways))
)]
pub(crate) async fn list_gateways(State(app): State<App>) -> Result<Json<Gateways>, Fail> {
    Ok(Json(gateways(app.store.gateways().await?, Some(&app.id))))
}
