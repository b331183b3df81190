//! Workers: register, claim, renew, leave; how they are listed, and what operators tell them.

mod answer;
mod beat;
mod claim;
mod claim_one;
mod direct;
mod leave;
mod read;
mod register;
mod round;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register::register_worker))
        .routes(routes!(read::get_worker, leave::remove_worker))
        .routes(routes!(beat::worker_heartbeat))
        .routes(routes!(direct::quiet_worker))
        .routes(routes!(direct::stop_worker))
        .routes(routes!(direct::resume_worker))
        .routes(routes!(claim_one::claim_task))
}

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read::list_workers)).routes(routes!(claim::claim_tasks))
}
