//! Which tasks an operation is about: the filter that was asked for, as a rule that a task fits or not.

use baton_api::operation::TaskFilter;
use baton_core::operation::Act;
use baton_core::query::{Mistake, Query, Test};
use baton_core::{Code, FlowId, Priority, QueueName, Status, TaskId};
use baton_store::Task;
use baton_store::calls::operation::Operation;

use crate::problem::Fail;
use crate::{clock, search};

/// What is to be done to which tasks.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) act: Act,
    pub(crate) priority: Option<Priority>,
    /// Tasks that are named; then the filter says nothing.
    pub(crate) tasks: Vec<TaskId>,
    pub(crate) filter: TaskFilter,
    /// The search that stands in the filter.
    pub(crate) query: Query,
    /// What lengths of time are counted back from: when it began.
    pub(crate) now_ms: u64,
    /// Later ones do not belong to it; none yet where it has not begun.
    pub(crate) begun_ms: Option<u64>,
}

impl Plan {
    /// One that has not begun; refuses a search that cannot be read.
    pub(crate) fn new(
        act: Act,
        priority: Option<Priority>,
        tasks: Vec<TaskId>,
        filter: TaskFilter,
    ) -> Result<Plan, Vec<Mistake>> {
        let query = Query::parse(&filter.q)?;
        Ok(Plan { act, priority, tasks, filter, query, now_ms: clock::now_ms(), begun_ms: None })
    }

    /// As an operation says it.
    pub(crate) fn of(operation: &Operation) -> Result<Plan, Fail> {
        let unreadable = |error: &dyn std::fmt::Display| {
            tracing::error!(operation = %operation.id, %error, "its filter cannot be read");
            Fail::new(Code::Internal)
        };
        let filter: TaskFilter = match &operation.filter {
            Some(text) => serde_json::from_str(text).map_err(|error| unreadable(&error))?,
            None => TaskFilter::default(),
        };
        // Those that it may touch, noted when it began, be it that the filter says nothing of them.
        let filter = match filter.queue.is_empty() && operation.filter.is_some() {
            true => TaskFilter { queue: operation.queues.clone(), ..filter },
            false => filter,
        };
        let plan = Plan::new(operation.act, operation.priority, operation.tasks.clone(), filter);
        let plan = plan.map_err(|mistakes| {
            mistakes.first().map_or_else(|| Fail::new(Code::Internal), |mistake| unreadable(mistake))
        })?;
        Ok(Plan { now_ms: operation.created_ms, begun_ms: Some(operation.created_ms), ..plan })
    }

    /// In the order of a task's life.
    pub(crate) fn statuses(&self) -> Vec<Status> {
        let named = &self.filter.status;
        let asked = self.query.cut(|test| if let Test::Status(asked) = test { Some(asked) } else { None });
        let is_named = !named.is_empty() || asked.is_some();
        let meant = if is_named { self.act.takes() } else { self.act.usual() };
        let is_meant = |status: &Status| {
            (named.is_empty() || named.contains(status)) && asked.is_none_or(|asked| asked.contains(status))
        };
        meant.iter().copied().filter(is_meant).collect()
    }

    /// The queues that are named, by the filter or else by the search, in the order of the alphabet.
    pub(crate) fn queues(&self) -> Vec<QueueName> {
        let asked = self.query.cut(|test| if let Test::Queue(asked) = test { Some(asked) } else { None });
        let mut queues = match asked {
            Some(asked) if self.filter.queue.is_empty() => asked.clone(),
            _ => self.filter.queue.clone(),
        };
        queues.sort();
        queues.dedup();
        queues
    }

    /// The flow that is named, by the filter or else by the search.
    pub(crate) fn flow(&self) -> Option<FlowId> {
        let asked = self.query.cut(|test| match test {
            Test::Flow(flows) if flows.len() == 1 => flows.first().copied(),
            _ => None,
        });
        self.filter.flow.or(asked)
    }

    /// Whether counts of queues say how many tasks there are.
    pub(crate) fn is_counted(&self) -> bool {
        let TaskFilter { kind, worker, tag, key, flow, created_after, created_before, .. } = &self.filter;
        let by_task = kind.is_empty() && worker.is_empty() && tag.is_empty() && key.is_empty();
        let by_task = by_task && self.query.is_empty();
        by_task && flow.is_none() && created_after.is_none() && created_before.is_none()
    }

    /// Whether a task belongs to it, as far as can be told without what lies beside it.
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
            && search::may_hold(&self.query, task, self.now_ms)
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
