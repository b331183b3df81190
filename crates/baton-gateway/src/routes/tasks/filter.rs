//! Which of the tasks that a list looks at are in it.

use baton_auth::Action;
use baton_core::{QueueName, Status};
use baton_store::{Store, Task};

use super::rows::Wanted;
use crate::auth::Grant;
use crate::problem::Fail;
use crate::search;

/// What a list is to have, and who asks.
pub(super) struct Filter<'a> {
    pub(super) status: &'a [Status],
    pub(super) queue: &'a [QueueName],
    pub(super) wanted: &'a Wanted,
    pub(super) grant: &'a Grant,
    /// What lengths of time are counted back from.
    pub(super) now_ms: u64,
}

/// What of a page is taken.
pub(super) struct Sifted {
    pub(super) taken: Vec<bool>,
    /// Of which it cannot be told, as their payloads are too large to be looked into.
    pub(super) unread: u64,
}

impl Filter<'_> {
    pub(super) fn is_everything(&self) -> bool {
        let all = self.grant.reaches_all(Action::TasksRead);
        all && self.status.is_empty() && self.queue.is_empty() && self.wanted.is_everything()
    }

    /// Whether tasks that were created then, or before, are too old for it.
    pub(super) fn is_past(&self, created_ms: u64) -> bool {
        self.wanted.created_from_ms(self.now_ms).is_some_and(|from_ms| created_ms < from_ms)
    }

    fn takes(&self, task: &Task) -> bool {
        (self.status.is_empty() || self.status.contains(&task.status()))
            && (self.queue.is_empty() || self.queue.contains(&task.queue))
            && self.wanted.takes(task)
            && search::may_hold(self.wanted.query(), task, self.now_ms)
            && self.grant.reads(&task.queue)
    }

    /// Which of these tasks, all of one shard, are taken, of those that `belong`. What lies beside a task is read only where all
    /// else fits.
    pub(super) async fn sift(&self, store: &Store, tasks: &[Task], belong: &[bool]) -> Result<Sifted, Fail> {
        let mut taken: Vec<bool> =
            tasks.iter().zip(belong).map(|(task, belongs)| *belongs && self.takes(task)).collect();
        let unread = search::sift(store, self.wanted.query(), self.now_ms, tasks, &mut taken).await?;
        Ok(Sifted { taken, unread })
    }
}
