//! What the holder of a task says of it. Worker and fence are in every body: whoever is not the holder is `fenced`.

mod beat;
mod notes;
mod report;

use baton_core::Refusal;
use baton_store::calls::Refused;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::measure;
use crate::problem::Fail;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(report::complete_lease))
        .routes(routes!(report::fail_lease))
        .routes(routes!(report::release_lease))
        .routes(routes!(notes::note_progress))
        .routes(routes!(notes::append_logs))
        .routes(routes!(beat::renew_lease))
}

fn count_fenced(call: &'static str, refusal: Refusal) {
    if refusal == Refusal::Fenced {
        measure::fenced(call);
    }
}

fn refused_call(call: &'static str, refused: Refused) -> Fail {
    count_fenced(call, refused.refusal);
    refused.into()
}
