//! Waiting until something happens to one task: what a held `GET /tasks/{id}?wait` rests on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use baton_core::TaskId;
use tokio::sync::watch;

/// Who waits for which task. The readers look every event up in here, so a thousand waiting requests cost an event one
/// look, not a thousand.
#[derive(Clone, Debug, Default)]
pub(super) struct Watches(Arc<Mutex<HashMap<TaskId, watch::Sender<()>>>>);

impl Watches {
    fn lock(&self) -> MutexGuard<'_, HashMap<TaskId, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn watch(&self, task: TaskId) -> Watch {
        let changes = self.lock().entry(task).or_default().subscribe();
        Watch { task, changes, watches: self.clone() }
    }

    pub(super) fn wake(&self, tasks: impl Iterator<Item = TaskId>) {
        let watched = self.lock();
        if !watched.is_empty() {
            tasks.filter_map(|task| watched.get(&task)).for_each(|changes| changes.send_replace(()));
        }
    }

    /// For when events may have been missed.
    pub(super) fn wake_all(&self) {
        self.lock().values().for_each(|changes| changes.send_replace(()));
    }
}

/// Interest in one task. Take it *before* the task is read: what happens between the reading and the waiting then ends
/// the wait at once.
#[derive(Debug)]
pub struct Watch {
    task: TaskId,
    changes: watch::Receiver<()>,
    watches: Watches,
}

impl Watch {
    /// Returns when something has happened to the task since the watch was taken, or since the last call returned. It
    /// may return without a reason, and a store that cannot be read tells nothing: read the task again, and look from
    /// time to time all the same.
    pub async fn changed(&mut self) {
        // The sender lives in the map for as long as this receiver does, so the channel never closes here.
        let _ = self.changes.changed().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.watches.lock();
        // This receiver is still counted.
        if watched.get(&self.task).is_some_and(|changes| changes.receiver_count() <= 1) {
            watched.remove(&self.task);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_core::Shard;
    use baton_core::id::Draw;
    use futures_util::FutureExt;

    fn task(counter: u16) -> TaskId {
        TaskId::draw(Draw { now_ms: 1, counter, random: 0 }, Shard::FIRST)
    }

    #[test]
    fn a_watch_is_woken_by_its_task_alone_and_leaves_nothing_behind() {
        let watches = Watches::default();
        let (mut one, mut other) = (watches.watch(task(1)), watches.watch(task(2)));
        let mut same = watches.watch(task(1));
        watches.wake([task(1), task(3)].into_iter());
        assert!(one.changed().now_or_never().is_some());
        assert!(same.changed().now_or_never().is_some());
        assert!(one.changed().now_or_never().is_none(), "once");
        assert!(other.changed().now_or_never().is_none());
        watches.wake_all();
        assert!(other.changed().now_or_never().is_some());
        drop((one, other));
        assert_eq!(watches.lock().len(), 1);
        drop(same);
        assert_eq!(watches.lock().len(), 0);
    }
}
