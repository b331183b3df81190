//! Sessions looked into: their refresh tokens that came more than once, and the end of other people's sessions.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use baton_api::Timestamp;
use baton_api::auth::{Alarm, Alarms, CameAgain, EndEverything, EndedEverything, Family, Sessions};
use baton_auth::{Action, user_tag};
use baton_core::Code;
use baton_core::login::{EndReason, SessionId, UserId};
use baton_store::calls::token::{Change, Ended, Noted};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Loose;
use super::sessions::{__path_end_session, end_session, session, session_of};
use super::users::{find, within};
use crate::app::App;
use crate::auth::{Credential, Grant, Who};
use crate::problem::Fail;

/// Users whose sessions end by one request.
const USERS_MAX: u64 = 500;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_session, end_session))
        .routes(routes!(list_user_sessions))
        .routes(routes!(get_user_session, end_user_session))
        .routes(routes!(list_alarms))
        .routes(routes!(end_everything))
}

/// Read a session
///
/// One of whoever asks, with those of its refresh tokens that came more than once. One that has ended is there as long as that
/// is remembered of it.
#[utoipa::path(
    get, path = "/auth/sessions/{id}", tag = "auth", operation_id = "get_session", security(("bearer" = [])),
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, description = "The session", body = Family)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_session"])))
)]
pub(super) async fn get_session(
    State(app): State<App>,
    Who(grant): Who,
    Path(id): Path<String>,
) -> Result<Json<Family>, Fail> {
    let (user, own) = session_of(&grant)?;
    family(&app, user, &id, Some(own)).await.map(Json)
}

/// List the sessions of a user
#[utoipa::path(
    get, path = "/auth/users/{id}/sessions", tag = "auth", operation_id = "list_user_sessions",
    security(("bearer" = ["admin:users"])),
    params(("id" = String, Path, description = "The user's id, as `user_alice`")),
    responses((status = 200, description = "The sessions that live", body = Sessions)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_user"])))
)]
pub(super) async fn list_user_sessions(
    State(app): State<App>,
    Who(grant): Who,
    Path(id): Path<String>,
) -> Result<Json<Sessions>, Fail> {
    let user = find(&app, &grant, &id).await?;
    let rows = app.auth.store.sessions(user_tag(&user.user_id)).await?;
    let own = own(&grant);
    Ok(Json(Sessions { sessions: rows.into_iter().map(|row| session(row, own)).collect() }))
}

/// Read a session of a user
#[utoipa::path(
    get, path = "/auth/users/{id}/sessions/{session}", tag = "auth", operation_id = "get_user_session",
    security(("bearer" = ["admin:users"])),
    params(("id" = String, Path, description = "The user's id, as `user_alice`"),
           ("session" = String, Path, description = "The session's id")),
    responses((status = 200, description = "The session", body = Family)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_user", "unknown_session"])))
)]
pub(super) async fn get_user_session(
    State(app): State<App>,
    Who(grant): Who,
    Path((id, sid)): Path<(String, String)>,
) -> Result<Json<Family>, Fail> {
    let user = find(&app, &grant, &id).await?;
    family(&app, &user.user_id, &sid, own(&grant)).await.map(Json)
}

/// End a session of a user
#[utoipa::path(
    delete, path = "/auth/users/{id}/sessions/{session}", tag = "auth", operation_id = "end_user_session",
    security(("bearer" = ["admin:users"])),
    params(("id" = String, Path, description = "The user's id, as `user_alice`"),
           ("session" = String, Path, description = "The session's id")),
    responses((status = 204, description = "It has ended")),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_user", "unknown_session",
        "revocation_not_durable"])))
)]
pub(super) async fn end_user_session(
    State(app): State<App>,
    Who(grant): Who,
    Path((id, sid)): Path<(String, String)>,
) -> Result<StatusCode, Fail> {
    let user = find(&app, &grant, &id).await?;
    within(&grant, &user.roles)?;
    let unknown = || Fail::new(Code::UnknownSession);
    let (tag, sid) = (user_tag(&user.user_id), sid.parse().map_err(|_| unknown())?);
    match app.auth.end(tag, sid, None, Some(&user.user_id), EndReason::Admin).await? {
        Ended::Revoked => Ok(StatusCode::NO_CONTENT),
        Ended::Gone | Ended::Refused => Err(unknown()),
    }
}

