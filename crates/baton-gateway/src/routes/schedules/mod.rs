//! Schedules: tasks at given times. Reading them is reading what comes into their queues, and making or changing them is
//! writing there.

mod change;
mod operate;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_api::schedule::{NewSchedule, Preview, PreviewTimes, Schedule, Schedules};
use baton_auth::Action;
use baton_core::{Code, Refusal, ScheduleName, Shard, limits};
use baton_store::calls::Refused;
use baton_store::calls::schedule::{PutSchedule, Schedule as Stored, SchedulePut};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Grant;
use crate::convert::schedule as convert;
use crate::extract::{
    Body, Caller, FromTerms, IdempotencyKey, Key, Paging, Part, Query, SchedulePath, Terms, cut, if_match,
    replayed, with_link,
};
use crate::problem::Fail;
use crate::roster;

pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_schedule))
        .routes(routes!(preview_schedule))
        .routes(routes!(get_schedule, change::patch_schedule, operate::remove_schedule))
        .routes(routes!(operate::trigger_schedule))
        .routes(routes!(operate::pause_schedule))
        .routes(routes!(operate::resume_schedule))
}

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_schedules))
}

/// Which part of the schedules.
pub(crate) struct SchedulesQuery(Paging);

impl FromTerms for SchedulesQuery {
    const KNOWN: &[&str] = &["limit", "cursor", "page", "page_size"];

    fn read(terms: &mut Terms) -> SchedulesQuery {
        SchedulesQuery(Paging::read(terms))
    }
}

/// A path of its own has this name.
const TAKEN: &str = "preview";

/// List schedules
#[utoipa::path(
    get, path = "/schedules", tag = "schedules", operation_id = "list_schedules",
    security(("bearer" = ["tasks:read"])),
    params(Paging),
    responses((status = 200, description = "A page of schedules, by name", body = Schedules,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_schedules(
    State(app): State<App>,
    caller: Caller,
    Query(SchedulesQuery(paging)): Query<SchedulesQuery>,
) -> Result<Response, Fail> {
    let (now_ms, mut found) = roster::schedules(&app.store).await?;
    found.retain(|schedule| caller.grant.reads(&schedule.task.queue));
    let Part { items, next_cursor, total, page, page_size } =
        cut(found, &paging, |schedule| schedule.name.to_string())?;
    let schedules = items.into_iter().map(|schedule| convert::schedule(schedule, now_ms)).collect();
    let answer = Schedules { schedules, next_cursor: next_cursor.clone(), total, page, page_size };
    Ok(with_link(Json(answer), &caller, &paging, next_cursor.as_deref(), total))
}

/// Read a schedule
#[utoipa::path(
    get, path = "/schedules/{name}", tag = "schedules", operation_id = "get_schedule",
    security(("bearer" = ["tasks:read"])),
    params(SchedulePath),
    responses((status = 200, description = "The schedule, and when it is due next", body = Schedule,
               headers(("ETag" = String, description = "Its version")))),
    extensions(("x-problem-codes" = json!(["unknown_schedule"])))
)]
pub(crate) async fn get_schedule(
    State(app): State<App>,
    SchedulePath(name): SchedulePath,
    caller: Caller,
) -> Result<Response, Fail> {
    let (now_ms, found) = known(&app, &caller.grant, &name).await?;
    Ok(with_tag(StatusCode::OK, convert::schedule(found, now_ms)))
}

/// Make a schedule
///
/// Its times are seen to by whichever process of the fleet comes first, each of them once. The same request again answers the
/// schedule that there is. Whoever makes it owns it: at each of its times it needs the right to write to its queue that he has
/// then, or that time is skipped.
#[utoipa::path(
    post, path = "/schedules", tag = "schedules", operation_id = "create_schedule",
    security(("bearer" = ["tasks:write"])),
    params(IdempotencyKey),
    request_body = NewSchedule,
    responses(
        (status = 201, description = "It is new", body = Schedule, headers(
            ("Location" = String, description = "Where the schedule is"),
            ("ETag" = String, description = "Its version"),
        )),
        (status = 200, description = "It was there before, just so", body = Schedule),
    ),
    extensions(("x-problem-codes" = json!([
        "conflict", "idempotency_mismatch", "unknown_schedule", "storage_full",
    ])))
)]
pub(crate) async fn create_schedule(
    State(app): State<App>,
    caller: Caller,
    Key(op): Key,
    Body(asked): Body<NewSchedule>,
) -> Result<Response, Fail> {
    let queue = asked.queue.clone().unwrap_or_default();
    caller.grant.must_in_all(Action::TasksWrite, [queue], |_| "/queue".to_owned())?;
    if asked.name.as_str() == TAKEN {
        return Err(Fail::invalid("/name", format!("{TAKEN} cannot be a name: the API has a route of it")));
    }
    let wanted = convert::wanted(&asked, app.store.draw(Shard::FIRST))?;
    let now_ms = app.store.schedule(&asked.name).await?.now_ms;
    let owner = app.auth.owner(&caller.grant).await?;
    let put = PutSchedule {
        name: &asked.name,
        timing: &wanted.timing,
        missed: wanted.missed,
        overlap: wanted.overlap,
        task: &wanted.task,
        begins: convert::begins(&wanted.timing, now_ms)?,
        version: None,
        by: caller.by.as_ref(),
        owner: owner.as_ref(),
        op: op.as_ref(),
    };
    let (created, is_repeat) = match app.store.put_schedule(&put).await? {
        SchedulePut::Created { replayed, .. } => (!replayed, replayed),
        SchedulePut::Same { replayed, .. } => (false, replayed),
        SchedulePut::Refused(refused) => return Err(not_made(refused)),
        SchedulePut::Changed { .. } | SchedulePut::Stale { .. } => return Err(Fail::new(Code::Internal)),
    };
    let found = app.store.schedule(&asked.name).await?;
    let stored = found.schedule.ok_or_else(|| Fail::new(Code::UnknownSchedule))?;
    let schedule = shown(&caller.grant, stored, found.now_ms)?;
    if !created {
        let answer = with_tag(StatusCode::OK, schedule);
        return Ok(if is_repeat { replayed(answer) } else { answer });
    }
    let location = [(header::LOCATION, format!("/api/v1/schedules/{}", schedule.name))];
    Ok((location, with_tag(StatusCode::CREATED, schedule)).into_response())
}

