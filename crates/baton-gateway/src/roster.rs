//! Workers and queues, put together from all shards.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use baton_api::pool::Pool;
use baton_api::worker::Worker;
use baton_core::webhook::WebhookState;
use baton_core::{Boot, Code, Fingerprint, PoolName, QueueName, Shard, TaskId, WorkerId, limits};
use baton_store::calls::error::ErrorGroup;
use baton_store::calls::kind::Declared;
use baton_store::calls::queue::QueueCounts;
use baton_store::calls::schedule::Schedule;
use baton_store::{Error, Store};
use futures_util::future::try_join_all;

use crate::convert::queue::Sum;
use crate::convert::worker::{self, Record};
use crate::convert::{error_group, pool};
use crate::problem::Fail;

/// Workers of one shard that are looked at; a fleet of more has been started by mistake.
const WORKERS_MAX: u64 = 10_000;

/// Pools that are read at a time: each may have hundreds of supervisors.
const POOLS_PER_CALL: u64 = 20;

/// Every worker that is remembered, by id.
pub(crate) async fn workers(store: &Store) -> Result<Vec<Worker>, Error> {
    let mut records: BTreeMap<WorkerId, Vec<Record>> = BTreeMap::new();
    for shard in store.shards().all() {
        let mut first = 0;
        loop {
            let page = store.workers(shard, first, limits::PAGE_MAX).await?;
            let read = page.workers.len() as u64;
            for record in page.workers {
                records.entry(record.id.clone()).or_default().push((page.now_ms, record));
            }
            first += read;
            if read == 0 || first >= page.total.min(WORKERS_MAX) {
                break;
            }
        }
    }
    Ok(records.into_values().filter_map(worker::worker).collect())
}

/// Every pool, by name.
pub(crate) async fn pools(store: &Store, workers: &[Worker]) -> Result<Vec<Pool>, Error> {
    let mut found = BTreeMap::new();
    let mut first = 0;
    loop {
        let page = store.pools(first, POOLS_PER_CALL).await?;
        let read = page.pools.len() as u64;
        for stored in page.pools {
            found.insert(stored.name.clone(), pool::pool(stored, page.now_ms, workers));
        }
        first += read;
        if read == 0 || first >= page.total {
            return Ok(found.into_values().collect());
        }
    }
}

/// One pool; `None` if nobody ever attended to it or gave it a size.
pub(crate) async fn pool(store: &Store, name: &PoolName) -> Result<Option<Pool>, Error> {
    let found = store.pool(name).await?;
    let Some(stored) = found.pool else { return Ok(None) };
    Ok(Some(pool::pool(stored, found.now_ms, &workers(store).await?)))
}

/// Every kind of which something is said, by name.
pub(crate) async fn kinds(store: &Store) -> Result<Vec<Declared>, Error> {
    let mut found: Vec<Declared> = Vec::new();
    loop {
        let page = store.kinds(found.last().map(|last| &last.kind), limits::PAGE_MAX).await?;
        let is_last = (page.len() as u64) < limits::PAGE_MAX;
        found.extend(page);
        if is_last {
            return Ok(found);
        }
    }
}

