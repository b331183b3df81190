//! API keys: for programs, each with a secret that is shown once.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use baton_api::Timestamp;
use baton_api::auth::{ChangeKey, Key, KeyWithSecret, Keys, NewKey, Secret};
use baton_auth::address::Cidr;
use baton_auth::digest::sha256;
use baton_auth::{Action, Scopes, SecretText, api_key, user_tag};
use baton_core::login::{KeyId, UserId};
use baton_core::{Code, OpId, WorkerId};
use baton_store::calls::token::{self as stored, ApiKey, KeyChanged, NewApiKey};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::unkept;
use super::body::{Loose, filled, plain};
use crate::app::App;
use crate::auth::{Credential, Grant, Surely, drawn};
use crate::clock;
use crate::extract::{self, IdempotencyKey};
use crate::problem::Fail;
use crate::trail::told_of_keepers;

const NAME_BYTES_MAX: usize = 64;
const NETWORKS_MAX: usize = 16;
/// Longer than anybody plans; `expires_in` may be left out instead.
const LIFE_S_MAX: u64 = 10 * 365 * 24 * 3_600;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_keys, create_key))
        .routes(routes!(get_key, change_key, remove_key))
}

/// Who may look after whose keys: everyone after his own, with a login; and with `admin:keys` after all.
fn keeper(grant: &Grant) -> Result<(&UserId, bool), Fail> {
    let user = grant.user.as_ref().ok_or_else(|| Fail::new(Code::Unauthenticated))?;
    let of_all = grant.scopes.allow(Action::AdminKeys);
    match grant.credential {
        Credential::Key { .. } if !of_all => Err(Fail::lacks(Action::AdminKeys)),
        _ => Ok((user, of_all)),
    }
}

/// The key of this id, if it is there for whoever asks.
async fn find(app: &App, grant: &Grant, id: &str) -> Result<ApiKey, Fail> {
    let (user, of_all) = keeper(grant)?;
    let unknown = || Fail::new(Code::UnknownKey);
    let id: KeyId = id.parse().map_err(|_| unknown())?;
    let record = app.auth.store.read_key(&id).await?;
    record.filter(|record| of_all || record.owner == *user).ok_or_else(unknown)
}

/// Nobody hands out more than he has.
fn within(grant: &Grant, scopes: &Scopes) -> Result<(), Fail> {
    let beyond = scopes.iter().find(|scope| {
        let one = scope.to_string().parse::<Scopes>();
        !one.is_ok_and(|one| grant.scopes.contain(&one))
    });
    beyond.map_or(Ok(()), |scope| Err(Fail::lacks(scope.action)))
}

fn read_scopes(words: &[String]) -> Result<Scopes, Fail> {
    // One word each: several in one could slip through what looks at them singly.
    if let Some(odd) = words.iter().find(|word| word.is_empty() || word.contains(char::is_whitespace)) {
        return Err(Fail::invalid("/scopes", format!("{odd:?} is not one scope")));
    }
    let scopes = words.join(" ").parse::<Scopes>();
    scopes.map_err(|error| Fail::invalid("/scopes", format!("failed to {error}")))
}

pub(super) fn shown(record: &ApiKey) -> Key {
    Key {
        id: record.id.to_string(),
        name: record.name.clone(),
        owner: record.owner.to_string(),
        scopes: record.scopes.split_whitespace().map(str::to_owned).collect(),
        worker: record.worker.clone(),
        cidrs: record.cidrs.split_whitespace().map(str::to_owned).collect(),
        created_at: Timestamp::from_ms(record.created_at_ms),
        expires_at: record.expires_at_ms.map(Timestamp::from_ms),
        last_used_at: record.last_used_at_ms.map(Timestamp::from_ms),
        disabled: record.disabled,
        rotating: record.hash_next.is_some(),
    }
}

/// A key to be, and what Redis keeps of its secret.
pub(super) struct Drawn {
    pub(super) id: KeyId,
    pub(super) text: SecretText,
    pub(super) hash: String,
}

pub(super) fn draw() -> Result<Drawn, Fail> {
    let odd = |_| Fail::new(Code::Internal);
    let (id, text) = api_key::new(drawn()?, drawn()?).map_err(odd)?;
    let (_, hash) = api_key::parse(text.expose()).map_err(odd)?;
    Ok(Drawn { id, text, hash })
}

/// The same; of one wish every time with the same id.
fn draw_for(op: Option<&OpId>) -> Result<Drawn, Fail> {
    let Some(op) = op else { return draw() };
    let odd = |_| Fail::new(Code::Internal);
    let mut id = [0; 16];
    id.copy_from_slice(&sha256(op.as_str().as_bytes())[..16]);
    let (id, text) = api_key::new(id, drawn()?).map_err(odd)?;
    let (_, hash) = api_key::parse(text.expose()).map_err(odd)?;
    Ok(Drawn { id, text, hash })
}

fn made_before() -> Fail {
    Fail::new(Code::Conflict).because(
        "The key was made when this was first asked for, and its secret was shown then. If nobody has it, revoke the key and \
         make another one.",
    )
}

