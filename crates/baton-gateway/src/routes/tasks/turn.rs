//! What keeps a pending task from its turn, in a sentence. The first of these that is so is said: what would have to change
//! before the next could matter.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_api::Timestamp;
use baton_api::task::Task;
use baton_api::worker::{State, Worker};
use baton_core::{QueueName, Status, limits};
use baton_service::config::Span;
use baton_store::Store;
use baton_store::calls::task::{Index, List, Order, Start};
use baton_store::record::Task as Stored;
use futures_util::future::try_join_all;

use super::explain::{Said, said};
use crate::convert::queue::Sum;
use crate::convert::worker::serves;
use crate::problem::Fail;

/// So many of the latest acts are looked through for who paused a queue.
const TRAIL: u64 = 100;
/// So many running tasks of a shard are looked at for who holds a limit, and so many pending ones for a place among them.
const LOOKED_AT: u64 = 100;
/// Workers that are named.
const NAMED_MAX: usize = 3;

pub(super) fn attending<'a>(task: &Task, workers: &'a [Worker]) -> Vec<&'a Worker> {
    workers.iter().filter(|worker| serves(worker, &task.queue)).collect()
}

pub(super) async fn pending(
    store: &Store,
    task: &Task,
    queue: Option<&Sum>,
    workers: &[Worker],
) -> Result<Said, Fail> {
    let name = &task.queue;
    if let Some(since_ms) = queue.and_then(|queue| queue.paused_ms) {
        let by = paused_by(store, name).await?.map_or(String::new(), |by| format!(" by {by}"));
        let sentence = format!("The queue {name} was paused{by} at {}.", Timestamp::from_ms(since_ms));
        return Ok(said("queue_paused", sentence, Some(format!("baton queue resume {name}"))));
    }
    let attending = attending(task, workers);
    if attending.is_empty() {
        let action = format!("baton worker run --queues {name}");
        return Ok(said("no_worker", format!("No live worker claims from the queue {name}."), Some(action)));
    }
    if let Some(unhandled) = unhandled(task, &attending) {
        return Ok(unhandled);
    }
    if let Some(queue) = queue
        && let Some(limited) = limited(store, task, queue).await?
    {
        return Ok(limited);
    }
    let turn = waiting(store, task, &attending).await?;
    if store.server().await?.is_full() {
        let sentence =
            format!("Redis is full: it takes no new task; those that it has still run. {}", turn.sentence);
        return Ok(said("redis_full", sentence, Some("redis-cli CONFIG SET maxmemory <more>".to_owned())));
    }
    Ok(turn)
}

/// Nobody who claims from its queue has a handler for its kind.
pub(super) fn unhandled(task: &Task, attending: &[&Worker]) -> Option<Said> {
    let (name, kind) = (&task.queue, &task.kind);
    let handles =
        |worker: &&Worker| worker.kinds.is_empty() || worker.kinds.iter().any(|known| known == kind.as_str());
    if attending.is_empty() || attending.iter().any(handles) {
        return None;
    }
    let mut known: Vec<&str> =
        attending.iter().flat_map(|worker| &worker.kinds).map(String::as_str).collect();
    known.sort_unstable();
    known.dedup();
    known.truncate(20);
    let sentence = format!(
        "No live worker handles the kind {kind}; those of the queue {name} handle {}.",
        known.join(", ")
    );
    Some(said("kind_unhandled", sentence, Some("baton worker ls -o wide".to_owned())))
}

/// Whoever paused it last, as far as the trail goes back.
async fn paused_by(store: &Store, queue: &QueueName) -> Result<Option<String>, Fail> {
    let trail = store.trail(None, TRAIL).await?;
    let of_it = trail.into_iter().find(|entry| {
        matches!(entry.action.as_str(), "pause_queue" | "drain_queue")
            && entry.subject.as_deref() == Some(queue.as_str())
    });
    Ok(of_it.and_then(|entry| entry.by))
}

