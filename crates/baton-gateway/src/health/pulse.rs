//! Does Redis answer, and how fast? Asked on the way that work takes: a script, over the connection of all scripts.

use std::time::Duration;

use baton_core::Shard;
use baton_store::{Error, Store};
use tokio::sync::watch;

use crate::clock;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);
/// With the wait between, the pulse is never older than 2 s. Giving up early leaves a dead connection in its place; the
/// reading of the fleet waits for the store's own patience, and that replaces it.
const PATIENCE: Duration = Duration::from_millis(1_000);

/// The last look.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulse {
    /// When it was begun.
    pub(super) at_ms: u64,
    /// How long the answer took; none if there was none.
    pub(super) latency: Option<Duration>,
    pub(super) trouble: Option<String>,
}

/// Looks until nobody wants to know.
pub(super) async fn keep(store: Store, latest: watch::Sender<Pulse>) {
    while !latest.is_closed() {
        latest.send_replace(feel(&store).await);
        tokio::time::sleep(EVERY).await;
    }
}

async fn feel(store: &Store) -> Pulse {
    let at_ms = clock::now_ms();
    let begun = clock::instant();
    match tokio::time::timeout(PATIENCE, round_trip(store, Shard::FIRST)).await {
        Ok(Ok(())) => Pulse { at_ms, latency: Some(begun.elapsed()), trouble: None },
        Ok(Err(error)) => Pulse { at_ms, latency: None, trouble: Some(format!("failed to {error}")) },
        Err(_) => {
            Pulse { at_ms, latency: None, trouble: Some(format!("no answer from Redis within {PATIENCE:?}")) }
        }
    }
}

/// The cheapest script there is on the way that every script takes.
pub(super) async fn round_trip(store: &Store, shard: Shard) -> Result<(), Error> {
    store.counts(shard, 0, 1).await.map(|_| ())
}