/// List API keys
///
/// One's own; with `admin:keys` and `?owner=` those of somebody else.
#[utoipa::path(
    get, path = "/auth/keys", tag = "auth", operation_id = "list_keys", security(("bearer" = [])),
    params(("owner" = Option<String>, Query, description = "A user's id, for those with admin:keys",
            pattern = "^(user|service)_[^\\u0000-\\u001f\\u007f-\\u009f]+$")),
    responses((status = 200, description = "The keys, without their secrets", body = Keys)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope"])))
)]
pub(super) async fn list_keys(
    State(app): State<App>,
    Surely(grant): Surely,
    RawQuery(query): RawQuery,
) -> Result<Json<Keys>, Fail> {
    let (user, of_all) = keeper(&grant)?;
    let owner = match owner(query.as_deref())? {
        Some(owner) if !of_all && owner != *user => return Err(Fail::lacks(Action::AdminKeys)),
        Some(owner) => owner,
        None => user.clone(),
    };
    let records = app.auth.store.keys_of(user_tag(&owner)).await?;
    let keys = records.iter().filter(|record| record.owner == owner).map(shown).collect();
    Ok(Json(Keys { keys }))
}

fn owner(query: Option<&str>) -> Result<Option<UserId>, Fail> {
    let uri = format!("/?{}", query.unwrap_or_default())
        .parse()
        .map_err(|_| Fail::malformed("The query cannot be read."))?;
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri);
    let pairs = pairs.map_err(|_| Fail::malformed("The query cannot be read."))?.0;
    let owner = pairs.into_iter().find(|(name, _)| name == "owner");
    let owner = owner.map(|(_, owner)| owner.parse::<UserId>()).transpose();
    owner.map_err(|error| Fail::invalid("owner", format!("failed to {error}")))
}

/// Make an API key
///
/// Its secret is in this answer and nowhere else. A repeat under the same `Idempotency-Key` makes no second one, and cannot say the
/// secret once more: it is refused.
#[utoipa::path(
    post, path = "/auth/keys", tag = "auth", operation_id = "create_key", security(("bearer" = [])),
    params(IdempotencyKey),
    request_body = NewKey,
    responses((status = 201, description = "The key", body = KeyWithSecret)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "conflict", "storage_full"])))
)]
pub(super) async fn create_key(
    State(app): State<App>,
    Surely(grant): Surely,
    extract::Key(op): extract::Key,
    Loose(body): Loose<NewKey>,
) -> Result<Response, Fail> {
    let (owner, of_all) = keeper(&grant)?;
    let name = plain(filled(&body.name, "/name")?, NAME_BYTES_MAX, "/name")?;
    let scopes = read_scopes(&body.scopes)?;
    within(&grant, &scopes)?;
    let worker = body.worker.as_deref().map(str::parse::<WorkerId>).transpose();
    let worker = worker.map_err(|error| Fail::invalid("/worker", format!("failed to {error}")))?;
    if worker.is_some() && !of_all {
        return Err(Fail::lacks(Action::AdminKeys));
    }
    let maker = maker(&app, &grant).await?;
    let networks = match (&maker, networks(&body.cidrs)?) {
        (Some(maker), given) if given.is_empty() => maker.cidrs.clone(),
        (Some(maker), given) if !maker.cidrs.is_empty() && given != maker.cidrs => {
            return Err(Fail::invalid("/cidrs", "a key makes keys for its own networks only"));
        }
        (_, given) => given,
    };
    let life_s = body.expires_in.map(|life_s| match life_s {
        1..=LIFE_S_MAX => Ok(life_s),
        _ => Err(Fail::invalid("/expires_in", format!("it is not between 1 and {LIFE_S_MAX}"))),
    });
    let expires_at_ms = life_s.transpose()?.map(|life_s| clock::now_ms() + life_s * 1_000);
    let own_end_ms = maker.as_ref().and_then(|maker| maker.expires_at_ms);
    let Drawn { id, text, hash } = draw_for(op.as_ref())?;
    let new = NewApiKey {
        id: &id,
        tag: user_tag(owner),
        owner,
        name,
        scopes: &scopes.to_string(),
        worker: worker.as_ref().map_or("", WorkerId::as_str),
        cidrs: &networks,
        // No key outlives the one that made it.
        expires_at_ms: expires_at_ms.into_iter().chain(own_end_ms).min(),
        hash: &hash,
    };
    app.auth.store.put_key(&new).await?.ok_or_else(made_before)?;
    let record = app.auth.store.read_key(&id).await?.ok_or_else(|| Fail::new(Code::RedisUnavailable))?;
    Ok(told_of_keepers(&grant, (StatusCode::CREATED, with_secret(&record, Some(&text))).into_response()))
}

/// The key that asks, if it is one.
async fn maker(app: &App, grant: &Grant) -> Result<Option<ApiKey>, Fail> {
    match &grant.credential {
        Credential::Key { id } => Ok(app.auth.store.read_key(id).await?),
        _ => Ok(None),
    }
}

