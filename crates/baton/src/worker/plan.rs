//! What a worker starts from, once nothing about it is wrong.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use baton_core::{Kind, LeaseLength, Namespace, QueueName, ShardCount, WorkerId};
use baton_worker::config::worker_id;
use baton_worker::handlers::builtin;
use baton_worker::{Handler, Handlers, Run};

use super::function::{self, Function};
use super::settings::Worker;
use super::states::{Lacking, States};
use crate::payload::Payload;

/// Adds what one call of `handle`, `exec` or `http` asked for, once everything else is known.
pub(super) type Addition = Box<dyn FnOnce(&mut Handlers, &Arc<States>) -> Vec<String> + Send>;

/// A worker that lacks nothing.
pub(super) struct Plan {
    pub(super) url: String,
    pub(super) namespace: Namespace,
    pub(super) shards: ShardCount,
    pub(super) id: Option<WorkerId>,
    pub(super) kind: String,
    pub(super) slots: usize,
    pub(super) drain: Duration,
    pub(super) handlers: Handlers,
    pub(super) lease: LeaseLength,
    pub(super) queues: Vec<QueueName>,
}

impl Worker {
    /// Everything that can be wrong is found before the first task, and all of it is said.
    pub(super) fn plan(self) -> Result<Plan, Vec<String>> {
        let mut wrong = Vec::new();
        let handlers = handlers(self.additions, self.states, &mut wrong);
        let lease_ms = u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX);
        let lease = right(LeaseLength::from_ms(lease_ms), &mut wrong).unwrap_or_default();
        let named = self.namespace.map(|name| Namespace::new(&name));
        let namespace = named.and_then(|name| right(name, &mut wrong)).unwrap_or_default();
        let shards = right(ShardCount::new(self.shards), &mut wrong).unwrap_or(ShardCount::ONE);
        let id = self.id.and_then(|id| right(WorkerId::new(&id), &mut wrong));
        let named = self.queues.iter().filter_map(|name| right(QueueName::new(name), &mut wrong));
        let mut queues: Vec<QueueName> = named.collect();
        if queues.is_empty() {
            queues.push(QueueName::default());
        }
        right(worker_id(1, &self.kind), &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let Worker { url, slots, drain, .. } = self;
        let kind = id.as_ref().map_or(self.kind, last_part);
        Ok(Plan { url, namespace, shards, id, kind, slots, drain, handlers, lease, queues })
    }
}

/// `media` of `worker-001-media`.
fn last_part(id: &WorkerId) -> String {
    id.as_str().splitn(3, '-').last().unwrap_or_default().to_owned()
}

/// The value, or one more thing that is wrong.
fn right<T, E: Display>(read: Result<T, E>, wrong: &mut Vec<String>) -> Option<T> {
    read.map_err(|error| wrong.push(format!("failed to {error}"))).ok()
}

fn handlers(additions: Vec<Addition>, states: States, wrong: &mut Vec<String>) -> Handlers {
    let (mut handlers, states) = (Handlers::default(), Arc::new(states));
    for addition in additions {
        wrong.extend(addition(&mut handlers, &states));
    }
    if handlers.kinds().next().is_none() && wrong.is_empty() {
        wrong.push("it has no handler".to_owned());
    }
    handlers
}

pub(super) fn add_function<P: Payload, A: 'static, F: Function<P, A>>(
    handlers: &mut Handlers,
    states: &Arc<States>,
    function: F,
) -> Vec<String> {
    let states = Arc::clone(states);
    let mut wrong = F::lacks(Lacking(&states));
    let handler = move |run: Run| function::run::<P, A>(function.clone(), Arc::clone(&states), run);
    wrong.extend(add_handler(handlers, P::KIND, handler));
    wrong
}

pub(super) fn add_handler(handlers: &mut Handlers, kind: &str, handler: impl Handler) -> Vec<String> {
    let kind = match Kind::new(kind) {
        Ok(kind) => kind,
        Err(error) => return vec![format!("failed to {error}")],
    };
    handlers.add(kind, handler).err().map(|error| format!("failed to {error}")).into_iter().collect()
}

pub(super) fn add_builtins(handlers: &mut Handlers) -> Vec<String> {
    builtin(handlers).err().map(|error| format!("failed to {error}")).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::{State, Task, TaskError};
    use super::*;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Greet;

    impl Payload for Greet {
        const KIND: &'static str = "greet";
        type Output = ();
    }

    async fn greet(_: Task<Greet>, State(_): State<u64>) -> Result<(), TaskError> {
        Ok(())
    }

    fn wrong(worker: Worker) -> Vec<String> {
        worker.plan().err().unwrap_or_default()
    }

    #[test]
    fn what_is_missing_or_doubled_is_found_before_the_first_task() {
        let worker = || Worker::connect("redis://nowhere");
        assert_eq!(wrong(worker()), ["it has no handler"]);
        assert!(wrong(worker().handle(greet))[0].contains("State<u64>"));
        assert_eq!(wrong(worker().handle(greet).state(1_u64)), [""; 0]);
        let doubled = worker().handle(greet).state(1_u64).handle(greet).queues(["a b"]).named("Media");
        let all = wrong(doubled);
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(all[0].contains("second handler"), "{all:?}");
        let nowhere = worker().builtins().namespace("a b").shards(0).id("worker-1").lease(Duration::ZERO);
        assert_eq!(wrong(nowhere).len(), 4);
    }

    #[test]
    fn where_it_works_can_be_said() {
        let worker = Worker::connect("redis://nowhere").builtins().namespace("mine").shards(4);
        let plan = worker.id("worker-007-media").plan().ok().unwrap();
        assert_eq!((plan.namespace.as_str(), plan.shards.get(), plan.kind.as_str()), ("mine", 4, "media"));
        assert_eq!(plan.id.map(|id| id.to_string()).as_deref(), Some("worker-007-media"));
    }
}
