//! Which tasks an operation is about: the filter that was asked for, as a rule that a task fits or not.

use baton_api::operation::TaskFilter;
use baton_core::operation::Act;
use baton_core::{Code, Priority, QueueName, Status, TaskId};
use baton_store::Task;
use baton_store::calls::operation::Operation;

use crate::problem::Fail;

/// What is to be done to which tasks.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) act: Act,
    pub(crate) priority: Option<Priority>,
    /// Tasks that are named; then the filter says nothing.
    pub(crate) tasks: Vec<TaskId>,
    pub(crate) filter: TaskFilter,
    /// Later ones do not belong to it; none yet where it has not begun.
    pub(crate) begun_ms: Option<u64>,
}

impl Plan {
    /// As an operation says it.
    pub(crate) fn of(operation: &Operation) -> Result<Plan, Fail> {
        let filter = match &operation.filter {
            Some(text) => serde_json::from_str(text).map_err(|error| {
                tracing::error!(operation = %operation.id, %error, "its filter cannot be read");
                Fail::new(Code::Internal)
            })?,
            None => TaskFilter::default(),
        };
        Ok(Plan {
            act: operation.act,
            priority: operation.priority,
            tasks: operation.tasks.clone(),
            filter,
            begun_ms: Some(operation.created_ms),
        })
    }

    /// In the order of a task's life.
    pub(crate) fn statuses(&self) -> Vec<Status> {
        let named = &self.filter.status;
        let meant = if named.is_empty() { self.act.usual() } else { self.act.takes() };
        meant.iter().copied().filter(|status| named.is_empty() || named.contains(status)).collect()
    }

    /// The queues that are named, in the order of the alphabet.
    pub(crate) fn queues(&self) -> Vec<QueueName> {
        let mut queues = self.filter.queue.clone();
        queues.sort();
        queues.dedup();
        queues
    }

    /// Whether counts of queues say how many tasks there are.
    pub(crate) fn is_counted(&self) -> bool {
        let TaskFilter { kind, worker, tag, key, flow, created_after, created_before, .. } = &self.filter;
        let by_task = kind.is_empty() && worker.is_empty() && tag.is_empty() && key.is_empty();
        by_task && flow.is_none() && created_after.is_none() && created_before.is_none()
    }

    /// Whether a task belongs to it.
    pub(crate) fn takes(&self, task: &Task) -> bool {
        fn one_of<T: PartialEq>(named: &[T], is: Option<&T>) -> bool {
            named.is_empty() || is.is_some_and(|is| named.contains(is))
        }
        let TaskFilter { queue, kind, worker, tag, key, created_after, created_before, .. } = &self.filter;
        self.statuses().contains(&task.status())
            && one_of(queue, Some(&task.queue))
            && one_of(kind, Some(&task.kind))
            && one_of(worker, task.run.as_ref().map(|run| &run.worker))
            && one_of(key, task.key.as_ref())
            && (tag.is_empty() || task.tags.iter().any(|known| tag.contains(known)))
            && created_after.is_none_or(|after| task.created_ms > after.ms())
            && created_before.is_none_or(|before| task.created_ms < before.ms())
            && self.begun_ms.is_none_or(|begun_ms| task.created_ms <= begun_ms)
            // What has the priority already is passed over: it may stand behind where it stood, and be met again.
            && self.priority.is_none_or(|priority| task.priority != priority)
    }

    /// Whether what it is done to leaves the place at which it was found, so that others take its rank: also those that wait
    /// for their turn in a limited group, each of which comes back when one before it is cancelled.
    pub(crate) fn moves_on(&self, status: Status) -> bool {
        matches!(status, Status::Running | Status::Pending) && self.act == Act::Cancel
    }
}