/// As much of the queue has started as its limits allow.
async fn limited(store: &Store, task: &Task, queue: &Sum) -> Result<Option<Said>, Fail> {
    let (name, limits) = (&task.queue, queue.limits());
    let running = queue.of(Status::Running);
    if let Some(most) = limits.concurrency.filter(|most| running >= *most) {
        let (_, holders) = holders(store, task, |_| true).await?;
        let (tasks, run) = counted(running);
        let sentence =
            format!("{running} {tasks} of the queue {name} {run}, as many as its limit allows{holders}.");
        let action = format!("baton queue set {name} --concurrency {}", 2 * most);
        return Ok(Some(said("limit_reached", sentence, Some(action))));
    }
    if let Some(rate) = limits.rate.filter(|rate| queue.starts >= rate.count) {
        let (tasks, _) = counted(queue.starts);
        let sentence = format!(
            "{} {tasks} of the queue {name} started in the last {}, as many as its rate allows.",
            queue.starts,
            Span(Duration::from_millis(rate.per_ms))
        );
        return Ok(Some(said("limit_reached", sentence, Some(format!("baton queue get {name}")))));
    }
    let Some((group, most)) = task.group.as_ref().zip(limits.group_concurrency) else { return Ok(None) };
    let (held, holders) =
        holders(store, task, |other| other.group.as_ref().is_some_and(|of| of.as_str() == group.as_str()))
            .await?;
    // Where more run than are looked at, it is so if any wait because of it.
    if held < most && (held < LOOKED_AT || queue.waiting == 0) {
        return Ok(None);
    }
    let (tasks, run) = counted(most);
    let sentence =
        format!("At most {most} {tasks} of the group {group} of the queue {name} {run} at once{holders}.");
    Ok(Some(said("group_limit", sentence, Some(format!("baton queue get {name}")))))
}

/// `1 task runs`, `2 tasks run`.
fn counted(many: u64) -> (&'static str, &'static str) {
    if many == 1 { ("task", "runs") } else { ("tasks", "run") }
}

/// How many such tasks of its queue run, and who runs them: `: worker-001-a holds 2, worker-002-b holds 1`.
async fn holders(
    store: &Store,
    task: &Task,
    counts: impl Fn(&Stored) -> bool,
) -> Result<(u64, String), Fail> {
    let shards = store.shards().all();
    let read =
        shards.map(|shard| store.list_running(shard, Some(&task.queue), Default::default(), LOOKED_AT));
    let pages = try_join_all(read).await?;
    let mut held: BTreeMap<String, u64> = BTreeMap::new();
    for other in pages.iter().flat_map(|page| &page.tasks).filter(|other| counts(other)) {
        let worker = other.run.iter().map(|run| run.worker.to_string());
        worker.for_each(|worker| *held.entry(worker).or_default() += 1);
    }
    let named: Vec<String> =
        held.iter().take(NAMED_MAX).map(|(worker, count)| format!("{worker} holds {count}")).collect();
    let others = held.len().saturating_sub(NAMED_MAX);
    let more = if others > 0 { format!(", and {others} more workers") } else { String::new() };
    let text = if named.is_empty() { String::new() } else { format!(": {}{more}", named.join(", ")) };
    Ok((held.values().sum(), text))
}

/// Nothing keeps it but those before it.
async fn waiting(store: &Store, task: &Task, attending: &[&Worker]) -> Result<Said, Fail> {
    let (name, ahead) = (&task.queue, ahead(store, task).await?);
    let first = Some(format!("baton task reprioritise {} 9", task.id));
    let action = if ahead == "No task is" { None } else { first };
    if attending.iter().all(|worker| worker.state == State::Busy) {
        let workers = match attending.len() {
            1 => "The only worker".to_owned(),
            many => format!("All {many} workers"),
        };
        let verb = if attending.len() == 1 { "is" } else { "are" };
        let sentence = format!("{workers} of the queue {name} {verb} busy. {ahead} ahead of it.");
        return Ok(said("workers_busy", sentence, action));
    }
    Ok(said("waiting", format!("It waits for its turn in the queue {name}. {ahead} ahead of it."), action))
}

/// How many tasks of its queue are claimed before it. Each shard has an order of its own, and they are claimed from in turns.
async fn ahead(store: &Store, task: &Task) -> Result<String, Fail> {
    let list = List {
        index: Index::Queue(&task.queue, Status::Pending),
        order: Order::Up,
        start: Start::default(),
        limit: LOOKED_AT.min(limits::PAGE_MAX),
    };
    let page = store.list(task.id.shard(), &list).await?;
    let shards = u64::from(store.shards().get());
    let about = if shards > 1 { "About " } else { "" };
    Ok(match page.tasks.iter().position(|other| other.id == task.id).map(|at| at as u64 * shards) {
        Some(0) => "No task is".to_owned(),
        Some(1) => "1 task is".to_owned(),
        Some(many) => format!("{about}{many} tasks are"),
        None => format!("At least {} tasks are", page.tasks.len() as u64),
    })
}
