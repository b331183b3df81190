//! Users, for those who look after them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use baton_api::auth::{ChangeUser, NewUser, OneTimeCode, Secret, User, Users};
use baton_auth::{Action, Scopes, user_tag};
use baton_core::Code;
use baton_core::login::{Role, UserId, UserKind};
use baton_store::calls::token::{self as stored, Change, Made};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::unkept;
use super::body::{Loose, filled};
use crate::app::App;
use crate::auth::{Grant, Who};
use crate::extract::{FromTerms, Query, Terms};
use crate::problem::Fail;

const LIMIT: u64 = 50;
const LIMIT_MAX: u64 = 500;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_users, create_user))
        .routes(routes!(get_user, change_user, remove_user))
        .routes(routes!(end_user_sessions))
        .routes(routes!(make_reset_code))
}

/// Which part of the users.
pub(crate) struct UsersQuery {
    limit: u64,
    after: Option<UserId>,
}

impl FromTerms for UsersQuery {
    const KNOWN: &[&str] = &["limit", "cursor"];

    fn read(terms: &mut Terms) -> UsersQuery {
        UsersQuery { limit: terms.number("limit", 1, LIMIT_MAX).unwrap_or(LIMIT), after: terms.one("cursor") }
    }
}

fn shown(user: &stored::User) -> User {
    let kind =
        if user.user_id.as_str().starts_with("service_") { UserKind::Service } else { UserKind::Person };
    User {
        id: user.user_id.to_string(),
        username: user.user_id.name().to_owned(),
        kind: kind.to_string(),
        roles: user.roles.split_whitespace().map(str::to_owned).collect(),
        disabled: user.disabled,
        has_password: user.password.is_some(),
        epoch: user.epoch,
    }
}

/// Nobody makes, or becomes, somebody who may do more than himself.
pub(super) fn within(grant: &Grant, roles: &str) -> Result<(), Fail> {
    if grant.scopes.contain(&Scopes::of_roles(roles)) { Ok(()) } else { Err(Fail::lacks(Action::Admin)) }
}

fn read_roles(words: &[String]) -> Result<String, Fail> {
    let roles = words.iter().map(|word| word.parse::<Role>()).collect::<Result<Vec<_>, _>>();
    let mut roles = roles.map_err(|error| Fail::invalid("/roles", format!("failed to {error}")))?;
    roles.dedup();
    Ok(roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" "))
}

/// A user who is there, and may be changed by whoever asks.
pub(super) async fn find(app: &App, grant: &Grant, id: &str) -> Result<stored::User, Fail> {
    grant.must(Action::AdminUsers)?;
    let unknown = || Fail::new(Code::UnknownUser);
    let id: UserId = id.parse().map_err(|_| unknown())?;
    app.auth.store.read_user(user_tag(&id), &id).await?.ok_or_else(unknown)
}

/// List users
#[utoipa::path(
    get, path = "/auth/users", tag = "auth", operation_id = "list_users", security(("bearer" = ["admin:users"])),
    params(("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "At most so many; else 50"),
           ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before",
            pattern = "^(user|service)_[^\\u0000-\\u001f\\u007f-\\u009f]+$")),
    responses((status = 200, description = "A page of users, by id", body = Users)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope"])))
)]
pub(super) async fn list_users(
    State(app): State<App>,
    Who(grant): Who,
    Query(UsersQuery { limit, after }): Query<UsersQuery>,
) -> Result<Json<Users>, Fail> {
    grant.must(Action::AdminUsers)?;
    let ids = app.auth.store.users(after.as_ref(), limit).await?;
    let next = (ids.len() as u64 == limit).then(|| ids.last().map(UserId::to_string)).flatten();
    let mut users = Vec::new();
    for id in &ids {
        users.extend(app.auth.store.read_user(user_tag(id), id).await?.as_ref().map(shown));
    }
    Ok(Json(Users { users, next_cursor: next }))
}

/// Make a user
#[utoipa::path(
    post, path = "/auth/users", tag = "auth", operation_id = "create_user", security(("bearer" = ["admin:users"])),
    request_body = NewUser,
    responses((status = 201, description = "The user", body = User)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "name_taken", "overloaded", "storage_full"])))
)]
pub(super) async fn create_user(
    State(app): State<App>,
    Who(grant): Who,
    Loose(body): Loose<NewUser>,
) -> Result<Response, Fail> {
    grant.must(Action::AdminUsers)?;
    let name = filled(&body.username, "/username")?;
    let kind = body.kind.as_deref().map_or(Ok(UserKind::Person), str::parse);
    let kind = kind.map_err(|_| Fail::invalid("/kind", "it is person or service"))?;
    let id = match kind {
        UserKind::Person => UserId::person(name),
        UserKind::Service => UserId::service(name),
    };
    let id = id.map_err(|error| Fail::invalid("/username", format!("failed to {error}")))?;
    let roles = read_roles(&body.roles)?;
    within(&grant, &roles)?;
    let phc = match &body.password {
        Some(password) => {
            app.auth.check_new(&password.0, "/password")?;
            Some(app.auth.hashing.hash(password.0.clone()).await?)
        }
        None => None,
    };
    let tag = user_tag(&id);
    let new = stored::NewUser {
        tag,
        user_id: &id,
        roles: &roles,
        password: phc.as_deref(),
        disabled: body.disabled,
    };
    match app.auth.store.create_user(&new).await? {
        Made::User { .. } => {}
        Made::Exists | Made::TagCollision => return Err(Fail::new(Code::NameTaken)),
    }
    let user = app.auth.store.read_user(tag, &id).await?.ok_or_else(|| Fail::new(Code::UnknownUser))?;
    Ok((StatusCode::CREATED, Json(shown(&user))).into_response())
}

