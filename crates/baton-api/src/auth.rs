//! Logins, sessions, users and API keys, as they cross HTTP.
//!
//! Requests to `/auth/…` come from clients of many makes, so what is not known in them is ignored. Secrets are plain
//! text here and nowhere shown: these types have no `Debug` of their own.

use std::fmt;

use baton_core::WorkerId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, number, schemas, text};

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(a secret)")
    }
}

/// `POST /auth/login`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Login {
    #[schema(schema_with = schemas::username)]
    pub username: String,
    #[schema(schema_with = schemas::password)]
    pub password: Secret,
    /// Less than the user may do: scopes between spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::scope_text_or_null)]
    pub scope: Option<String>,
    /// By which the session is told from others in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::plain_or_null)]
    pub device_name: Option<String>,
    /// A session of this user that the new one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_refresh_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// `POST /auth/refresh`. With a cookie, the token is left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Refresh {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// The same as the header `Idempotency-Key`: who repeats it gets the same successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::request_id_or_null)]
    pub request_id: Option<String>,
    /// Less than the session may do, for this access token only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::scope_text_or_null)]
    pub scope: Option<String>,
    /// The one that logged in, where that was not the command line, the SDK or a program without a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// `POST /auth/logout`. With a cookie, the token is left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Logout {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
}

/// An access token and the refresh token that follows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Pair {
    /// Left out where the tokens go into cookies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    #[schema(example = "bearer")]
    pub token_type: String,
    /// Seconds that the access token lives.
    #[schema(example = 900)]
    pub expires_in: u64,
    pub scope: String,
    pub session_id: String,
}

/// A word that says what was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    pub message: String,
}

/// `GET /auth/validate`: whose credential this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Validated {
    pub valid: bool,
    pub user_id: String,
    pub username: String,
    pub scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub expires_at: Option<Timestamp>,
    /// Of a login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Of an API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The only worker that it may act as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<String>,
}

/// `POST /auth/logout-all`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct LogoutAll {
    /// Needed if the login is older than 15 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::password_or_null)]
    pub current_password: Option<Secret>,
}

/// All sessions of a user ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoggedOutAll {
    #[schema(example = "all")]
    pub sessions_revoked: String,
    pub epoch: u64,
}

/// One login of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub session_id: String,
    pub client: String,
    pub device: String,
    /// The address it came from, as a pseudonym that only tells addresses apart.
    pub ip: String,
    pub scope: String,
    /// How often its token was rotated, plus one.
    pub generation: u64,
    #[schema(schema_with = schemas::time)]
    pub created_at: Timestamp,
    #[schema(schema_with = schemas::time)]
    pub rotated_at: Timestamp,
    #[schema(schema_with = schemas::time)]
    pub expires_at: Timestamp,
    /// The session that asks.
    pub current: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sessions {
    pub sessions: Vec<Session>,
}

/// How many requests are to bring the same refresh token at once.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct NewRace {
    /// 8 where nothing is said.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 2, maximum = 16)]
    pub requests: Option<u64>,
}

/// A race of refreshes that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Race {
    /// The session that it was about. It has ended.
    pub session_id: String,
    /// What each of the requests got: one of them won.
    pub laps: Vec<Lap>,
}

/// One request of a race.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lap {
    pub won: bool,
    /// Why it got nothing: `refresh_token_superseded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub took_us: u64,
}

/// A session and the refresh tokens of it that came more than once. Those that came once leave no trace but their number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Family {
    pub session_id: String,
    #[schema(example = "user_alice")]
    pub user_id: String,
    /// Left out where it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// The latest first. Of each user the latest 64 are remembered, for 30 days.
    pub came_again: Vec<CameAgain>,
}

/// A refresh token that was presented after it had been exchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CameAgain {
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    /// `replayed`: the same successor was answered once more. `superseded`: a moment too late, refused, no harm done.
    /// `healed`: Redis had fallen behind it. `reused`: so late, or so old, that two may hold the session.
    pub outcome: String,
    /// Of the token that came.
    pub generation: u64,
    /// Where it came from, as a pseudonym that only tells addresses apart.
    pub ip: String,
}

/// A session that two may have held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alarm {
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    pub session_id: String,
    /// Left out where the user is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Of the token that came too late.
    pub generation: u64,
    /// Where it came from, as a pseudonym.
    pub ip: String,
}

/// The latest first; of all users the latest 1,000 are remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alarms {
    pub alarms: Vec<Alarm>,
}

