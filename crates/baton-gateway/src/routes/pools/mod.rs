//! Pools of workers: how large they are to be, and how they do. Their supervisors follow with their next heartbeats.

mod internal;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_api::pool::{Pool, Pools, PutPool};
use baton_core::{Code, PoolName, Principal, Refusal, limits};
use baton_store::calls::pool::{PoolSet, Removed, SetPool};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{
    Body, Caller, FromTerms, NewPool, Paging, Part, PoolPath, Query, Terms, cut, with_link,
};
use crate::problem::Fail;
use crate::roster;

pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_pool, put_pool, remove_pool)).merge(internal::routes())
}

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_pools))
}

/// Which part of the pools.
pub(crate) struct PoolsQuery(Paging);

impl FromTerms for PoolsQuery {
    const KNOWN: &[&str] = &["limit", "cursor", "page", "page_size"];

    fn read(terms: &mut Terms) -> PoolsQuery {
        PoolsQuery(Paging::read(terms))
    }
}

/// List pools
#[utoipa::path(
    get, path = "/pools", tag = "pools", operation_id = "list_pools",
    security(("bearer" = ["workers:read"])),
    params(Paging),
    responses((status = 200, description = "A page of pools, by name", body = Pools,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_pools(
    State(app): State<App>,
    caller: Caller,
    Query(PoolsQuery(paging)): Query<PoolsQuery>,
) -> Result<Response, Fail> {
    let pools = roster::pools(&app.store, &roster::workers(&app.store).await?).await?;
    let Part { items, next_cursor, total, page, page_size } =
        cut(pools, &paging, |pool| pool.name.to_string())?;
    let answer = Pools { pools: items, next_cursor: next_cursor.clone(), total, page, page_size };
    Ok(with_link(Json(answer), &caller, &paging, next_cursor.as_deref(), total))
}

/// Read a pool
#[utoipa::path(
    get, path = "/pools/{name}", tag = "pools", operation_id = "get_pool",
    security(("bearer" = ["workers:read"])),
    params(PoolPath),
    responses((status = 200, description = "The pool, and who attends to it", body = Pool)),
    extensions(("x-problem-codes" = json!(["unknown_pool"])))
)]
pub(crate) async fn get_pool(State(app): State<App>, PoolPath(name): PoolPath) -> Result<Json<Pool>, Fail> {
    found(&app, &name).await.map(Json)
}

/// Say what a pool is to be
///
/// How many workers it is to have, on all hosts together, and whether it runs. Its supervisors follow within a second or two:
/// what is too many ends when it has finished what it holds. `running: true` also lets begin anew what was given up. A pool
/// may get a size before anybody attends to it.
#[utoipa::path(
    put, path = "/pools/{name}", tag = "pools", operation_id = "put_pool",
    security(("bearer" = ["workers:admin"])),
    params(NewPool),
    request_body = PutPool,
    responses(
        (status = 200, description = "The pool as it is now", body = Pool),
        (status = 201, description = "It is new", body = Pool,
         headers(("Location" = String, description = "Where the pool is"))),
    ),
    extensions(("x-problem-codes" = json!(["unknown_pool"])))
)]
pub(crate) async fn put_pool(
    State(app): State<App>,
    NewPool(name): NewPool,
    caller: Caller,
    Body(put): Body<PutPool>,
) -> Result<Response, Fail> {
    if put == PutPool::default() {
        return Err(Fail::invalid("", "say how many workers are desired, or whether it is to run, or both"));
    }
    if let Some(desired) = put.desired {
        check(desired, "/desired")?;
    }
    let (created, pool) = set(&app, &name, put, caller.by.as_ref()).await?;
    if !created {
        return Ok(Json(pool).into_response());
    }
    let location = format!("/api/v1/pools/{name}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(pool)).into_response())
}

/// Forget a pool
///
/// Only one to which nobody attends: end its supervisors first.
#[utoipa::path(
    delete, path = "/pools/{name}", tag = "pools", operation_id = "remove_pool",
    security(("bearer" = ["workers:admin"])),
    params(PoolPath),
    responses((status = 204, description = "It is forgotten")),
    extensions(("x-problem-codes" = json!(["unknown_pool", "conflict"])))
)]
pub(crate) async fn remove_pool(
    State(app): State<App>,
    PoolPath(name): PoolPath,
    caller: Caller,
) -> Result<StatusCode, Fail> {
    match app.store.remove_pool(&name, caller.by.as_ref()).await? {
        Removed::Done => Ok(StatusCode::NO_CONTENT),
        Removed::Refused(refused) if refused.refusal == Refusal::Conflict => {
            let attending = refused.detail.unwrap_or_default();
            Err(Fail::new(Code::Conflict).because(format!(
                "Supervisors that attend to it: {attending}. End these first; `baton pool get {name}` says where they are. \
                 To have no workers for a while, stop the pool instead."
            )))
        }
        Removed::Refused(refused) => Err(refused.into()),
    }
}

async fn found(app: &App, name: &PoolName) -> Result<Pool, Fail> {
    roster::pool(&app.store, name).await?.ok_or_else(|| Fail::new(Code::UnknownPool))
}

/// Sets it; answers whether it is new, and how it is now.
async fn set(app: &App, name: &PoolName, put: PutPool, by: Option<&Principal>) -> Result<(bool, Pool), Fail> {
    let set = SetPool { pool: name, desired: put.desired, running: put.running, by };
    match app.store.set_pool(&set).await? {
        PoolSet::Done { created } => Ok((created, found(app, name).await?)),
        PoolSet::Refused(refused) => Err(refused.into()),
    }
}

/// A size that a pool may have.
fn check(desired: u64, pointer: &str) -> Result<u64, Fail> {
    let max = limits::POOL_WORKERS_MAX;
    if desired <= max {
        Ok(desired)
    } else {
        Err(Fail::invalid(pointer, format!("{desired} is not between 0 and {max}")))
    }
}
