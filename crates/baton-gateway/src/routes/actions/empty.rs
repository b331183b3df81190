//! What becomes of a whole queue: drained, it comes to rest with everything that waits in it; purged, it is empty.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use baton_api::operation::{Drained, Operation, Purge, TaskFilter};
use baton_auth::Action;
use baton_core::operation::Act;
use baton_core::{Code, QueueName, Status};
use baton_store::calls::queue::{Paused, SetPaused};

use super::begin::{Wish, begin};
use crate::app::App;
use crate::bulk::Plan;
use crate::extract::{Body, Caller, FromTerms, IdempotencyKey, Key, Nothing, Query, QueueId, Terms};
use crate::hold::{self, Hold, Prefer};
use crate::problem::Fail;
use crate::roster;

/// How often a request that waits looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// For how long to wait.
pub(crate) struct DrainQuery {
    wait: Option<u64>,
}

impl FromTerms for DrainQuery {
    const KNOWN: &[&str] = &["wait"];

    fn read(terms: &mut Terms) -> DrainQuery {
        DrainQuery { wait: hold::wait(terms) }
    }
}

/// Drain a queue
///
/// It is paused: nothing more of it is handed out, and what runs goes on to its end. New tasks are taken and wait. With
/// `Prefer: wait=N` the answer comes when nothing runs any more. The way back is to resume it.
#[utoipa::path(
    post, path = "/queues/{name}/drain", tag = "queues", operation_id = "drain_queue",
    security(("bearer" = ["queues:admin"])),
    params(
        QueueId,
        ("wait" = Option<u64>, Query, description = "The same as Prefer: wait=N", minimum = 0, maximum = 86_400),
        ("Prefer" = Option<String>, Header, description = "wait=N: for up to N seconds, until nothing runs any more"),
    ),
    responses((status = 200, description = "What still runs, and what waits", body = Drained)),
    extensions(("x-problem-codes" = json!([
        "unknown_queue", "payload_too_large", "unsupported_media_type", "overloaded",
    ])))
)]
pub(crate) async fn drain_queue(
    State(app): State<App>,
    QueueId(name): QueueId,
    Query(query): Query<DrainQuery>,
    prefer: Prefer,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Fail> {
    caller.grant.must_in(Action::QueuesAdmin, &name)?;
    look(&app, &name).await?;
    let hold = Hold::begin(&app, query.wait, prefer, &caller.grant)?;
    let set = SetPaused { queue: &name, paused: true, by: caller.by.as_ref() };
    for shard in app.store.shards().all() {
        if let Paused::Refused(refused) = app.store.set_paused(shard, &set).await? {
            return Err(refused.into());
        }
    }
    loop {
        let drained = look(&app, &name).await?;
        if drained.drained || hold.is_over(&app) {
            return Ok(hold.applied(Json(drained)));
        }
        hold.until(&app, LOOK_EVERY, std::future::pending()).await?;
    }
}

async fn look(app: &App, name: &QueueName) -> Result<Drained, Fail> {
    let sum = roster::queue(&app.store, name).await?.ok_or_else(|| Fail::new(Code::UnknownQueue))?;
    let (running, pending) = (sum.of(Status::Running), sum.of(Status::Pending));
    Ok(Drained { queue: name.clone(), drained: running == 0, running, pending })
}

/// Purge a queue
///
/// Everything of it that has not ended is cancelled, as an operation; what waits for it is dealt with as its policy says. What
/// has ended stays. New tasks are taken: pause the queue first if they are not to be run.
#[utoipa::path(
    post, path = "/queues/{name}/purge", tag = "queues", operation_id = "purge_queue",
    security(("bearer" = ["queues:admin"])),
    params(QueueId, IdempotencyKey),
    request_body = Purge,
    responses(
        (status = 200, description = "The operation, which is over", body = Operation),
        (status = 202, description = "The operation, which goes on", body = Operation,
         headers(("Location" = String, description = "Where the operation is"))),
    ),
    extensions(("x-problem-codes" = json!(["unknown_queue", "conflict", "idempotency_mismatch"])))
)]
pub(crate) async fn purge_queue(
    State(app): State<App>,
    QueueId(name): QueueId,
    caller: Caller,
    Key(op): Key,
    Body(asked): Body<Purge>,
) -> Result<Response, Fail> {
    caller.grant.must_in(Action::QueuesAdmin, &name)?;
    look(&app, &name).await?;
    if asked.confirm != name.as_str() {
        return Err(Fail::invalid("/confirm", format!("say the name of the queue once more: {name}")));
    }
    let filter = TaskFilter { queue: vec![name.clone()], ..TaskFilter::default() };
    let plan = Plan::new(Act::Cancel, None, Vec::new(), filter).map_err(|_| Fail::new(Code::Internal))?;
    begin(&app, &caller, Wish { plan, queues: vec![name], reason: &asked.reason, op: op.as_ref() }).await
}
