//! Queues in numbers; pause and resume; limits.

mod set;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use baton_api::queue::{Backlog, Queue, Queues};
use baton_auth::Action;
use baton_core::{Code, QueueName, Status};
use baton_store::calls::queue::{Paused, SetPaused};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::convert::queue::{Sum, queue};
use crate::convert::worker::{serves, slots};
use crate::extract::{Body, Caller, FromTerms, Nothing, Paging, Part, Query, QueueId, Terms, cut, with_link};
use crate::problem::Fail;
use crate::roster;

pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_queue))
        .routes(routes!(set::patch_queue))
        .routes(routes!(queue_backlog))
        .routes(routes!(pause_queue))
        .routes(routes!(resume_queue))
}

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_queues))
}

/// Which part of the queues.
pub(crate) struct QueuesQuery(Paging);

impl FromTerms for QueuesQuery {
    const KNOWN: &[&str] = &["limit", "cursor", "page", "page_size"];

    fn read(terms: &mut Terms) -> QueuesQuery {
        QueuesQuery(Paging::read(terms))
    }
}

/// List queues
#[utoipa::path(
    get, path = "/queues", tag = "queues", operation_id = "list_queues",
    security(("bearer" = ["tasks:read"])),
    params(Paging),
    responses((status = 200, description = "A page of queues, by name", body = Queues,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_queues(
    State(app): State<App>,
    caller: Caller,
    Query(QueuesQuery(paging)): Query<QueuesQuery>,
) -> Result<Response, Fail> {
    let workers = roster::workers(&app.store).await?;
    let mut sums = roster::queues(&app.store).await?;
    sums.retain(|sum| caller.grant.reads(&sum.name));
    let Part { items, next_cursor, total, page, page_size } = cut(sums, &paging, |sum| sum.name.to_string())?;
    let queues = items.iter().map(|sum| queue(sum, &workers)).collect();
    let answer = Queues { queues, next_cursor: next_cursor.clone(), total, page, page_size };
    Ok(with_link(Json(answer), &caller, &paging, next_cursor.as_deref(), total))
}

/// Read a queue
#[utoipa::path(
    get, path = "/queues/{name}", tag = "queues", operation_id = "get_queue",
    security(("bearer" = ["tasks:read"])),
    params(QueueId),
    responses((status = 200, description = "The queue", body = Queue,
               headers(("ETag" = String, description = "The version of its limits and retention")))),
    extensions(("x-problem-codes" = json!(["unknown_queue"])))
)]
pub(crate) async fn get_queue(
    State(app): State<App>,
    QueueId(name): QueueId,
    caller: Caller,
) -> Result<Response, Fail> {
    caller.grant.must_read(&name, Code::UnknownQueue)?;
    shown(&app, &name).await
}

/// As it is now, with what `If-Match` takes.
async fn shown(app: &App, name: &QueueName) -> Result<Response, Fail> {
    let sum = known(app, name).await?;
    let tag = format!("\"{}\"", sum.version);
    let shown = Json(queue(&sum, &roster::workers(&app.store).await?));
    Ok(([(header::ETAG, tag)], shown).into_response())
}

/// How much a queue has to do
///
/// For autoscalers: scale on `load`, so that busy workers count.
#[utoipa::path(
    get, path = "/queues/{name}/backlog", tag = "queues", operation_id = "get_queue_backlog",
    security(("bearer" = ["tasks:read"])),
    params(QueueId),
    responses((status = 200, description = "What waits and runs, and who is there for it", body = Backlog)),
    extensions(("x-problem-codes" = json!(["unknown_queue"])))
)]
pub(crate) async fn queue_backlog(
    State(app): State<App>,
    QueueId(name): QueueId,
    caller: Caller,
) -> Result<Json<Backlog>, Fail> {
    caller.grant.must_read(&name, Code::UnknownQueue)?;
    let sum = known(&app, &name).await?;
    let workers = roster::workers(&app.store).await?;
    let attending = workers.iter().filter(|worker| serves(worker, &name));
    Ok(Json(Backlog {
        backlog: sum.of(Status::Pending),
        load: sum.of(Status::Pending) + sum.of(Status::Running),
        oldest_age_ms: sum.oldest_pending_age_ms.unwrap_or_default(),
        workers: attending.clone().count() as u64,
        slots: attending.map(slots).sum(),
    }))
}

/// Pause a queue
///
/// Nothing is claimed from it until it is resumed; what runs goes on. A queue may be paused before its first task.
#[utoipa::path(
    post, path = "/queues/{name}/pause", tag = "queues", operation_id = "pause_queue",
    security(("bearer" = ["queues:admin"])),
    params(QueueId),
    responses((status = 200, description = "The queue as it is now", body = Queue)),
    extensions(("x-problem-codes" = json!(["unknown_queue", "payload_too_large", "unsupported_media_type"])))
)]
pub(crate) async fn pause_queue(
    State(app): State<App>,
    QueueId(name): QueueId,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Queue>, Fail> {
    caller.grant.must_in(Action::QueuesAdmin, &name)?;
    set_paused(&app, &name, true, &caller).await
}

/// Resume a queue
#[utoipa::path(
    post, path = "/queues/{name}/resume", tag = "queues", operation_id = "resume_queue",
    security(("bearer" = ["queues:admin"])),
    params(QueueId),
    responses((status = 200, description = "The queue as it is now", body = Queue)),
    extensions(("x-problem-codes" = json!(["unknown_queue", "payload_too_large", "unsupported_media_type"])))
)]
pub(crate) async fn resume_queue(
    State(app): State<App>,
    QueueId(name): QueueId,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Queue>, Fail> {
    caller.grant.must_in(Action::QueuesAdmin, &name)?;
    known(&app, &name).await?;
    set_paused(&app, &name, false, &caller).await
}

async fn set_paused(app: &App, name: &QueueName, paused: bool, caller: &Caller) -> Result<Json<Queue>, Fail> {
    let set = SetPaused { queue: name, paused, by: caller.by.as_ref() };
    for shard in app.store.shards().all() {
        match app.store.set_paused(shard, &set).await? {
            Paused::Since(_) | Paused::Resumed => {}
            Paused::Refused(refused) => return Err(refused.into()),
        }
    }
    let sum = known(app, name).await?;
    Ok(Json(queue(&sum, &roster::workers(&app.store).await?)))
}

async fn known(app: &App, name: &QueueName) -> Result<Sum, Fail> {
    roster::queue(&app.store, name).await?.ok_or_else(|| Fail::new(Code::UnknownQueue))
}
