//! Workers: one for all shards, put together from its record in each.

use std::collections::BTreeMap;

use baton_api::Timestamp;
use baton_api::health::WorkerCounts;
use baton_api::worker::{Directive, State, Worker};
use baton_core::{QueueName, limits};
use baton_store::calls::worker as stored;

/// A worker counts as living for this long after its last sign of life, also where its lease is shorter.
const QUIET_MS_MAX: u64 = 60_000;

/// The record of a worker in one shard, and Redis's time when it was read.
pub(crate) type Record = (u64, stored::Worker);

/// One worker out of its records; `None` if there are none. The record that was renewed last speaks for it.
pub(crate) fn worker(records: Vec<Record>) -> Option<Worker> {
    let heard =
        |(_, record): &Record| record.lease_until_ms.map(|until| until.saturating_sub(record.lease.ms()));
    let holds = records.iter().map(|(_, record)| record.holds).sum();
    let registered_ms = records.iter().map(|(_, record)| record.registered_ms).min()?;
    let directive = records.iter().find_map(|(_, record)| record.directive).map(directive);
    let (now_ms, latest) =
        records.into_iter().max_by_key(|record| (record.1.boot.is_some(), heard(record)))?;
    let age_ms = heard(&(now_ms, latest.clone())).map(|heard_ms| now_ms.saturating_sub(heard_ms));
    let alive = latest.boot.is_some() && age_ms.is_some_and(|age| age < QUIET_MS_MAX.max(latest.lease.ms()));
    let mut about = latest.about;
    Some(Worker {
        state: state(alive, directive, holds),
        boot: latest.boot.map(|boot| boot.to_string()),
        holds,
        slots: number(take(&mut about, "slots")),
        queues: list(take(&mut about, "queues")),
        kinds: list(take(&mut about, "kinds")),
        lease_ms: latest.lease.ms(),
        lease_expires_at: latest.lease_until_ms.filter(|_| alive).map(Timestamp::from_ms),
        registered_at: Timestamp::from_ms(registered_ms),
        heartbeat_age_ms: age_ms,
        directive,
        host: take(&mut about, "host"),
        pid: take(&mut about, "pid"),
        version: take(&mut about, "version"),
        pool: take(&mut about, "pool"),
        done: number(take(&mut about, "done")),
        failed: number(take(&mut about, "failed")),
        ended: take(&mut about, "ended"),
        tasks: Vec::new(),
        about,
        id: latest.id,
    })
}

fn state(alive: bool, directive: Option<Directive>, holds: u64) -> State {
    match (alive, directive, holds) {
        (false, _, _) => State::Offline,
        (true, Some(_), _) => State::Quiet,
        (true, None, 0) => State::Idle,
        (true, None, _) => State::Busy,
    }
}

fn take(about: &mut BTreeMap<String, String>, name: &str) -> Option<String> {
    about.remove(name).filter(|value| !value.is_empty())
}

fn number(text: Option<String>) -> Option<u64> {
    text?.parse().ok()
}

fn list(text: Option<String>) -> Vec<String> {
    text.iter().flat_map(|text| text.split(',')).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn directive(directive: stored::Directive) -> Directive {
    match directive {
        stored::Directive::Quiet => Directive::Quiet,
        stored::Directive::Stop => Directive::Stop,
    }
}

pub(crate) fn directives(given: Option<stored::Directive>) -> Vec<Directive> {
    given.into_iter().map(directive).collect()
}

/// Does it claim from this queue? One that never said from which ones may claim from any.
pub(crate) fn serves(worker: &Worker, queue: &QueueName) -> bool {
    worker.state != State::Offline
        && worker.state != State::Quiet
        && (worker.queues.is_empty() || worker.queues.iter().any(|name| name == queue.as_str()))
}

/// Workers by state.
pub(crate) fn counts<'a>(workers: impl IntoIterator<Item = &'a Worker>) -> WorkerCounts {
    let mut counts = WorkerCounts::default();
    for worker in workers {
        counts.total += 1;
        *match worker.state {
            State::Idle => &mut counts.idle,
            State::Busy => &mut counts.busy,
            State::Quiet => &mut counts.quiet,
            State::Offline => &mut counts.offline,
        } += 1;
    }
    counts
}

/// How many tasks it can hold at once, as far as it said.
pub(crate) fn slots(worker: &Worker) -> u64 {
    worker.slots.unwrap_or(1).min(limits::HELD_TASKS_MAX)
}
