//! What operators do with a schedule that there is.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_api::schedule::{Schedule, Triggered as Task};
use baton_core::{Code, Refusal, ScheduleName};
use baton_store::calls::schedule::{PauseSchedule, SchedulePaused, ScheduleRemoved, Trigger, Triggered};

use super::change::TRIES;
use super::{must_match, outdated, own, shown_now};
use crate::app::App;
use crate::extract::{Body, Caller, IdempotencyKey, Key, Nothing, SchedulePath, replayed};
use crate::problem::Fail;

/// Remove a schedule
///
/// The tasks that it made stay.
#[utoipa::path(
    delete, path = "/schedules/{name}", tag = "schedules", operation_id = "remove_schedule",
    security(("bearer" = ["tasks:write"])),
    params(
        SchedulePath,
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 if the schedule has another one by now"),
    ),
    responses((status = 204, description = "It is forgotten")),
    extensions(("x-problem-codes" = json!(["unknown_schedule", "stale_version"])))
)]
pub(crate) async fn remove_schedule(
    State(app): State<App>,
    SchedulePath(name): SchedulePath,
    caller: Caller,
    headers: HeaderMap,
) -> Result<StatusCode, Fail> {
    let (_, schedule) = own(&app, &caller.grant, &name).await?;
    let version = must_match(&headers, schedule.version)?.then_some(schedule.version);
    match app.store.remove_schedule(&name, version, caller.by.as_ref()).await? {
        ScheduleRemoved::Done => Ok(StatusCode::NO_CONTENT),
        ScheduleRemoved::Stale { version } => Err(outdated(version)),
        ScheduleRemoved::Refused(refused) => Err(refused.into()),
    }
}

/// Make one of its tasks now
///
/// Whether or not it is due, or paused. Its next time stays where it is.
#[utoipa::path(
    post, path = "/schedules/{name}/trigger", tag = "schedules", operation_id = "trigger_schedule",
    security(("bearer" = ["tasks:write"])),
    params(SchedulePath, IdempotencyKey),
    responses(
        (status = 201, description = "The task", body = Task,
         headers(("Location" = String, description = "Where the task is"))),
        (status = 200, description = "The task of the first request with this key", body = Task),
    ),
    extensions(("x-problem-codes" = json!([
        "unknown_schedule", "conflict", "idempotency_mismatch", "storage_full", "payload_too_large",
        "unsupported_media_type",
    ])))
)]
pub(crate) async fn trigger_schedule(
    State(app): State<App>,
    SchedulePath(name): SchedulePath,
    caller: Caller,
    Key(op): Key,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Fail> {
    own(&app, &caller.grant, &name).await?;
    let trigger = Trigger { name: &name, by: caller.by.as_ref(), op: op.as_ref() };
    match app.store.trigger_schedule(&trigger).await? {
        Triggered::Made { task, replayed: false } => {
            let location = [(header::LOCATION, format!("/api/v1/tasks/{task}"))];
            Ok((StatusCode::CREATED, location, Json(Task { task })).into_response())
        }
        Triggered::Made { task, replayed: true } => Ok(replayed(Json(Task { task }).into_response())),
        Triggered::Refused(refused) if refused.refusal == Refusal::Conflict => {
            let task = refused.detail.unwrap_or_default();
            Err(Fail::new(Code::Conflict).because(format!(
                "Task {task}, which it made before, has not ended, and its tasks are not to overlap. Wait for that one, or \
                 cancel it."
            )))
        }
        Triggered::Refused(refused) => Err(refused.into()),
    }
}

/// Pause a schedule
///
/// Times that come meanwhile are not made up for.
#[utoipa::path(
    post, path = "/schedules/{name}/pause", tag = "schedules", operation_id = "pause_schedule",
    security(("bearer" = ["tasks:write"])),
    params(SchedulePath),
    responses((status = 200, description = "The schedule as it is now", body = Schedule,
               headers(("ETag" = String, description = "Its version")))),
    extensions(("x-problem-codes" = json!([
        "unknown_schedule", "conflict", "payload_too_large", "unsupported_media_type",
    ])))
)]
pub(crate) async fn pause_schedule(
    State(app): State<App>,
    SchedulePath(name): SchedulePath,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Fail> {
    set_paused(&app, &caller, &name, true).await
}

/// Resume a schedule
#[utoipa::path(
    post, path = "/schedules/{name}/resume", tag = "schedules", operation_id = "resume_schedule",
    security(("bearer" = ["tasks:write"])),
    params(SchedulePath),
    responses((status = 200, description = "The schedule as it is now", body = Schedule,
               headers(("ETag" = String, description = "Its version")))),
    extensions(("x-problem-codes" = json!([
        "unknown_schedule", "conflict", "payload_too_large", "unsupported_media_type",
    ])))
)]
pub(crate) async fn resume_schedule(
    State(app): State<App>,
    SchedulePath(name): SchedulePath,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Fail> {
    set_paused(&app, &caller, &name, false).await
}

/// When it is due next is known by whoever knows how it is now.
async fn set_paused(app: &App, caller: &Caller, name: &ScheduleName, pause: bool) -> Result<Response, Fail> {
    for _ in 0..TRIES {
        let (now_ms, schedule) = own(app, &caller.grant, name).await?;
        let next_ms = schedule.timing.next_after(now_ms).filter(|_| !pause);
        let version = schedule.version;
        let pause = PauseSchedule { name, version, pause, next_ms, by: caller.by.as_ref() };
        match app.store.pause_schedule(&pause).await? {
            SchedulePaused::Done { .. } => return shown_now(app, &caller.grant, name).await,
            SchedulePaused::Stale { .. } => {}
            SchedulePaused::Refused(refused) => return Err(refused.into()),
        }
    }
    Err(Fail::new(Code::Conflict).because("Others change the schedule at this moment. Ask again."))
}