/// Every schedule, by name, and Redis's clock.
pub(crate) async fn schedules(store: &Store) -> Result<(u64, Vec<Schedule>), Error> {
    let (mut now_ms, mut found): (u64, Vec<Schedule>) = (0, Vec::new());
    for shard in store.shards().all() {
        let mut after = None;
        loop {
            let page = store.schedules(shard, after.as_ref(), limits::PAGE_MAX).await?;
            now_ms = page.now_ms;
            let is_last = (page.schedules.len() as u64) < limits::PAGE_MAX;
            after = page.schedules.last().map(|schedule| schedule.name.clone());
            found.extend(page.schedules);
            if is_last {
                break;
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((now_ms, found))
}

/// For how long the schedule has been waiting, in ms, to which nobody has seen for the longest time.
pub(crate) async fn schedules_overdue_ms(store: &Store) -> Result<u64, Error> {
    let mut longest_ms = 0;
    for shard in store.shards().all() {
        let (now_ms, due) = store.due_schedules(shard, 2).await?;
        let due_ms = due.into_iter().find_map(Result::ok).map_or(now_ms, |due| due.due_ms);
        longest_ms = longest_ms.max(now_ms.saturating_sub(due_ms));
    }
    Ok(longest_ms)
}

/// Of each webhook, how many deliveries wait, and whether it is disabled.
pub(crate) async fn webhooks(store: &Store) -> Result<BTreeMap<String, (u64, bool)>, Error> {
    let mut found = BTreeMap::new();
    for webhook in store.webhooks().await?.webhooks {
        let mut waiting = 0;
        for shard in store.shards().all() {
            waiting += store.waiting_deliveries(shard, &webhook.name).await?;
        }
        found.insert(webhook.name.to_string(), (waiting, webhook.state == WebhookState::Disabled));
    }
    Ok(found)
}

/// The ids of what a worker holds, in all shards.
pub(crate) async fn held(store: &Store, id: &WorkerId) -> Result<Vec<TaskId>, Error> {
    Ok(try_join_all(store.shards().all().map(|shard| store.held(shard, id))).await?.concat())
}

/// The records of one worker, shard by shard.
pub(crate) async fn records(store: &Store, id: &WorkerId) -> Result<Vec<Record>, Error> {
    let each = try_join_all(store.shards().all().map(|shard| store.worker(shard, id))).await?;
    Ok(each.into_iter().filter_map(|one| one.worker.map(|worker| (one.now_ms, worker))).collect())
}

/// The queues of each shard in numbers.
pub(crate) async fn counts(store: &Store) -> Result<Vec<(Shard, Vec<QueueCounts>)>, Error> {
    let mut found = Vec::new();
    for shard in store.shards().all() {
        // By name: one that comes or goes meanwhile moves others to another page, where they are met again.
        let (mut queues, mut first) = (BTreeMap::new(), 0);
        loop {
            let page = store.counts(shard, first, limits::PAGE_MAX).await?;
            let read = page.queues.len() as u64;
            queues.extend(page.queues.into_iter().map(|counts| (counts.name.clone(), counts)));
            first += read;
            if read == 0 || first >= page.queues_total {
                break;
            }
        }
        found.push((shard, queues.into_values().collect()));
    }
    Ok(found)
}

/// Every queue, by name.
pub(crate) async fn queues(store: &Store) -> Result<Vec<Sum>, Error> {
    let mut sums: BTreeMap<QueueName, Sum> = BTreeMap::new();
    for counts in counts(store).await?.into_iter().flat_map(|(_, queues)| queues) {
        sums.entry(counts.name.clone()).or_insert_with(|| Sum::new(counts.name.clone())).add(&counts);
    }
    Ok(sums.into_values().collect())
}

/// One queue; `None` if no shard knows it.
pub(crate) async fn queue(store: &Store, name: &QueueName) -> Result<Option<Sum>, Error> {
    let each = try_join_all(store.shards().all().map(|shard| store.queue(shard, name))).await?;
    let mut found = each.iter().flatten().peekable();
    if found.peek().is_none() {
        return Ok(None);
    }
    let mut sum = Sum::new(name.clone());
    found.for_each(|counts| sum.add(counts));
    Ok(Some(sum))
}

/// Every group of failures that is kept, in no order.
pub(crate) async fn errors(store: &Store) -> Result<Vec<ErrorGroup>, Error> {
    let mut sums: BTreeMap<Fingerprint, ErrorGroup> = BTreeMap::new();
    for shard in store.shards().all() {
        // A failure moves its group to another page, where it may be met again: the last read counts.
        let (mut groups, mut first) = (BTreeMap::new(), 0);
        loop {
            let page = store.errors(shard, first, limits::ERROR_GROUPS_AT_ONCE).await?;
            first += limits::ERROR_GROUPS_AT_ONCE;
            groups.extend(page.groups.into_iter().map(|group| (group.fingerprint, group)));
            if first >= page.total {
                break;
            }
        }
        groups.into_values().for_each(|group| add(&mut sums, group));
    }
    Ok(sums.into_values().collect())
}

fn add(sums: &mut BTreeMap<Fingerprint, ErrorGroup>, group: ErrorGroup) {
    match sums.entry(group.fingerprint) {
        Entry::Occupied(mut sum) => error_group::add(sum.get_mut(), group),
        Entry::Vacant(place) => {
            place.insert(group);
        }
    }
}

/// One group; `None` if it was not seen in any shard lately.
pub(crate) async fn error(store: &Store, fingerprint: Fingerprint) -> Result<Option<ErrorGroup>, Error> {
    let each = try_join_all(store.shards().all().map(|shard| store.error(shard, fingerprint))).await?;
    let mut sums = BTreeMap::new();
    each.into_iter().flatten().for_each(|group| add(&mut sums, group));
    Ok(sums.into_values().next())
}

/// The boot that a worker runs under now.
pub(crate) async fn current_boot(store: &Store, id: &WorkerId) -> Result<Boot, Fail> {
    let records = records(store, id).await?;
    let boot = records.into_iter().find_map(|(_, record)| record.boot);
    boot.ok_or_else(|| Fail::new(Code::UnknownWorker))
}
