//! `POST /auth/sessions/race`: several requests bring one refresh token, and one of them gets the next.

use axum::Json;
use axum::extract::State;
use baton_api::auth::{Lap, NewRace, Race};

use super::body::MaybeLoose;
use super::sessions::session_of;
use crate::app::App;
use crate::auth::{Address, Who};
use crate::problem::Fail;

const REQUESTS: u64 = 8;
const REQUESTS_MIN: u64 = 2;
const REQUESTS_MAX: u64 = 16;

/// Watch a race
///
/// Begins a session of whoever asks that may do nothing, lets several requests bring its refresh token at the same moment, and
/// ends it: one of them gets the next token, and the others are told that they came too late. No token leaves the gateway.
#[utoipa::path(
    post, path = "/auth/sessions/race", tag = "auth", operation_id = "race_sessions", security(("bearer" = [])),
    request_body = Option<NewRace>,
    responses((status = 200, description = "What each of them got", body = Race)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "conflict", "storage_full", "rate_limited"])))
)]
pub(super) async fn race_sessions(
    State(app): State<App>,
    Who(grant): Who,
    Address(from): Address,
    MaybeLoose(asked): MaybeLoose<NewRace>,
) -> Result<Json<Race>, Fail> {
    let (user, _) = session_of(&grant)?;
    let requests = asked.requests.unwrap_or(REQUESTS);
    if !(REQUESTS_MIN..=REQUESTS_MAX).contains(&requests) {
        let why = format!("{requests} is not between {REQUESTS_MIN} and {REQUESTS_MAX}");
        return Err(Fail::invalid("/requests", why));
    }
    let (session, laps) = app.auth.race(user, requests, from).await?;
    let lap = |lap: crate::auth::race::Lap| Lap {
        won: lap.refused.is_none(),
        code: lap.refused.map(|code| code.to_string()),
        took_us: u64::try_from(lap.took.as_micros()).unwrap_or(u64::MAX),
    };
    Ok(Json(Race { session_id: session.to_string(), laps: laps.into_iter().map(lap).collect() }))
}