/// `POST /auth/sessions/end-all`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct EndEverything {
    /// The word `everyone`, so that nobody does it by mistake.
    pub confirm: String,
    /// `next_cursor` of the answer before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Of how many users all sessions ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndedEverything {
    pub users: u64,
    /// There are more: go on with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// `POST /auth/password`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewPassword {
    #[schema(schema_with = schemas::password)]
    pub current: Secret,
    #[schema(schema_with = schemas::new_password)]
    pub new: Secret,
}

/// `POST /auth/password/reset`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ResetPassword {
    #[schema(schema_with = schemas::code)]
    pub code: Secret,
    #[schema(schema_with = schemas::new_password)]
    pub new: Secret,
}

/// A code for one use, and how many seconds it lives.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OneTimeCode {
    pub code: Secret,
    pub expires_in: u64,
}

/// `POST /auth/ticket`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewTicket {
    /// `sse`: to open the live feed.
    #[schema(schema_with = schemas::ticket_purpose)]
    pub purpose: String,
}

/// A ticket for one use.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    pub ticket: Secret,
    #[schema(example = 30)]
    pub expires_in: u64,
}

/// `POST /auth/keys`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct NewKey {
    #[schema(schema_with = schemas::key_name)]
    pub name: String,
    /// What it may do: no more than whoever makes it.
    #[schema(schema_with = schemas::scopes)]
    pub scopes: Vec<String>,
    /// The only worker that it may act as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::worker_or_null)]
    pub worker: Option<String>,
    /// Networks it may come from; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 16, example = json!(["10.0.0.0/8"]))]
    pub cidrs: Vec<String>,
    /// Seconds; without it the key lives until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 315_360_000)]
    pub expires_in: Option<u64>,
}

/// `PATCH /auth/keys/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangeKey {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::key_name_or_null)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::scopes_or_null)]
    pub scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// `begin`: a second secret, shown once, beside the first; `finish`: the first one ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::rotation_or_null)]
    pub rotate: Option<String>,
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    pub id: String,
    pub name: String,
    pub owner: String,
    pub scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cidrs: Vec<String>,
    #[schema(schema_with = schemas::time)]
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub expires_at: Option<Timestamp>,
    /// To the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub last_used_at: Option<Timestamp>,
    pub disabled: bool,
    /// A second secret is valid, too.
    pub rotating: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Keys {
    pub keys: Vec<Key>,
}

/// An API key with its secret, which is never shown again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyWithSecret {
    #[serde(flatten)]
    pub key: Key,
    /// Left out where no new one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
}

/// `POST /auth/workers/join-tokens`: a code by which one worker gets its credential.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct NewJoinToken {
    /// The queues it may claim from, as scopes say them; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::queues_of_scopes)]
    pub queues: Vec<String>,
}

/// `POST /auth/workers/join`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Join {
    #[schema(schema_with = schemas::worker_kind)]
    pub kind: String,
    /// One that is known already; without it a number is allocated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::worker_or_null)]
    pub worker_id: Option<String>,
}

/// A worker's credential: a key for whoever brought a join token, an access token for whoever brought a key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Joined {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::worker)]
    pub worker_id: WorkerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// `POST /auth/users`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewUser {
    #[schema(schema_with = schemas::username)]
    pub username: String,
    /// Without it nobody can sign in as this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::new_password_or_null)]
    pub password: Option<Secret>,
    #[schema(schema_with = schemas::roles)]
    pub roles: Vec<String>,
    /// Without it, a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::user_kind_or_null)]
    pub kind: Option<String>,
    #[serde(default)]
    pub disabled: bool,
}

/// `PATCH /auth/users/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangeUser {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::new_password_or_null)]
    pub password: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::roles_or_null)]
    pub roles: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A user, without his password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    #[schema(example = "user_alice")]
    pub id: String,
    pub username: String,
    #[schema(schema_with = schemas::user_kind)]
    pub kind: String,
    #[schema(schema_with = schemas::roles)]
    pub roles: Vec<String>,
    pub disabled: bool,
    /// He can sign in with one.
    pub has_password: bool,
    pub epoch: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Users {
    pub users: Vec<User>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A key that signs access tokens, without what is secret about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SigningKey {
    pub kid: String,
    pub alg: String,
    /// `pending`, `active`, `retiring`.
    pub state: String,
    #[schema(schema_with = schemas::time)]
    pub since: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SigningKeys {
    pub keys: Vec<SigningKey>,
}
