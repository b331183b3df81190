//! What lies in Redis, for people who look there. Everything here only reads.

use axum::Json;
use axum::extract::{Path, State};
use baton_api::redis::{RedisCheck, RedisKey, RedisKeys, RedisScripts, RedisServer, RedisShard};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::convert::redis as convert;
use crate::problem::Fail;
use crate::redis;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(redis_server))
        .routes(routes!(redis_keys))
        .routes(routes!(redis_key))
        .routes(routes!(redis_check))
        .routes(routes!(redis_scripts))
}

/// Read the server in numbers
#[utoipa::path(
    get, path = "/redis", tag = "gateway", operation_id = "redis_server",
    security(("bearer" = ["metrics:read"])),
    responses((status = 200, description = "The server, and the shards in it", body = RedisServer))
)]
pub(crate) async fn redis_server(State(app): State<App>) -> Result<Json<RedisServer>, Fail> {
    let server = app.store.server().await?;
    let mut shards = Vec::new();
    for shard in app.store.shards().all() {
        shards.push(RedisShard {
            prefix: app.store.keys(shard)?.prefix().to_owned(),
            stream_length: app.store.stream_ends(shard).await?.length,
            behind_ms: app.store.lag(shard).await?.lag_ms,
            cascades: app.store.cascades(shard).await?,
        });
    }
    Ok(Json(convert::server(server, app.store.namespace(), shards)))
}

/// List the forms of keys
///
/// One row for each: its type, what it holds, the script that makes it, whether it ends by itself, and the line of redis-cli
/// that reads one.
#[utoipa::path(
    get, path = "/redis/keys", tag = "gateway", operation_id = "redis_keys",
    security(("bearer" = ["metrics:read"])),
    responses((status = 200, description = "All forms", body = RedisKeys))
)]
pub(crate) async fn redis_keys(State(app): State<App>) -> Json<RedisKeys> {
    Json(redis::patterns(app.store.namespace()))
}

/// Explain a key
///
/// Its type and when it ends, what it holds with times in words, the indexes that must name it and whether they do, and what
/// may change it next. Keys of logins are explained without what they hold. A key that is not there has the type `none`.
#[utoipa::path(
    get, path = "/redis/keys/{key}", tag = "gateway", operation_id = "redis_key",
    security(("bearer" = ["admin"])),
    params(("key" = String, Path, description = "The whole key, percent-encoded")),
    responses((status = 200, description = "The key as it is now", body = RedisKey)),
    extensions(("x-problem-codes" = json!(["validation"])))
)]
pub(crate) async fn redis_key(
    State(app): State<App>,
    Path(key): Path<String>,
) -> Result<Json<RedisKey>, Fail> {
    let namespace = app.store.namespace();
    match redis::explain(&app.store, &key).await? {
        Some(explained) => Ok(Json(explained)),
        None => Err(Fail::invalid("key", format!("keys of this namespace begin with {namespace}:"))),
    }
}

/// Look at keys quickly
///
/// At a thousand keys or for three seconds at most: types, ends, keys that belong to nothing, and records against their
/// indexes. `baton audit` proves; this looks.
#[utoipa::path(
    get, path = "/redis/check", tag = "gateway", operation_id = "redis_check",
    security(("bearer" = ["admin"])),
    responses((status = 200, description = "What was found", body = RedisCheck))
)]
pub(crate) async fn redis_check(State(app): State<App>) -> Result<Json<RedisCheck>, Fail> {
    Ok(Json(redis::check(&app.store).await?))
}

/// List the scripts
///
/// The digests are those under which SLOWLOG and MONITOR show them; calls and times are this gateway's.
#[utoipa::path(
    get, path = "/redis/scripts", tag = "gateway", operation_id = "redis_scripts",
    security(("bearer" = ["metrics:read"])),
    responses((status = 200, description = "The scripts of this release", body = RedisScripts))
)]
pub(crate) async fn redis_scripts(State(app): State<App>) -> Result<Json<RedisScripts>, Fail> {
    Ok(Json(redis::scripts(&app.store, &app.health.rendered()).await?))
}
