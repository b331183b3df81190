//! Claims that wait for work. All waiters of this process that claim from the same queues share one listener for each
//! shard; a hint that it takes wakes one of them. Hints may be lost, so each waiter also looks from time to time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use baton_core::{QueueName, Shard};
use baton_store::Store;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::clock;

/// Each listener has a connection of its own. Whoever finds no room for one only looks from time to time.
const LISTENERS_MAX: usize = 64;
/// How long one call of a listener blocks: so long it may outlive its last waiter.
const LISTEN: Duration = Duration::from_secs(2);
/// Between two tries to reach a Redis that does not answer.
const AFTER_FAULT: Duration = Duration::from_millis(500);

/// The listeners of this process.
#[derive(Clone, Debug)]
pub(crate) struct Waiting(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    draining: CancellationToken,
    rooms: Mutex<HashMap<Vec<QueueName>, Room>>,
    /// Of which each counts for the bound as long as it lives.
    listeners: Arc<Semaphore>,
}

/// Those who wait for work of the same queues.
#[derive(Debug)]
struct Room {
    hinted: Arc<Notify>,
    waiters: usize,
    /// Whether listeners have been started. They end together: the first that finds the room empty closes it.
    listened: bool,
}

/// A place in a room.
#[derive(Debug)]
pub(crate) struct Waiter {
    waiting: Waiting,
    queues: Vec<QueueName>,
    hinted: Arc<Notify>,
}

impl Waiting {
    pub(crate) fn new(store: &Store, draining: &CancellationToken) -> Waiting {
        Waiting(Arc::new(Inner {
            store: store.clone(),
            draining: draining.clone(),
            rooms: Mutex::default(),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
        }))
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<Vec<QueueName>, Room>> {
        self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait. Look for work after this and before the first wait: then nothing falls between.
    pub(crate) fn join(&self, queues: &[QueueName]) -> Waiter {
        let mut queues = queues.to_vec();
        queues.sort();
        queues.dedup();
        let mut rooms = self.rooms();
        let new = || Room { hinted: Arc::default(), waiters: 0, listened: false };
        let room = rooms.entry(queues.clone()).or_insert_with(new);
        room.waiters += 1;
        if !room.listened {
            room.listened = self.start_listeners(&queues, &room.hinted);
        }
        Waiter { waiting: self.clone(), hinted: Arc::clone(&room.hinted), queues }
    }

    fn start_listeners(&self, queues: &[QueueName], hinted: &Arc<Notify>) -> bool {
        let shards = u32::from(self.0.store.shards().get());
        let Ok(mut permits) = Arc::clone(&self.0.listeners).try_acquire_many_owned(shards) else {
            return false;
        };
        for shard in self.0.store.shards().all() {
            let (waiting, queues, hinted) = (self.clone(), queues.to_vec(), Arc::clone(hinted));
            let permit = permits.split(1);
            tokio::spawn(async move {
                waiting.listen(shard, &queues, &hinted).await;
                drop(permit);
            });
        }
        true
    }

    async fn listen(&self, shard: Shard, queues: &[QueueName], hinted: &Arc<Notify>) {
        while self.is_wanted(queues, hinted) {
            let hint = self.0.store.wait_for_hint(shard, queues, LISTEN);
            let hint = tokio::select! {
                hint = hint => hint,
                () = self.0.draining.cancelled() => return,
            };
            match hint {
                Ok(Some(queue)) if self.has_waiters(queues) => {
                    tracing::trace!(%queue, "a hint");
                    hinted.notify_one();
                }
                Ok(Some(queue)) => self.hand_on(shard, &queue).await,
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(%error, "cannot wait for hints");
                    tokio::time::sleep(AFTER_FAULT).await;
                }
            }
        }
    }

    /// Somebody of another process may be waiting for it.
    async fn hand_on(&self, shard: Shard, queue: &QueueName) {
        if let Err(error) = self.0.store.pass_hint(shard, queue).await {
            tracing::debug!(%error, "a hint is lost");
        }
    }

    fn has_waiters(&self, queues: &[QueueName]) -> bool {
        self.rooms().get(queues).is_some_and(|room| room.waiters > 0)
    }

    /// Whether anybody is left in the room of these listeners. If not, it is closed; who comes later opens another.
    fn is_wanted(&self, queues: &[QueueName], hinted: &Arc<Notify>) -> bool {
        let mut rooms = self.rooms();
        let Some(room) = rooms.get(queues).filter(|room| Arc::ptr_eq(&room.hinted, hinted)) else {
            return false;
        };
        if room.waiters == 0 {
            rooms.remove(queues);
            return false;
        }
        true
    }
}

impl Waiter {
    /// Returns when there may be work.
    pub(crate) async fn hinted(&self) {
        self.hinted.notified().await;
    }

    /// When to look without a hint: about every second, not all at once.
    pub(crate) fn look_after() -> Duration {
        Duration::from_millis(750 + clock::random() % 500)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut rooms = self.waiting.rooms();
        let Some(room) = rooms.get_mut(&self.queues) else { return };
        room.waiters -= 1;
        if room.waiters == 0 && !room.listened {
            rooms.remove(&self.queues);
        }
    }
}
