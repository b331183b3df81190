//! The fleet, as Redis has it: queues, workers, streams and memory, read every second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_api::gateway::Gateway;
use baton_api::health::WorkerCounts;
use baton_api::pool::Pool;
use baton_api::queue::Queue;
use baton_api::worker::{State, Worker};
use baton_core::Shard;
use baton_service::metrics::Metrics;
use baton_store::{Error, Store};
use tokio::sync::watch;

use super::gauges::Gauges;
use super::trouble::Watch;
use crate::convert::gateway::gateways;
use crate::convert::queue::queue;
use crate::convert::worker::{counts, slots};
use crate::{clock, roster};

/// Between two readings.
const EVERY: Duration = Duration::from_secs(1);

/// One reading.
#[derive(Clone, Debug)]
pub(super) struct Fleet {
    pub(super) at_ms: u64,
    pub(super) queues: Vec<Queue>,
    pub(super) workers: WorkerCounts,
    pub(super) by_pool: BTreeMap<Option<String>, WorkerCounts>,
    pub(super) pools: Vec<Pool>,
    pub(super) slots: Slots,
    /// Entries of the event stream of each shard.
    pub(super) streams: Vec<(Shard, u64)>,
    pub(super) cascades: Vec<(Shard, u64)>,
    /// How far behind, in ms, what is written behind is.
    pub(super) behind: Vec<(Shard, u64)>,
    pub(super) schedules_overdue_ms: u64,
    /// Of each webhook: how many deliveries wait, and whether it is disabled.
    pub(super) webhooks: BTreeMap<String, (u64, bool)>,
    pub(super) gateways: Vec<Gateway>,
    pub(super) memory_bytes: u64,
    pub(super) is_full: bool,
    pub(super) evicted_keys: u64,
}

/// Slots of workers that live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots {
    pub(super) idle: u64,
    pub(super) busy: u64,
}

/// Reads until nobody wants to know. What cannot be read leaves the last reading in place, with its age.
pub(super) async fn keep(store: Store, metrics: Metrics, latest: watch::Sender<Option<Arc<Fleet>>>) {
    let (mut gauges, mut watch) = (Gauges::default(), Watch::default());
    while !latest.is_closed() {
        match read(&store).await {
            Ok(fleet) => {
                watch.look(&fleet);
                gauges.tell(&fleet);
                latest.send_replace(Some(Arc::new(fleet)));
            }
            Err(error) => tracing::debug!(%error, "failed to read the fleet"),
        }
        metrics.upkeep();
        tokio::time::sleep(EVERY).await;
    }
}

async fn read(store: &Store) -> Result<Fleet, Error> {
    let at_ms = clock::now_ms();
    let workers = roster::workers(store).await?;
    let sums = roster::queues(store).await?;
    let (mut streams, mut cascades, mut behind) = (Vec::new(), Vec::new(), Vec::new());
    for shard in store.shards().all() {
        streams.push((shard, store.stream_ends(shard).await?.length));
        cascades.push((shard, store.cascades(shard).await?));
        behind.push((shard, store.lag(shard).await?.lag_ms));
    }
    let server = store.server().await?;
    Ok(Fleet {
        at_ms,
        queues: sums.iter().map(|sum| queue(sum, &workers)).collect(),
        slots: sum_slots(&workers),
        workers: counts(&workers),
        by_pool: count_by_pool(&workers),
        pools: roster::pools(store, &workers).await?,
        streams,
        cascades,
        behind,
        schedules_overdue_ms: roster::schedules_overdue_ms(store).await?,
        webhooks: roster::webhooks(store).await?,
        gateways: gateways(store.gateways().await?, None).gateways,
        memory_bytes: server.used_memory,
        is_full: server.is_full(),
        evicted_keys: server.evicted_keys,
    })
}

/// Workers that no supervisor keeps are none of a pool.
fn count_by_pool(workers: &[Worker]) -> BTreeMap<Option<String>, WorkerCounts> {
    let mut by_pool: BTreeMap<Option<String>, Vec<&Worker>> = BTreeMap::from([(None, Vec::new())]);
    for worker in workers {
        by_pool.entry(worker.pool.clone()).or_default().push(worker);
    }
    by_pool.into_iter().map(|(pool, workers)| (pool, counts(workers))).collect()
}

fn sum_slots(workers: &[Worker]) -> Slots {
    let live = workers.iter().filter(|worker| worker.state != State::Offline);
    live.fold(Slots::default(), |sum, worker| {
        let busy = worker.holds.min(slots(worker));
        Slots { busy: sum.busy + busy, idle: sum.idle + slots(worker) - busy }
    })
}
