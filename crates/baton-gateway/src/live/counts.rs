//! Tasks by status, read when something has changed, at most twice a second, and only while somebody listens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_core::Status;
use baton_store::{Error, Store};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::roster;

/// Tasks of all queues and shards, by status.
pub(super) type Counts = BTreeMap<&'static str, u64>;

const EVERY: Duration = Duration::from_millis(500);

/// Says that something has changed. Once is enough until it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Dirty(Arc<Notify>);

impl Dirty {
    pub(super) fn mark(&self) {
        self.0.notify_one();
    }
}

/// The latest counts, for those who listen.
#[derive(Clone, Debug)]
pub(super) struct Board {
    latest: Arc<watch::Sender<Option<Arc<Counts>>>>,
    dirty: Dirty,
}

impl Board {
    pub(super) fn start(store: &Store, draining: &CancellationToken) -> (Board, Dirty) {
        let board = Board { latest: Arc::default(), dirty: Dirty::default() };
        let (dirty, keeper) = (board.dirty.clone(), board.clone());
        let (store, draining) = (store.clone(), draining.clone());
        tokio::spawn(async move { draining.run_until_cancelled(keeper.keep(store)).await });
        (board, dirty)
    }

    /// Counts as they change from now on, and once as they are.
    pub(super) fn listen(&self) -> watch::Receiver<Option<Arc<Counts>>> {
        let listener = self.latest.subscribe();
        self.dirty.mark();
        listener
    }

    async fn keep(self, store: Store) {
        loop {
            self.dirty.0.notified().await;
            if self.latest.receiver_count() > 0 {
                match count(&store).await {
                    Ok(counts) => {
                        self.latest.send_replace(Some(Arc::new(counts)));
                    }
                    // Numbers that cannot be read now are read as soon as they can.
                    Err(error) => {
                        tracing::debug!(%error, "failed to count tasks");
                        self.dirty.mark();
                    }
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

async fn count(store: &Store) -> Result<Counts, Error> {
    let queues = roster::queues(store).await?;
    let all = |status: &Status| (status.as_str(), queues.iter().map(|queue| queue.of(*status)).sum());
    Ok(Status::ALL.iter().map(all).collect())
}
