//! `PUT` and `DELETE /errors/{fingerprint}/silence`: a group of failures that is known, and needs nobody's attention for a while.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use baton_api::error_group::{ErrorGroup, SilenceError};
use baton_auth::Action;
use baton_core::limits;
use baton_store::calls::error::{SilenceError as Wish, Silenced, Unsilenced};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::errors::known;
use crate::app::App;
use crate::auth::Grant;
use crate::extract::{Body, Caller, FingerprintPath};
use crate::problem::Fail;
use crate::trail::{Untold, explained};

pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(silence_error, unsilence_error))
}

/// Silence a group of failures
///
/// For a time, or until it is taken back. It stays in the list, marked, and `GET /errors?silenced=false` leaves it out, as the
/// overview of the dashboard does. Nothing else changes: its failures are counted, found and shown as before. What was said
/// of it before is forgotten. Of more than 500 silences the oldest gives way.
#[utoipa::path(
    put, path = "/errors/{fingerprint}/silence", tag = "errors", operation_id = "silence_error",
    security(("bearer" = ["tasks:write", "tasks:read"])),
    params(FingerprintPath),
    request_body = SilenceError,
    responses((status = 200, description = "The group as it is now", body = ErrorGroup)),
    extensions(("x-problem-codes" = json!(["unknown_error_group", "storage_full"])))
)]
pub(crate) async fn silence_error(
    State(app): State<App>,
    FingerprintPath(fingerprint): FingerprintPath,
    caller: Caller,
    Body(asked): Body<SilenceError>,
) -> Result<Response, Fail> {
    known(&app, &caller.grant, fingerprint).await?;
    must_everywhere(&caller.grant)?;
    let reason = asked.reason.as_str();
    check(&asked)?;
    let wish = Wish { fingerprint, for_ms: asked.for_ms, by: caller.by.as_ref(), reason };
    match app.store.silence_error(&wish).await? {
        Silenced::Done => {}
        Silenced::Refused(refused) => return Err(refused.into()),
    }
    let group = known(&app, &caller.grant, fingerprint).await?;
    Ok(explained(reason, Json(group).into_response()))
}

/// Take a silence back
///
/// One that is not silenced stays as it is.
#[utoipa::path(
    delete, path = "/errors/{fingerprint}/silence", tag = "errors", operation_id = "unsilence_error",
    security(("bearer" = ["tasks:write", "tasks:read"])),
    params(FingerprintPath),
    responses((status = 204, description = "It is not silenced"))
)]
pub(crate) async fn unsilence_error(
    State(app): State<App>,
    FingerprintPath(fingerprint): FingerprintPath,
    caller: Caller,
) -> Result<Response, Fail> {
    must_everywhere(&caller.grant)?;
    match app.store.unsilence_error(fingerprint).await? {
        Unsilenced::Done => Ok(StatusCode::NO_CONTENT.into_response()),
        Unsilenced::Same => Ok((Extension(Untold), StatusCode::NO_CONTENT).into_response()),
        Unsilenced::Refused(refused) => Err(refused.into()),
    }
}

fn check(asked: &SilenceError) -> Result<(), Fail> {
    let (min, max) = (limits::SILENCE_MS_MIN, limits::SILENCE_MS_MAX);
    match asked.for_ms {
        Some(for_ms) if !(min..=max).contains(&for_ms) => {
            Err(Fail::invalid("/for_ms", format!("{for_ms} is not between {min} and {max}")))
        }
        _ if asked.reason.len() as u64 > limits::REASON_BYTES_MAX => {
            Err(Fail::invalid("/reason", format!("it has more than {} bytes", limits::REASON_BYTES_MAX)))
        }
        _ => Ok(()),
    }
}

/// A group may be seen in every queue, and what is silenced is so for all.
fn must_everywhere(grant: &Grant) -> Result<(), Fail> {
    match grant.reaches_all(Action::TasksWrite) {
        true => Ok(()),
        false => Err(Fail::lacks(Action::TasksWrite)
            .because("A group may be seen in every queue, so this takes tasks:write for all of them.")),
    }
}
