//! Tasks by status, read when something has changed, at most twice a second, and only while somebody listens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_auth::Action;
use baton_core::Status;
use baton_store::Store;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::auth::Grant;
use crate::convert::queue::Sum;
use crate::roster;

/// Tasks of several queues and all shards, by status.
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

/// What was counted at one time.
#[derive(Debug)]
pub(super) struct Tally {
    all: Arc<Counts>,
    queues: Vec<Sum>,
}

impl Tally {
    fn of(queues: Vec<Sum>) -> Tally {
        Tally { all: Arc::new(sum(&queues, |_| true)), queues }
    }

    /// Tasks of the queues that can be read.
    pub(super) fn seen_by(&self, grant: &Grant) -> Arc<Counts> {
        match grant.reaches_all(Action::TasksRead) {
            true => Arc::clone(&self.all),
            false => Arc::new(sum(&self.queues, |queue| grant.reads(&queue.name))),
        }
    }
}

fn sum(queues: &[Sum], counted: impl Fn(&Sum) -> bool) -> Counts {
    let of =
        |status: Status| queues.iter().filter(|queue| counted(queue)).map(|queue| queue.of(status)).sum();
    Status::ALL.iter().map(|status| (status.as_str(), of(*status))).collect()
}

/// The latest counts, for those who listen.
#[derive(Clone, Debug)]
pub(super) struct Board {
    latest: Arc<watch::Sender<Option<Arc<Tally>>>>,
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
    pub(super) fn listen(&self) -> watch::Receiver<Option<Arc<Tally>>> {
        let listener = self.latest.subscribe();
        self.dirty.mark();
        listener
    }

    async fn keep(self, store: Store) {
        loop {
            self.dirty.0.notified().await;
            if self.latest.receiver_count() > 0 {
                match roster::queues(&store).await {
                    Ok(queues) => {
                        self.latest.send_replace(Some(Arc::new(Tally::of(queues))));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::of_key;

    #[test]
    fn queues_that_cannot_be_read_are_not_counted() {
        let queue = |name: &str, pending| {
            let mut sum = Sum::new(name.parse().unwrap());
            sum.tasks.insert(Status::Pending, pending);
            sum
        };
        let tally = Tally::of(vec![queue("a", 1), queue("img-1", 2), queue("img-2", 4)]);
        let pending = |scopes: &str| tally.seen_by(&of_key(scopes))["pending"];
        assert_eq!(
            ["tasks:read", "tasks:read@img-*", "tasks:read@a", "tasks:write"].map(pending),
            [7, 6, 1, 0]
        );
    }
}
