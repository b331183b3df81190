//! The fleet as gauges. They say the same in every gateway, and are not added up.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use baton_api::gateway::GatewayState;
use baton_api::health::WorkerCounts;
use baton_api::queue::Queue;
use baton_service::label::Capped;
use metrics::gauge;

use super::fleet::Fleet;
use super::trouble::is_in_trouble;

pub(super) fn mode(open: bool) {
    gauge!("baton_insecure_mode").set(if open { 1.0 } else { 0.0 });
}

/// How old the numbers below are: while Redis is away they stay as they were.
pub(super) fn age(seconds: f64) {
    gauge!("baton_fleet_age_seconds").set(seconds);
}

/// What was told before: names come and go, and a gauge stays as it was last told.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    queues: Capped,
    pools: Capped,
    told: BTreeSet<String>,
    webhooks: BTreeSet<String>,
}

impl Gauges {
    pub(super) fn tell(&mut self, now: &Fleet) {
        for (name, queue) in by_label(&now.queues, &self.queues) {
            queue.tell(&name);
        }
        let pools = pools_by_label(now, &self.pools);
        for gone in self.told.iter().filter(|name| !pools.contains_key(*name)) {
            ToldPool::default().tell(gone);
        }
        pools.iter().for_each(|(name, pool)| pool.tell(name));
        self.told = pools.into_keys().collect();
        for gone in self.webhooks.iter().filter(|name| !now.webhooks.contains_key(*name)) {
            webhook(gone, 0, false);
        }
        now.webhooks.iter().for_each(|(name, (waiting, disabled))| webhook(name, *waiting, *disabled));
        self.webhooks = now.webhooks.keys().cloned().collect();
        fleet(now);
    }
}

/// There are few, so each has a label of its own.
fn webhook(name: &str, waiting: u64, disabled: bool) {
    let name = name.to_owned();
    gauge!("baton_fleet_webhook_waiting", "webhook" => name.clone()).set(waiting as f64);
    gauge!("baton_fleet_webhook_disabled", "webhook" => name).set(f64::from(u8::from(disabled)));
}

fn fleet(fleet: &Fleet) {
    gauge!("baton_fleet_slots", "state" => "idle").set(fleet.slots.idle as f64);
    gauge!("baton_fleet_slots", "state" => "busy").set(fleet.slots.busy as f64);
    for state in GatewayState::ALL {
        let count = fleet.gateways.iter().filter(|one| one.state == state).count();
        gauge!("baton_fleet_gateways", "state" => state.as_str()).set(count as f64);
    }
    for (shard, length) in &fleet.streams {
        gauge!("baton_fleet_stream_length", "shard" => shard.to_string()).set(*length as f64);
    }
    for (shard, cascades) in &fleet.cascades {
        gauge!("baton_fleet_cascades", "shard" => shard.to_string()).set(*cascades as f64);
    }
    for (shard, lag_ms) in &fleet.behind {
        gauge!("baton_fleet_behind_seconds", "shard" => shard.to_string()).set(*lag_ms as f64 / 1_000.0);
    }
    gauge!("baton_fleet_schedule_overdue_seconds").set(fleet.schedules_overdue_ms as f64 / 1_000.0);
    gauge!("baton_fleet_redis_memory_bytes").set(fleet.memory_bytes as f64);
    metrics::counter!("baton_fleet_redis_evicted_keys_total").absolute(fleet.evicted_keys);
}

/// Stands for the pool of workers that no supervisor keeps.
const NO_POOL: &str = "none";

/// What is told of a pool, or of all that are too many for labels of their own.
#[derive(Debug, Default, PartialEq)]
struct ToldPool {
    workers: WorkerCounts,
    desired: u64,
    in_trouble: bool,
    restarts: u64,
}