fn networks(given: &[String]) -> Result<String, Fail> {
    if given.len() > NETWORKS_MAX {
        return Err(Fail::invalid("/cidrs", format!("at most {NETWORKS_MAX} networks")));
    }
    let read = given.iter().map(|text| text.parse::<Cidr>()).collect::<Result<Vec<_>, _>>();
    let read = read.map_err(|error| Fail::invalid("/cidrs", format!("failed to {error}")))?;
    Ok(read.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

fn with_secret(record: &ApiKey, text: Option<&SecretText>) -> Response {
    let secret = text.map(|text| Secret(text.expose().clone()));
    unkept(Json(KeyWithSecret { key: shown(record), secret }).into_response())
}

/// Read an API key
#[utoipa::path(
    get, path = "/auth/keys/{id}", tag = "auth", operation_id = "get_key", security(("bearer" = [])),
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 200, description = "The key, without its secret", body = Key)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_key"])))
)]
pub(super) async fn get_key(
    State(app): State<App>,
    Surely(grant): Surely,
    Path(id): Path<String>,
) -> Result<Json<Key>, Fail> {
    Ok(Json(shown(&find(&app, &grant, &id).await?)))
}

/// Change an API key
///
/// Its name, its scopes, or whether it counts. `rotate`: `begin` makes a second secret, `finish` ends the first one.
#[utoipa::path(
    patch, path = "/auth/keys/{id}", tag = "auth", operation_id = "change_key", security(("bearer" = [])),
    params(("id" = String, Path, description = "The key's id")),
    request_body = ChangeKey,
    responses((status = 200, description = "The key as it is now, and a second secret if one was made", body = KeyWithSecret)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_key"])))
)]
pub(super) async fn change_key(
    State(app): State<App>,
    Surely(grant): Surely,
    Path(id): Path<String>,
    Loose(body): Loose<ChangeKey>,
) -> Result<Response, Fail> {
    let record = find(&app, &grant, &id).await?;
    let scopes = body.scopes.as_deref().map(read_scopes).transpose()?;
    let name = body
        .name
        .as_deref()
        .map(|name| plain(filled(name, "/name")?, NAME_BYTES_MAX, "/name"))
        .transpose()?;
    let (_, of_all) = keeper(&grant)?;
    if record.disabled && body.disabled == Some(false) && !of_all {
        return Err(Fail::lacks(Action::AdminKeys)
            .because("Somebody has turned this key off: it takes admin:keys to turn it on."));
    }
    // Whoever gets a secret of a key, or turns it on, has what it may do: that must be his already.
    let held = record.scopes.parse::<Scopes>().unwrap_or_default();
    within(&grant, scopes.as_ref().unwrap_or(&held))?;
    let (second, text) = match body.rotate.as_deref() {
        None => (None, None),
        Some("begin") => {
            let (text, hash) = second_secret(&record.id)?;
            (Some(hash), Some(text))
        }
        Some("finish") => (None, None),
        Some(_) => return Err(Fail::invalid("/rotate", "it is begin or finish")),
    };
    let scopes = scopes.map(|scopes| scopes.to_string());
    let only = record.hash_next.as_deref().filter(|_| body.rotate.as_deref() == Some("finish"));
    let changes = [
        name.map(stored::ChangeKey::Name),
        scopes.as_deref().map(stored::ChangeKey::Scopes),
        second.as_deref().map(stored::ChangeKey::SecondHash),
        only.map(stored::ChangeKey::OnlyHash),
        body.disabled.map(stored::ChangeKey::Disabled),
    ];
    for change in changes.into_iter().flatten() {
        if let KeyChanged::Unknown = app.auth.store.change_key(&record.id, change).await? {
            return Err(Fail::new(Code::UnknownKey));
        }
    }
    app.auth.key_changed(&record.id, body.disabled == Some(true) && !record.disabled);
    let record = app.auth.store.read_key(&record.id).await?.ok_or_else(|| Fail::new(Code::UnknownKey))?;
    Ok(told_of_keepers(&grant, with_secret(&record, text.as_ref())))
}

/// Another secret under the same id.
fn second_secret(id: &KeyId) -> Result<(SecretText, String), Fail> {
    let odd = |_| Fail::new(Code::Internal);
    let text = api_key::with_id(id, drawn()?);
    let (_, hash) = api_key::parse(text.expose()).map_err(odd)?;
    Ok((text, hash))
}

/// Revoke an API key
///
/// No gateway takes it any more, after some seconds at most.
#[utoipa::path(
    delete, path = "/auth/keys/{id}", tag = "auth", operation_id = "remove_key", security(("bearer" = [])),
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 204, description = "It is gone")),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "unknown_key"])))
)]
pub(super) async fn remove_key(
    State(app): State<App>,
    Surely(grant): Surely,
    Path(id): Path<String>,
) -> Result<Response, Fail> {
    let record = find(&app, &grant, &id).await?;
    let removed = app.auth.store.remove_key(user_tag(&record.owner), &record.id).await?;
    app.auth.revoke_key(record.id);
    match removed {
        KeyChanged::Done => Ok(told_of_keepers(&grant, StatusCode::NO_CONTENT.into_response())),
        KeyChanged::Unknown => Err(Fail::new(Code::UnknownKey)),
    }
}
