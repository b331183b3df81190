//! How far a grant reaches: into every queue, or into some. What it may not read is answered as if it were not there; what
//! it may read and not change is refused.
//!
//! Where a grant reaches everywhere, nothing here asks Redis.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashSet};

use baton_api::problem::Pointed;
use baton_api::task::Task;
use baton_auth::Action;
use baton_core::{Code, FlowId, QueueName, Shard, TaskId, limits};
use baton_store::Store;

use super::Grant;
use crate::app::App;
use crate::problem::Fail;

/// Queues that one refusal names.
const NAMED_MAX: usize = 100;

impl Grant {
    pub(crate) fn reaches(&self, action: Action, queue: &QueueName) -> bool {
        self.scopes.allow_in(action, queue)
    }

    /// Whether it is the same in every queue, so that nobody need look in which one something lies.
    pub(crate) fn reaches_all(&self, action: Action) -> bool {
        self.scopes.allow_everywhere(action)
    }

    pub(crate) fn reads(&self, queue: &QueueName) -> bool {
        self.reaches(Action::TasksRead, queue)
    }

    /// A thing of this queue that was read, or that there is none.
    pub(crate) fn must_read(&self, queue: &QueueName, unknown: Code) -> Result<(), Fail> {
        if self.reads(queue) { Ok(()) } else { Err(Fail::new(unknown)) }
    }

    /// Refuses unless it is allowed in every one of these queues, and says at which places of the request it is not.
    pub(crate) fn must_in_all<Q: Borrow<QueueName>>(
        &self,
        action: Action,
        queues: impl IntoIterator<Item = Q>,
        place: impl Fn(usize) -> String,
    ) -> Result<(), Fail> {
        if self.reaches_all(action) {
            return Ok(());
        }
        let outside =
            queues.into_iter().enumerate().filter(|(_, queue)| !self.reaches(action, queue.borrow()));
        let error = |(at, queue): (usize, Q)| Pointed {
            pointer: place(at),
            message: format!("the credential does not allow {action} in the queue {}", queue.borrow()),
        };
        let errors: Vec<Pointed> = outside.map(error).collect();
        if errors.is_empty() { Ok(()) } else { Err(Fail::lacks(action).with_all(errors, NAMED_MAX)) }
    }

    /// A task as it is shown to whoever has just acted on it: what was put into it and came out of it is for readers.
    pub(crate) fn shown(&self, task: Task) -> Task {
        if self.reads(&task.queue) {
            return task;
        }
        Task { payload: None, result: None, progress: None, error: None, history: None, ..task }
    }
}

/// Refuses what is not allowed in the queue of this task. Looks at the task only where that depends on the queue.
pub(crate) async fn task(app: &App, grant: &Grant, id: TaskId, action: Action) -> Result<(), Fail> {
    if grant.reaches_all(action) {
        return Ok(());
    }
    let read = app.store.read_tasks(id.shard(), &[id], false).await?;
    let queue = read.into_iter().next().flatten().ok_or_else(|| Fail::new(Code::UnknownTask))?.queue;
    match action {
        Action::TasksRead => grant.must_read(&queue, Code::UnknownTask),
        _ => grant.must_in(action, &queue),
    }
}

/// Those of these tasks that are there and cannot be read.
pub(crate) async fn hidden(
    store: &Store,
    grant: &Grant,
    tasks: impl IntoIterator<Item = TaskId>,
) -> Result<HashSet<TaskId>, Fail> {
    let mut hidden = HashSet::new();
    if grant.reaches_all(Action::TasksRead) {
        return Ok(hidden);
    }
    let mut by_shard: BTreeMap<Shard, HashSet<TaskId>> = BTreeMap::new();
    for task in tasks {
        by_shard.entry(task.shard()).or_default().insert(task);
    }
    // A shard that is not there has no tasks to hide.
    for (shard, tasks) in by_shard.into_iter().filter(|(shard, _)| store.keys(*shard).is_ok()) {
        let tasks: Vec<TaskId> = tasks.into_iter().collect();
        for some in tasks.chunks(limits::PAGE_MAX as usize) {
            let read = store.read_tasks(shard, some, false).await?;
            hidden.extend(
                read.into_iter().flatten().filter(|task| !grant.reads(&task.queue)).map(|task| task.id),
            );
        }
    }
    Ok(hidden)
}

/// What a grant that does not reach everywhere finds in a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Met {
    /// A task that may be read.
    seen: bool,
    /// A task to which it must not be done.
    outside: bool,
    /// Places of tasks, and how many of them had a task already.
    places: u64,
    tasks: u64,
}

