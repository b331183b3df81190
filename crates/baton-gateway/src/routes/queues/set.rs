//! `PATCH /queues/{name}`: limits and retention.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use baton_api::queue::{PatchQueue, Queue};
use baton_auth::Action;
use baton_core::Code;
use baton_core::queue::RuleError;
use baton_store::calls::queue::{QueueSet, SetQueue};

use crate::app::App;
use crate::convert::queue::{Sum, kept, rules};
use crate::extract::{Body, Caller, QueueId, if_match};
use crate::problem::Fail;
use crate::roster;

/// How often a change is tried that others come before.
const TRIES: u32 = 5;

/// Set what a queue allows
///
/// How many of its tasks run at once, how many start in a time, the same for each group, in which order; and how long what has
/// ended is kept. What is left out stays as it is; null takes a limit away. It holds from the next claim on, over all gateways and
/// workers; what runs goes on. A queue may be set before its first task.
#[utoipa::path(
    patch, path = "/queues/{name}", tag = "queues", operation_id = "patch_queue",
    security(("bearer" = ["queues:admin"])),
    params(
        QueueId,
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 if the queue has another one by now"),
    ),
    request_body = PatchQueue,
    responses((status = 200, description = "The queue as it is now", body = Queue,
               headers(("ETag" = String, description = "The version of its limits and retention")))),
    extensions(("x-problem-codes" = json!(["stale_version", "conflict", "payload_too_large", "unsupported_media_type"])))
)]
pub(crate) async fn patch_queue(
    State(app): State<App>,
    QueueId(name): QueueId,
    caller: Caller,
    headers: HeaderMap,
    Body(patch): Body<PatchQueue>,
) -> Result<Response, Fail> {
    caller.grant.must_in(Action::QueuesAdmin, &name)?;
    if serde_json::to_value(&patch).is_ok_and(|patch| patch == serde_json::json!({})) {
        return Err(Fail::invalid("", "say what is to be otherwise"));
    }
    for _ in 0..TRIES {
        let sum = roster::queue(&app.store, &name).await?.unwrap_or_else(|| Sum::new(name.clone()));
        let named = must_match(&headers, sum.version)?;
        match set(&app, &sum, &patch, &caller).await? {
            QueueSet::Stale { version } if named => return Err(outdated(version)),
            QueueSet::Stale { .. } => {}
            QueueSet::Refused(refused) => return Err(refused.into()),
            QueueSet::Done { .. } => return super::shown(&app, &name).await,
        }
    }
    Err(Fail::new(Code::Conflict).because("Others set the queue at this moment. Ask again."))
}

/// The first shard decides whether the version stands; the others follow it.
async fn set(app: &App, sum: &Sum, patch: &PatchQueue, caller: &Caller) -> Result<QueueSet, Fail> {
    let (rules, retention) = (rules(&patch.limits(&sum.limits())), kept(&patch.retention(&sum.retention())));
    let shards = app.store.shards();
    rules.check(u64::from(shards.get())).and_then(|()| retention.check()).map_err(wrong)?;
    let mut set = SetQueue {
        queue: &sum.name,
        rules: Some(&rules),
        retention: Some(&retention),
        version: Some(sum.version),
        by: caller.by.as_ref(),
    };
    let mut answer = QueueSet::Done { version: sum.version };
    for shard in shards.all() {
        answer = app.store.set_queue(shard, &set).await?;
        if !matches!(answer, QueueSet::Done { .. }) {
            break;
        }
        set.version = None;
    }
    Ok(answer)
}

fn wrong(error: RuleError) -> Fail {
    let pointer = match error.what {
        "a retention" => "/retention".to_owned(),
        what => format!("/{}", what.replace('.', "/")),
    };
    Fail::invalid(&pointer, error.problem)
}

/// Whether the client named the version that stands.
fn must_match(headers: &HeaderMap, version: u64) -> Result<bool, Fail> {
    match if_match(headers, version) {
        Some(false) => Err(outdated(version)),
        named => Ok(named.is_some()),
    }
}

fn outdated(version: u64) -> Fail {
    let detail = format!("The queue has version {version} by now. {}", Code::StaleVersion.advice());
    Fail::new(Code::StaleVersion).because(detail)
}