/// List sessions that two may have held
///
/// A refresh token of each came so late, or was so old, that somebody else seems to have it, too. One's own; with `admin:users`
/// those of everyone.
#[utoipa::path(
    get, path = "/auth/alarms", tag = "auth", operation_id = "list_alarms", security(("bearer" = [])),
    responses((status = 200, description = "What is remembered", body = Alarms)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope"])))
)]
pub(super) async fn list_alarms(State(app): State<App>, Who(grant): Who) -> Result<Json<Alarms>, Fail> {
    let only = match grant.scopes.allow(Action::AdminUsers) {
        true => None,
        false => Some(session_of(&grant)?.0),
    };
    let noted = app.auth.store.alarms().await?;
    let told =
        noted.into_iter().rev().filter(|noted| only.is_none_or(|user| noted.user.as_ref() == Some(user)));
    Ok(Json(Alarms { alarms: told.map(alarm).collect() }))
}

/// End the sessions of everyone
///
/// Of 500 users at a time, whoever asks among them: repeat it with `next_cursor` as long as there is one.
#[utoipa::path(
    post, path = "/auth/sessions/end-all", tag = "auth", operation_id = "end_everything",
    security(("bearer" = ["admin"])),
    request_body = EndEverything,
    responses((status = 200, description = "They have ended", body = EndedEverything)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "revocation_not_durable"])))
)]
pub(super) async fn end_everything(
    State(app): State<App>,
    Who(grant): Who,
    Loose(body): Loose<EndEverything>,
) -> Result<Json<EndedEverything>, Fail> {
    grant.must(Action::Admin)?;
    if body.confirm != "everyone" {
        return Err(Fail::invalid("/confirm", "it is the word everyone, so that nobody does it by mistake"));
    }
    let after = body.cursor.as_deref().map(str::parse::<UserId>).transpose();
    let after = after.map_err(|_| Fail::invalid("/cursor", "it is none of an answer before"))?;
    let ids = app.auth.store.users(after.as_ref(), USERS_MAX).await?;
    let (mut users, own) = (0, grant.user.as_ref());
    // His own come last: otherwise he could not go on where the next step fails.
    for id in ids.iter().filter(|id| Some(*id) != own) {
        users += u64::from(app.auth.change(user_tag(id), id, Change::Bump).await?.is_some());
    }
    let next_cursor = (ids.len() as u64 == USERS_MAX).then(|| ids.last().map(UserId::to_string)).flatten();
    if let (Some(own), None) = (own, &next_cursor) {
        users += u64::from(app.auth.change(user_tag(own), own, Change::Bump).await?.is_some());
    }
    Ok(Json(EndedEverything { users, next_cursor }))
}

fn own(grant: &Grant) -> Option<SessionId> {
    match &grant.credential {
        Credential::Session { id, .. } => Some(*id),
        Credential::Open | Credential::Key { .. } => None,
    }
}

async fn family(app: &App, user: &UserId, id: &str, own: Option<SessionId>) -> Result<Family, Fail> {
    let unknown = || Fail::new(Code::UnknownSession);
    let sid: SessionId = id.parse().map_err(|_| unknown())?;
    let tag = user_tag(user);
    let live = app.auth.store.sessions(tag).await?.into_iter().find(|row| row.sid == sid);
    let mut noted = app.auth.store.token_notes(tag).await?;
    let alarms = app.auth.store.alarms().await?;
    noted.extend(alarms.into_iter().filter(|noted| noted.user.as_ref() == Some(user)));
    noted.retain(|noted| noted.sid == sid);
    noted.sort_by_key(|noted| std::cmp::Reverse(noted.id));
    if live.is_none() && noted.is_empty() {
        return Err(unknown());
    }
    Ok(Family {
        session_id: sid.to_string(),
        user_id: user.to_string(),
        session: live.map(|row| session(row, own)),
        came_again: noted.into_iter().map(came_again).collect(),
    })
}

fn came_again(noted: Noted) -> CameAgain {
    CameAgain {
        at: Timestamp::from_ms(noted.id.ms),
        outcome: noted.came.as_str().to_owned(),
        generation: noted.generation,
        ip: noted.ip,
    }
}

fn alarm(noted: Noted) -> Alarm {
    Alarm {
        at: Timestamp::from_ms(noted.id.ms),
        session_id: noted.sid.to_string(),
        user_id: noted.user.map(|user| user.to_string()),
        generation: noted.generation,
        ip: noted.ip,
    }
}
