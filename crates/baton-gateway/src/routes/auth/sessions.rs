//! The sessions of whoever asks, and tickets for the live feed.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use baton_api::Timestamp;
use baton_api::auth::{LoggedOutAll, LogoutAll, NewTicket, Secret, Session, Sessions, Ticket};
use baton_auth::user_tag;
use baton_core::Code;
use baton_core::login::{EndReason, SessionId, UserId};
use baton_store::calls::token::{Change, Ended, SessionRow};

use super::answer::unkept;
use super::body::{Loose, MaybeLoose};
use crate::app::App;
use crate::auth::{Address, Credential, Grant, Surely, Who};
use crate::clock;
use crate::problem::Fail;

/// A login that is older must show the password once more before it ends all others.
const FRESH_MS: u64 = 15 * 60_000;

/// The user and the session of a grant that came from a login.
pub(super) fn session_of(grant: &Grant) -> Result<(&UserId, SessionId), Fail> {
    match (&grant.user, &grant.credential) {
        (Some(user), Credential::Session { id, .. }) => Ok((user, *id)),
        (None, _) => Err(Fail::new(Code::Unauthenticated)),
        (Some(_), _) => {
            Err(Fail::new(Code::InsufficientScope).because("This takes a login, not an API key."))
        }
    }
}

/// End all sessions
///
/// Those of whoever asks, this one included. If the login is older than 15 minutes it takes the current password.
#[utoipa::path(
    post, path = "/auth/logout-all", tag = "auth", operation_id = "log_out_everywhere", security(("bearer" = [])),
    request_body = Option<LogoutAll>,
    responses((status = 200, description = "All have ended", body = LoggedOutAll)),
    extensions(
        ("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "reauthentication_required",
            "invalid_credentials", "rate_limited", "revocation_not_durable"]))
    )
)]
pub(super) async fn log_out_everywhere(
    State(app): State<App>,
    Surely(grant): Surely,
    Address(from): Address,
    MaybeLoose(body): MaybeLoose<LogoutAll>,
) -> Result<Json<LoggedOutAll>, Fail> {
    let (user, _) = session_of(&grant)?;
    match body.current_password {
        Some(password) => app.auth.prove(user, &password.0, None, from).await.map(|_| ())?,
        None if is_fresh(&grant) => {}
        None => return Err(Fail::new(Code::ReauthenticationRequired)),
    }
    let epoch = app.auth.change(user_tag(user), user, Change::Bump).await?;
    let epoch = epoch.ok_or_else(|| Fail::new(Code::Unauthenticated))?;
    Ok(Json(LoggedOutAll { sessions_revoked: "all".to_owned(), epoch }))
}

fn is_fresh(grant: &Grant) -> bool {
    match &grant.credential {
        Credential::Session { auth_time_s, .. } => {
            clock::now_ms() <= auth_time_s.saturating_mul(1_000) + FRESH_MS
        }
        Credential::Open | Credential::Key { .. } => false,
    }
}

/// List sessions
///
/// Those of whoever asks.
#[utoipa::path(
    get, path = "/auth/sessions", tag = "auth", operation_id = "list_sessions", security(("bearer" = [])),
    responses((status = 200, description = "The sessions that live", body = Sessions)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope"])))
)]
pub(super) async fn list_sessions(State(app): State<App>, Who(grant): Who) -> Result<Json<Sessions>, Fail> {
    let (user, own) = session_of(&grant)?;
    let rows = app.auth.store.sessions(user_tag(user)).await?;
    Ok(Json(Sessions { sessions: rows.into_iter().map(|row| session(row, Some(own))).collect() }))
}

pub(super) fn session(row: SessionRow, own: Option<SessionId>) -> Session {
    Session {
        session_id: row.sid.to_string(),
        client: row.client,
        device: row.device,
        ip: row.ip,
        scope: row.scope,
        generation: row.generation,
        created_at: Timestamp::from_ms(row.created_at_ms),
        rotated_at: Timestamp::from_ms(row.rotated_at_ms),
        expires_at: Timestamp::from_ms(row.expires_at_ms),
        current: Some(row.sid) == own,
    }
}

/// End a session
///
/// One of whoever asks.
#[utoipa::path(
    delete, path = "/auth/sessions/{id}", tag = "auth", operation_id = "end_session", security(("bearer" = [])),
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 204, description = "It has ended")),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_session", "revocation_not_durable"])))
)]
pub(super) async fn end_session(
    State(app): State<App>,
    Who(grant): Who,
    Path(id): Path<String>,
) -> Result<StatusCode, Fail> {
    let (user, _) = session_of(&grant)?;
    let unknown = || Fail::new(Code::UnknownSession);
    let sid: SessionId = id.parse().map_err(|_| unknown())?;
    match app.auth.end(user_tag(user), sid, None, Some(user), EndReason::Logout).await? {
        Ended::Revoked => Ok(StatusCode::NO_CONTENT),
        Ended::Gone | Ended::Refused => Err(unknown()),
    }
}

/// Get a ticket
///
/// For a browser that opens the live feed and cannot send a header with that: `?ticket=…`, once.
#[utoipa::path(
    post, path = "/auth/ticket", tag = "auth", operation_id = "get_ticket", security(("bearer" = [])),
    request_body = NewTicket,
    responses((status = 200, description = "The ticket", body = Ticket)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "storage_full"])))
)]
pub(super) async fn get_ticket(
    State(app): State<App>,
    Who(grant): Who,
    Loose(body): Loose<NewTicket>,
) -> Result<Response, Fail> {
    if body.purpose != "sse" {
        return Err(Fail::invalid("/purpose", "it is sse, the only one there is"));
    }
    let ticket = app.auth.ticket(&grant).await?;
    let expires_in = app.auth.logins.rules.ticket_ttl.as_secs();
    Ok(unkept(Json(Ticket { ticket: Secret(ticket.expose().clone()), expires_in }).into_response()))
}
