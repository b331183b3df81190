//! What is wrong with the fleet and does not mend by itself, in words that say what to do; and in the log, once for each
//! change.

use std::collections::BTreeMap;

use baton_api::pool::{Pool, PoolState};
use baton_api::queue::Queue;
use baton_core::Status;

use super::fleet::Fleet;

const FULL: &str =
    "Redis is full: new tasks are refused until it has memory again; those that it has still run";

/// What is wrong, by what it is wrong with: the words change from second to second, as numbers do.
pub(super) fn troubles(fleet: &Fleet) -> BTreeMap<String, String> {
    let queues = fleet.queues.iter().filter(|queue| queue.unattended);
    let queues = queues.map(|queue| (format!("queue {}", queue.name), of_queue(queue)));
    let pools = fleet.pools.iter().filter(|pool| is_in_trouble(pool));
    let pools = pools.map(|pool| (format!("pool {} {}", pool.name, pool.state.as_str()), of_pool(pool)));
    let full = fleet.is_full.then(|| ("memory of Redis".to_owned(), FULL.to_owned()));
    queues.chain(pools).chain(full).collect()
}

/// True where somebody must do something.
pub(super) fn is_in_trouble(pool: &Pool) -> bool {
    matches!(pool.state, PoolState::Degraded | PoolState::Unattended)
}

fn of_queue(queue: &Queue) -> String {
    let pending = queue.tasks.get(Status::Pending.as_str()).copied().unwrap_or_default();
    format!(
        "the queue {} has {pending} pending tasks and no live worker: start one that claims from it; `baton worker ls` \
         shows who is there",
        queue.name
    )
}

fn of_pool(pool: &Pool) -> String {
    format!("the pool {} is {}: {}", pool.name, pool.state.as_str(), pool.reasons.join("; "))
}

/// Says in the log what begins to be wrong, and what is well again.
#[derive(Debug, Default)]
pub(super) struct Watch(BTreeMap<String, String>);

impl Watch {
    pub(super) fn look(&mut self, fleet: &Fleet) {
        let now = troubles(fleet);
        for (_, words) in now.iter().filter(|(what, _)| !self.0.contains_key(*what)) {
            tracing::warn!("{words}");
        }
        for what in self.0.keys().filter(|what| !now.contains_key(*what)) {
            tracing::info!("no longer in trouble: {what}");
        }
        self.0 = now;
    }
}
