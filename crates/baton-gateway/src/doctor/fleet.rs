//! How the fleet does: clocks, queues without a worker, kinds without a handler, versions.

use std::collections::{BTreeMap, BTreeSet};

use baton_api::worker::{State, Worker};
use baton_core::doctor::{Check, Finding};
use baton_core::{QueueName, Shard, Status};
use baton_store::calls::task::{Index, List, Order, Start};
use baton_store::{Error, Store};

use super::within;
use crate::convert::queue::Sum;
use crate::convert::worker::serves;
use crate::{clock, roster};

const CLOCK: Check = Check::new("fleet", "clock");
const UNATTENDED: Check = Check::new("fleet", "unattended_queues");
const UNHANDLED: Check = Check::new("fleet", "unhandled_kinds");
const VERSIONS: Check = Check::new("fleet", "worker_versions");

pub(super) const CHECKS: [Check; 4] = [CLOCK, UNATTENDED, UNHANDLED, VERSIONS];

/// Clocks of gateways and Redis differ by no more, or tokens are taken for old.
const SKEW_MS: (u64, u64) = (5_000, 30_000);
/// Queues and shards whose waiting tasks are looked at, and tasks of each.
const QUEUES: usize = 20;
const SHARDS: usize = 8;
const TASKS: u64 = 20;
/// Names that are told.
const NAMED: usize = 5;

pub(super) async fn look(store: &Store) -> Vec<Finding> {
    let seen = async { Ok::<_, Error>((roster::workers(store).await?, roster::queues(store).await?)) };
    let (clock, seen) =
        tokio::join!(within(CLOCK, clock(store)), tokio::time::timeout(super::PATIENCE, seen));
    let Ok(Ok((workers, queues))) = seen else {
        let missing = |check: &Check| {
            check.unknown("workers and queues could not be read", "ask again; if it stays so, look at Redis")
        };
        return std::iter::once(clock).chain(CHECKS.iter().skip(1).map(missing)).collect();
    };
    let kinds = within(UNHANDLED, unhandled(store, &queues, &workers)).await;
    vec![clock, unattended(&queues, &workers), kinds, versions(&workers)]
}

async fn clock(store: &Store) -> Result<Finding, Error> {
    let before = clock::now_ms();
    let theirs = store.clock_ms().await?;
    let ours = before.midpoint(clock::now_ms());
    Ok(judge_clock(ours as i64 - theirs as i64))
}

fn judge_clock(ms: i64) -> Finding {
    let side = if ms < 0 { "behind" } else { "ahead of" };
    let found = format!("the clock of this host is {} ms {side} that of Redis", ms.unsigned_abs());
    let advice = "let both hosts follow a time server; leases are safe, they only know Redis's clock, but tokens are checked against ours";
    match ms.unsigned_abs() {
        off if off > SKEW_MS.1 => CLOCK.fail(found, advice),
        off if off > SKEW_MS.0 => CLOCK.warn(found, advice),
        _ => CLOCK.ok(found),
    }
}

fn pending(queue: &Sum) -> u64 {
    queue.tasks.get(&Status::Pending).copied().unwrap_or_default()
}

fn unattended(queues: &[Sum], workers: &[Worker]) -> Finding {
    let alone = |queue: &&Sum| {
        pending(queue) > 0
            && queue.paused_ms.is_none()
            && !workers.iter().any(|worker| serves(worker, &queue.name))
    };
    let alone: Vec<&Sum> = queues.iter().filter(alone).collect();
    let Some(first) = alone.first() else {
        return UNATTENDED
            .ok(format!("none of {} queues waits for a worker that is not there", queues.len()));
    };
    let names = alone.iter().take(NAMED).map(|queue| format!("{} ({} pending)", queue.name, pending(queue)));
    let more = if alone.len() > NAMED { ", …" } else { "" };
    UNATTENDED.fail(
        format!("work and no live worker: {}{more}", names.collect::<Vec<_>>().join(", ")),
        format!("baton worker run --queues {}", first.name),
    )
}