/// When would it be due?
///
/// The next five times of what may become a schedule. Nothing is stored.
#[utoipa::path(
    post, path = "/schedules/preview", tag = "schedules", operation_id = "preview_schedule",
    security(("bearer" = ["tasks:read"])),
    request_body = PreviewTimes,
    responses((status = 200, description = "The times, were it made now", body = Preview))
)]
pub(crate) async fn preview_schedule(
    State(app): State<App>,
    Body(asked): Body<PreviewTimes>,
) -> Result<Json<Preview>, Fail> {
    let timing =
        convert::timing(asked.cron.as_deref(), asked.every_ms, asked.zone.as_deref()).map_err(Fail::all)?;
    let now_ms = app.store.schedules(Shard::FIRST, None, 1).await?.now_ms;
    let timing = match timing {
        baton_core::schedule::Timing::Every { every_ms, .. } => {
            baton_core::schedule::Timing::Every { every_ms, aligned_ms: now_ms }
        }
        cron => cron,
    };
    let times = timing.following(now_ms, convert::NEXT);
    if times.is_empty() {
        return Err(convert::never());
    }
    Ok(Json(Preview { next: convert::next_times(&timing, times) }))
}

/// One that the caller may read, and Redis's clock.
async fn known(app: &App, grant: &Grant, name: &ScheduleName) -> Result<(u64, Stored), Fail> {
    let found = app.store.schedule(name).await?;
    let schedule = found.schedule.ok_or_else(|| Fail::new(Code::UnknownSchedule))?;
    grant.must_read(&schedule.task.queue, Code::UnknownSchedule)?;
    Ok((found.now_ms, schedule))
}

/// One that the caller may change: whoever may not, and may not even read it, hears that there is none.
async fn own(app: &App, grant: &Grant, name: &ScheduleName) -> Result<(u64, Stored), Fail> {
    let found = app.store.schedule(name).await?;
    let schedule = found.schedule.ok_or_else(|| Fail::new(Code::UnknownSchedule))?;
    let queue = &schedule.task.queue;
    if !grant.reaches(Action::TasksWrite, queue) {
        grant.must_read(queue, Code::UnknownSchedule)?;
        grant.must_in(Action::TasksWrite, queue)?;
    }
    Ok((found.now_ms, schedule))
}

/// As it is shown to whoever has just acted on it: what its tasks get is for readers. One that turned out to be in a queue
/// of others is none of his.
fn shown(grant: &Grant, stored: Stored, now_ms: u64) -> Result<Schedule, Fail> {
    if !grant.reads(&stored.task.queue) {
        if !grant.reaches(Action::TasksWrite, &stored.task.queue) {
            return Err(Fail::new(Code::UnknownSchedule));
        }
        let hidden = Schedule { payload: baton_api::Json::null(), ..convert::schedule(stored, now_ms) };
        return Ok(hidden);
    }
    Ok(convert::schedule(stored, now_ms))
}

async fn shown_now(app: &App, grant: &Grant, name: &ScheduleName) -> Result<Response, Fail> {
    let found = app.store.schedule(name).await?;
    let stored = found.schedule.ok_or_else(|| Fail::new(Code::UnknownSchedule))?;
    Ok(with_tag(StatusCode::OK, shown(grant, stored, found.now_ms)?))
}

fn with_tag(status: StatusCode, schedule: Schedule) -> Response {
    (status, [(header::ETAG, format!("\"{}\"", schedule.version))], Json(schedule)).into_response()
}

/// Refuses whoever knows another version than there is; answers whether he named one.
fn must_match(headers: &HeaderMap, version: u64) -> Result<bool, Fail> {
    match if_match(headers, version) {
        Some(false) => Err(outdated(version)),
        named => Ok(named.is_some()),
    }
}

fn outdated(version: u64) -> Fail {
    let detail = format!("The schedule has version {version} by now. {}", Code::StaleVersion.advice());
    Fail::new(Code::StaleVersion).because(detail)
}

fn not_made(refused: Refused) -> Fail {
    match (refused.refusal, refused.detail.as_deref()) {
        (Refusal::Conflict, Some(SchedulePut::LIMIT)) => Fail::new(Code::Conflict).because(format!(
            "There are {} schedules already, and there can be no more. Remove some.",
            limits::SCHEDULES_MAX
        )),
        (Refusal::Conflict, _) => Fail::new(Code::Conflict)
            .because("Another schedule has this name. Change it with PATCH, or take another name.")
            .at("/name", "another schedule has this name"),
        _ => refused.into(),
    }
}
