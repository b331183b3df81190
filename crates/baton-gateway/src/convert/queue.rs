//! Queues: summed over all shards.

use std::collections::BTreeMap;

use baton_api::Timestamp;
use baton_api::queue::{Keep, Limits, Queue, Rate, Retention};
use baton_api::worker::Worker;
use baton_core::queue::{self, QueueRules};
use baton_core::{QueueName, Status};
use baton_store::calls::queue::QueueCounts;

use super::worker::serves;

/// A queue as it is in all shards together.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    pub(crate) name: QueueName,
    pub(crate) paused_ms: Option<u64>,
    pub(crate) tasks: BTreeMap<Status, u64>,
    pub(crate) oldest_pending_age_ms: Option<u64>,
    pub(crate) waiting: u64,
    /// Starts that count against its rate.
    pub(crate) starts: u64,
    /// `None` until a shard has said what it allows.
    pub(crate) rules: Option<QueueRules>,
    pub(crate) retention: queue::Retention,
    /// Of the first shard.
    pub(crate) version: u64,
}

impl Sum {
    pub(crate) fn new(name: QueueName) -> Sum {
        Sum {
            name,
            paused_ms: None,
            tasks: BTreeMap::new(),
            oldest_pending_age_ms: None,
            waiting: 0,
            starts: 0,
            rules: None,
            retention: queue::Retention::default(),
            version: 0,
        }
    }

    pub(crate) fn add(&mut self, counts: &QueueCounts) {
        // It is paused as a whole, shard by shard; the first one says since when.
        self.paused_ms = [self.paused_ms, counts.paused_ms].into_iter().flatten().min();
        for (status, count) in &counts.tasks {
            *self.tasks.entry(*status).or_default() += count;
        }
        self.oldest_pending_age_ms = self.oldest_pending_age_ms.max(counts.oldest_pending_age_ms);
        self.waiting += counts.waiting;
        self.starts += counts.starts;
        // A shard that the queue has not come to yet has no record of it, and allows what it is told when it comes.
        match &mut self.rules {
            Some(rules) => *rules = rules.and(&counts.rules),
            none => {
                (self.retention, self.version) = (counts.retention, counts.version);
                *none = Some(counts.rules.clone());
            }
        }
    }

    /// What all shards together allow.
    pub(crate) fn limits(&self) -> Limits {
        let rules = self.rules.clone().unwrap_or_default();
        Limits {
            concurrency: rules.concurrency,
            rate: rules.rate.map(|rate| Rate { count: rate.count, per_ms: rate.per_ms }),
            group_concurrency: rules.group_concurrency,
            fair: rules.fair,
            aging_ms: rules.aging_ms,
        }
    }

    pub(crate) fn retention(&self) -> Retention {
        let queue::Retention { any, completed, failed, timeout, cancelled } = self.retention;
        let keep = |keep: Option<queue::Keep>| keep.map(Keep);
        Retention {
            default: keep(any),
            completed: keep(completed),
            failed: keep(failed),
            timeout: keep(timeout),
            cancelled: keep(cancelled),
        }
    }

    pub(crate) fn of(&self, status: Status) -> u64 {
        self.tasks.get(&status).copied().unwrap_or_default()
    }

    pub(crate) fn words(&self) -> BTreeMap<String, u64> {
        Status::ALL.iter().map(|status| (status.to_string(), self.of(*status))).collect()
    }
}

pub(crate) fn queue(sum: &Sum, workers: &[Worker]) -> Queue {
    let attending = workers.iter().filter(|worker| serves(worker, &sum.name)).count() as u64;
    Queue {
        name: sum.name.clone(),
        paused: sum.paused_ms.is_some(),
        paused_at: sum.paused_ms.map(Timestamp::from_ms),
        tasks: sum.words(),
        oldest_pending_age_ms: sum.oldest_pending_age_ms,
        workers: attending,
        unattended: attending == 0 && sum.of(Status::Pending) > 0,
        waiting_for_group: sum.waiting,
        limits: sum.limits(),
        retention: sum.retention(),
        version: sum.version,
    }
}

/// As the store takes them.
pub(crate) fn rules(limits: &Limits) -> QueueRules {
    QueueRules {
        concurrency: limits.concurrency,
        rate: limits.rate.map(|rate| queue::Rate { count: rate.count, per_ms: rate.per_ms }),
        group_concurrency: limits.group_concurrency,
        fair: limits.fair,
        aging_ms: limits.aging_ms,
    }
}

pub(crate) fn kept(retention: &Retention) -> queue::Retention {
    let keep = |keep: Option<Keep>| keep.map(|Keep(keep)| keep);
    queue::Retention {
        any: keep(retention.default),
        completed: keep(retention.completed),
        failed: keep(retention.failed),
        timeout: keep(retention.timeout),
        cancelled: keep(retention.cancelled),
    }
}