/// Refuses to do something to a flow unless it is allowed in the queues of all its tasks. A flow of which no task can be
/// read is unknown.
pub(crate) async fn flow(app: &App, grant: &Grant, id: FlowId, action: Action) -> Result<(), Fail> {
    if grant.reaches_all(action) {
        return Ok(());
    }
    match look(&app.store, grant, id, action, |met| met.outside && met.seen).await? {
        Met { places: 0, .. } => Err(Fail::new(Code::UnknownFlow)),
        Met { outside: true, seen: false, .. } => Err(Fail::new(Code::UnknownFlow)),
        Met { outside: true, .. } => {
            let detail = "The credential does not allow this in the queue of every task of the flow.";
            Err(Fail::lacks(action).because(detail))
        }
        Met { places, tasks, .. } if tasks < places => {
            let detail = "The tasks of the flow still come into their places. Ask again in a moment.";
            Err(Fail::new(Code::Conflict).because(detail).again_after(1_000))
        }
        _ => Ok(()),
    }
}

/// Refuses to show a flow of which no task can be read.
pub(crate) async fn some_of_flow(app: &App, grant: &Grant, id: FlowId) -> Result<(), Fail> {
    if grant.reaches_all(Action::TasksRead) {
        return Ok(());
    }
    let met = look(&app.store, grant, id, Action::TasksRead, |met| met.seen).await?;
    if met.seen { Ok(()) } else { Err(Fail::new(Code::UnknownFlow)) }
}

async fn look(
    store: &Store,
    grant: &Grant,
    id: FlowId,
    action: Action,
    enough: impl Fn(&Met) -> bool,
) -> Result<Met, Fail> {
    let mut met = Met::default();
    if store.keys(id.shard()).is_err() {
        return Ok(met);
    }
    for first in (0..limits::FLOW_TASKS_MAX).step_by(limits::PAGE_MAX as usize) {
        let page = store.flow_tasks(id, first, limits::PAGE_MAX, 0).await?;
        met.places = page.total;
        met.tasks += page.tasks.len() as u64;
        for read in &page.tasks {
            met.seen |= grant.reads(&read.task.queue);
            met.outside |= !grant.reaches(action, &read.task.queue);
        }
        if enough(&met) || first + limits::PAGE_MAX >= page.total {
            break;
        }
    }
    Ok(met)
}

#[cfg(test)]
mod tests {
    use baton_store::Options;
    use baton_testkit::PrivateRedis;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::app::Settings;
    use crate::auth::of_key as grant;

    fn queues(names: &[&str]) -> Vec<QueueName> {
        names.iter().map(|name| QueueName::new(name).unwrap()).collect()
    }

    #[test]
    fn what_cannot_be_read_is_not_there() {
        let some = grant("tasks:read@a tasks:write@b");
        let [a, b] = queues(&["a", "b"]).try_into().unwrap();
        assert_eq!(some.must_read(&a, Code::UnknownTask), Ok(()));
        assert_eq!(some.must_read(&b, Code::UnknownQueue), Err(Fail::new(Code::UnknownQueue)));
        assert_eq!(some.must_in(Action::TasksWrite, &b), Ok(()));
        assert_eq!(some.must_in(Action::TasksWrite, &a), Err(Fail::lacks(Action::TasksWrite)));
        assert!(!some.reaches_all(Action::TasksRead) && grant("tasks:read@*").reaches_all(Action::TasksRead));
    }

    #[test]
    fn all_that_is_outside_is_named() {
        let place = |at| format!("/tasks/{at}/queue");
        let asked = queues(&["img-1", "a", "img-2", "b"]);
        let refused = grant("tasks:write@img-*").must_in_all(Action::TasksWrite, &asked, place).unwrap_err();
        let pointers: Vec<&str> = refused.errors().iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(
            (refused.code, &pointers[..]),
            (Code::InsufficientScope, &["/tasks/1/queue", "/tasks/3/queue"][..])
        );
        assert_eq!(grant("tasks:write").must_in_all(Action::TasksWrite, &asked, place), Ok(()));
        let many = queues(&["x"; 1_000]);
        let refused = grant("").must_in_all(Action::TasksWrite, &many, place).unwrap_err();
        assert_eq!(refused.errors().len(), NAMED_MAX + 1);
    }

    #[tokio::test]
    async fn whoever_reaches_everywhere_costs_no_question() {
        let redis = PrivateRedis::start().await;
        let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
        let app = App::start(store, Settings::default(), CancellationToken::new());
        drop(redis);
        let id: TaskId = "01a1fc29-8a56-7000-8a14-c38b1cfc4000".parse().unwrap();
        let flow: FlowId = id.to_string().parse().unwrap();
        let all = grant("tasks:read tasks:write");
        assert_eq!(task(&app, &all, id, Action::TasksWrite).await, Ok(()));
        assert_eq!(hidden(&app.store, &all, [id]).await, Ok(HashSet::new()));
        assert_eq!(super::flow(&app, &all, flow, Action::TasksWrite).await, Ok(()));
        assert_eq!(some_of_flow(&app, &all, flow).await, Ok(()));
        let some = grant("tasks:read@a tasks:write@a");
        let code = |asked: Result<(), Fail>| asked.map_err(|fail| fail.code);
        assert_eq!(code(task(&app, &some, id, Action::TasksWrite).await), Err(Code::RedisUnavailable));
        assert_eq!(code(some_of_flow(&app, &some, flow).await), Err(Code::RedisUnavailable));
    }
}