/// Kinds of tasks at the head of what waits, that no live worker of their queue has a handler for.
async fn unhandled(store: &Store, queues: &[Sum], workers: &[Worker]) -> Result<Finding, Error> {
    let (mut looked, mut found) = (0, BTreeMap::<String, BTreeSet<String>>::new());
    for shard in store.shards().all().take(SHARDS) {
        let waiting = queues.iter().filter(|queue| pending(queue) > 0).take(QUEUES);
        let indexes =
            waiting.map(|queue| Index::Queue(&queue.name, Status::Pending)).chain([Index::Scheduled(None)]);
        for index in indexes {
            for (queue, kind) in heads(store, shard, index).await? {
                looked += 1;
                if is_unhandled(workers, &queue, &kind) {
                    found.entry(kind).or_default().insert(queue.to_string());
                }
            }
        }
    }
    let Some(first) = found.keys().next() else {
        return Ok(UNHANDLED.ok(format!("none, of {looked} waiting tasks looked at")));
    };
    let advice = format!(
        "start a worker with a handler for {first}; `baton worker ls -o wide` shows what each handles"
    );
    let names = found.iter().take(NAMED).map(|(kind, queues)| {
        format!("{kind} in {}", queues.iter().cloned().collect::<Vec<_>>().join(" and "))
    });
    let more = if found.len() > NAMED { ", …" } else { "" };
    Ok(UNHANDLED
        .warn(format!("no live worker handles {}{more}", names.collect::<Vec<_>>().join(", ")), advice))
}

async fn heads(store: &Store, shard: Shard, index: Index<'_>) -> Result<Vec<(QueueName, String)>, Error> {
    let list = List { index, order: Order::Up, start: Start::default(), limit: TASKS };
    let tasks = store.list(shard, &list).await?.tasks;
    Ok(tasks.into_iter().map(|task| (task.queue, task.kind.to_string())).collect())
}

/// A queue without any worker is told of elsewhere.
fn is_unhandled(workers: &[Worker], queue: &QueueName, kind: &str) -> bool {
    let mut attending = workers.iter().filter(|worker| serves(worker, queue)).peekable();
    attending.peek().is_some()
        && !attending.any(|worker| worker.kinds.is_empty() || worker.kinds.iter().any(|known| known == kind))
}

fn versions(workers: &[Worker]) -> Finding {
    let live: Vec<&Worker> = workers.iter().filter(|worker| worker.state != State::Offline).collect();
    let mut versions: BTreeMap<&str, u64> = BTreeMap::new();
    for version in live.iter().filter_map(|worker| worker.version.as_deref()) {
        *versions.entry(version).or_default() += 1;
    }
    let told = versions.iter().take(NAMED).map(|(version, count)| format!("{version} ({count})"));
    let told = told.collect::<Vec<_>>().join(", ");
    match versions.len() {
        0 if live.is_empty() => VERSIONS.ok("no live worker"),
        0 => VERSIONS.ok(format!("{} live workers, none of which says its version", live.len())),
        1 => VERSIONS.ok(told),
        _ => VERSIONS.warn(
            format!("live workers of several versions: {told}"),
            "finish the rollout; `baton worker ls -o wide` shows who is behind",
        ),
    }
}

#[cfg(test)]
mod tests {
    use baton_core::doctor::Verdict;

    use super::*;

    fn worker(number: u32, version: &str, kinds: &str, state: &str) -> Worker {
        let text = format!(
            r#"{{"id":"worker-{number:03}-a","state":"{state}","holds":0,"slots":1,"lease_ms":1,"kinds":{kinds},
                "version":"{version}","registered_at":"2026-01-01T00:00:00Z"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn clocks_that_differ_are_told_with_their_direction() {
        assert_eq!(judge_clock(-40).verdict, Verdict::Ok);
        let warned = judge_clock(6_000);
        assert!(warned.verdict == Verdict::Warn && warned.found.contains("6000 ms ahead of"), "{warned:?}");
        assert_eq!(judge_clock(-31_000).verdict, Verdict::Fail);
    }

    #[test]
    fn versions_of_those_that_live_are_compared() {
        let one = [worker(1, "1.0", "[]", "idle"), worker(2, "0.9", "[]", "offline")];
        assert_eq!(versions(&one).verdict, Verdict::Ok);
        let two = [worker(1, "1.0", "[]", "idle"), worker(2, "0.9", "[]", "busy")];
        assert_eq!(versions(&two).found, "live workers of several versions: 0.9 (1), 1.0 (1)");
    }

    #[test]
    fn a_kind_is_unhandled_only_where_somebody_attends() {
        let queue = QueueName::new("default").unwrap();
        let knows = [worker(1, "1", r#"["echo"]"#, "idle")];
        assert!(is_unhandled(&knows, &queue, "other") && !is_unhandled(&knows, &queue, "echo"));
        assert!(!is_unhandled(&[worker(1, "1", "[]", "idle")], &queue, "other"));
        assert!(!is_unhandled(&[], &queue, "other"));
    }
}