/// Read a user
#[utoipa::path(
    get, path = "/auth/users/{id}", tag = "auth", operation_id = "get_user", security(("bearer" = ["admin:users"])),
    params(("id" = String, Path, description = "The user's id, as `user_alice`")),
    responses((status = 200, description = "The user", body = User)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_user"])))
)]
pub(super) async fn get_user(
    State(app): State<App>,
    Who(grant): Who,
    Path(id): Path<String>,
) -> Result<Json<User>, Fail> {
    Ok(Json(shown(&find(&app, &grant, &id).await?)))
}

/// Change a user
///
/// A new password and an end of his access end all his sessions; new roles count from the next refresh.
#[utoipa::path(
    patch, path = "/auth/users/{id}", tag = "auth", operation_id = "change_user", security(("bearer" = ["admin:users"])),
    params(("id" = String, Path, description = "The user's id, as `user_alice`")),
    request_body = ChangeUser,
    responses((status = 200, description = "The user as he is now", body = User)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_user", "overloaded", "revocation_not_durable"])))
)]
pub(super) async fn change_user(
    State(app): State<App>,
    Who(grant): Who,
    Path(id): Path<String>,
    Loose(body): Loose<ChangeUser>,
) -> Result<Json<User>, Fail> {
    let user = find(&app, &grant, &id).await?;
    within(&grant, &user.roles)?;
    let roles = body.roles.as_deref().map(read_roles).transpose()?;
    roles.as_deref().map_or(Ok(()), |roles| within(&grant, roles))?;
    if let Some(password) = &body.password {
        app.auth.check_new(&password.0, "/password")?;
    }
    let unknown = || Fail::new(Code::UnknownUser);
    let (id, tag) = (&user.user_id, user_tag(&user.user_id));
    if let Some(roles) = &roles {
        app.auth.change(tag, id, Change::Roles(roles)).await?.ok_or_else(unknown)?;
    }
    // One who is to be let in again gets his password afterwards, and one who is to be kept out before.
    if body.disabled == Some(false) {
        app.auth.change(tag, id, Change::Enable).await?.ok_or_else(unknown)?;
    }
    if let Some(password) = &body.password
        && !app.auth.set_password(id, &password.0, None).await?
    {
        return Err(Fail::new(Code::Conflict).because("The user is disabled, and gets no password."));
    }
    if body.disabled == Some(true) {
        app.auth.change(tag, id, Change::Disable).await?.ok_or_else(unknown)?;
    }
    let user = app.auth.store.read_user(tag, id).await?.ok_or_else(unknown)?;
    Ok(Json(shown(&user)))
}

/// Remove a user
///
/// All his sessions and keys end. A later user of the same name has nothing of his.
#[utoipa::path(
    delete, path = "/auth/users/{id}", tag = "auth", operation_id = "remove_user", security(("bearer" = ["admin:users"])),
    params(("id" = String, Path, description = "The user's id, as `user_alice`")),
    responses((status = 204, description = "He is gone")),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_user", "revocation_not_durable"])))
)]
pub(super) async fn remove_user(
    State(app): State<App>,
    Who(grant): Who,
    Path(id): Path<String>,
) -> Result<StatusCode, Fail> {
    changed(&app, &grant, &id, Change::Delete).await
}

/// End all sessions of a user
#[utoipa::path(
    delete, path = "/auth/users/{id}/sessions", tag = "auth", operation_id = "end_user_sessions",
    security(("bearer" = ["admin:users"])),
    params(("id" = String, Path, description = "The user's id, as `user_alice`")),
    responses((status = 204, description = "They have ended")),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_user", "revocation_not_durable"])))
)]
pub(super) async fn end_user_sessions(
    State(app): State<App>,
    Who(grant): Who,
    Path(id): Path<String>,
) -> Result<StatusCode, Fail> {
    changed(&app, &grant, &id, Change::Bump).await
}

async fn changed(app: &App, grant: &Grant, id: &str, change: Change<'_>) -> Result<StatusCode, Fail> {
    let user = find(app, grant, id).await?;
    within(grant, &user.roles)?;
    match app.auth.change(user_tag(&user.user_id), &user.user_id, change).await? {
        Some(_) => Ok(StatusCode::NO_CONTENT),
        None => Err(Fail::new(Code::UnknownUser)),
    }
}

/// Make a code for a new password
///
/// To hand to the user, who sets his password with it, once.
#[utoipa::path(
    post, path = "/auth/users/{id}/reset-code", tag = "auth", operation_id = "make_reset_code",
    security(("bearer" = ["admin:users"])),
    params(("id" = String, Path, description = "The user's id, as `user_alice`")),
    responses((status = 201, description = "The code", body = OneTimeCode)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_user", "storage_full"])))
)]
pub(super) async fn make_reset_code(
    State(app): State<App>,
    Who(grant): Who,
    Path(id): Path<String>,
) -> Result<Response, Fail> {
    let user = find(&app, &grant, &id).await?;
    within(&grant, &user.roles)?;
    let code = app.auth.reset_code(&user.user_id).await?;
    let expires_in = app.auth.logins.rules.join_ttl.as_secs();
    let body = OneTimeCode { code: Secret(code.expose().clone()), expires_in };
    Ok(unkept((StatusCode::CREATED, Json(body)).into_response()))
}