fn pools_by_label(fleet: &Fleet, known: &Capped) -> BTreeMap<String, ToldPool> {
    let mut told: BTreeMap<String, ToldPool> = BTreeMap::new();
    for pool in &fleet.pools {
        let sum = told.entry(known.label(pool.name.as_str()).into_owned()).or_default();
        sum.desired += if pool.running { pool.desired } else { 0 };
        sum.in_trouble |= is_in_trouble(pool);
        sum.restarts += pool.supervisors.iter().map(|one| one.restarts).sum::<u64>();
    }
    for (pool, workers) in &fleet.by_pool {
        let label = known.label(pool.as_deref().unwrap_or(NO_POOL)).into_owned();
        let sum = &mut told.entry(label).or_default().workers;
        sum.idle += workers.idle;
        sum.busy += workers.busy;
        sum.quiet += workers.quiet;
        sum.offline += workers.offline;
    }
    told
}

impl ToldPool {
    fn tell(&self, pool: &str) {
        let pool = pool.to_owned();
        let WorkerCounts { idle, busy, quiet, offline, .. } = self.workers;
        for (state, workers) in [("idle", idle), ("busy", busy), ("quiet", quiet), ("offline", offline)] {
            gauge!("baton_fleet_workers", "pool" => pool.clone(), "state" => state).set(workers as f64);
        }
        // Workers that nobody keeps have no size that they are to have.
        if pool == NO_POOL {
            return;
        }
        gauge!("baton_fleet_pool_desired", "pool" => pool.clone()).set(self.desired as f64);
        gauge!("baton_fleet_pool_degraded", "pool" => pool.clone()).set(f64::from(u8::from(self.in_trouble)));
        gauge!("baton_fleet_pool_restarts", "pool" => pool).set(self.restarts as f64);
    }
}

/// What is told under one label: a queue, or all that are too many for labels of their own.
#[derive(Debug, Default, PartialEq)]
struct Told {
    tasks: BTreeMap<String, u64>,
    oldest_ms: u64,
    workers: u64,
    unattended: bool,
}

fn by_label<'a>(queues: &'a [Queue], known: &Capped) -> BTreeMap<Cow<'a, str>, Told> {
    let mut told: BTreeMap<Cow<'a, str>, Told> = BTreeMap::new();
    for queue in queues {
        let sum = told.entry(known.label(queue.name.as_str())).or_default();
        for (status, tasks) in &queue.tasks {
            *sum.tasks.entry(status.clone()).or_default() += tasks;
        }
        sum.oldest_ms = sum.oldest_ms.max(queue.oldest_pending_age_ms.unwrap_or_default());
        sum.workers = sum.workers.max(queue.workers);
        sum.unattended |= queue.unattended;
    }
    told
}

impl Told {
    fn tell(&self, queue: &str) {
        let queue = queue.to_owned();
        for (status, tasks) in &self.tasks {
            let labels = [("queue", queue.clone()), ("status", status.clone())];
            gauge!("baton_fleet_tasks", &labels).set(*tasks as f64);
        }
        let oldest = gauge!("baton_fleet_queue_oldest_pending_seconds", "queue" => queue.clone());
        oldest.set(self.oldest_ms as f64 / 1_000.0);
        gauge!("baton_fleet_queue_workers", "queue" => queue.clone()).set(self.workers as f64);
        gauge!("baton_fleet_queue_unattended", "queue" => queue).set(f64::from(u8::from(self.unattended)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str, pending: u64, workers: u64) -> Queue {
        Queue {
            name: name.parse().unwrap(),
            paused: false,
            paused_at: None,
            tasks: [("pending".to_owned(), pending)].into(),
            oldest_pending_age_ms: Some(pending),
            workers,
            unattended: workers == 0,
            waiting_for_group: 0,
            limits: Default::default(),
            retention: Default::default(),
            version: 0,
        }
    }

    #[test]
    fn queues_beyond_the_limit_are_told_together() {
        let known = Capped::new(1);
        let queues = [queue("a", 1, 2), queue("b", 2, 3), queue("c", 4, 0)];
        let told = by_label(&queues, &known);
        assert_eq!(told["a"].tasks["pending"], 1);
        let other = &told["other"];
        assert_eq!(
            (other.tasks["pending"], other.oldest_ms, other.workers, other.unattended),
            (6, 4, 3, true)
        );
    }
}
