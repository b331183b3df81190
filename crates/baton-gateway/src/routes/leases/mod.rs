//! What the holder of a task says of it. Worker and fence are in every body: whoever is not the holder is `fenced`, and
//! whoever has not the credential of that worker does not come so far.

mod beat;
mod notes;
mod report;

use baton_auth::Action;
use baton_core::{Refusal, TaskId, WorkerId};
use baton_store::calls::Refused;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{Grant, reach};
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

/// Whoever speaks for a holder has its credential, and one that claims from the queue of the task. The fence is needed besides.
async fn may_report(app: &App, grant: &Grant, worker: &WorkerId, task: TaskId) -> Result<(), Fail> {
    grant.must_be(worker)?;
    reach::task(app, grant, task, Action::TasksClaim).await
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
