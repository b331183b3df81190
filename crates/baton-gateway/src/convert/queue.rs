//! Queues: summed over all shards.

use std::collections::BTreeMap;

use baton_api::Timestamp;
use baton_api::queue::Queue;
use baton_api::worker::Worker;
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
}

impl Sum {
    pub(crate) fn new(name: QueueName) -> Sum {
        Sum { name, paused_ms: None, tasks: BTreeMap::new(), oldest_pending_age_ms: None }
    }

    pub(crate) fn add(&mut self, counts: &QueueCounts) {
        // It is paused as a whole, shard by shard; the first one says since when.
        self.paused_ms = [self.paused_ms, counts.paused_ms].into_iter().flatten().min();
        for (status, count) in &counts.tasks {
            *self.tasks.entry(*status).or_default() += count;
        }
        self.oldest_pending_age_ms = self.oldest_pending_age_ms.max(counts.oldest_pending_age_ms);
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
    }
}
