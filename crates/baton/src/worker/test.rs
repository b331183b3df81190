//! A handler on its own, without Redis: for tests of handlers.

use std::sync::Arc;
use std::time::Duration;

use baton_core::{Fence, Priority, QueueName, Shard, Status, TaskId, WorkerId, id::Draw};
use baton_store::calls::task::Grant;
use baton_worker::Run;
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::TaskError;
use super::function::{self, Function};
use super::states::States;
use super::task::{Parent, Parents};
use super::tested::Tested;
use crate::payload::Payload;

/// Runs one handler on one payload, as a worker would, and answers what it said and how it ended.
///
/// ```
/// use baton::Payload;
/// use baton::worker::{Task, TaskError, TestWorker};
///
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Double { number: u64 }
/// # impl Payload for Double { const KIND: &'static str = "double"; type Output = u64; }
/// async fn double(task: Task<Double>) -> Result<u64, TaskError> {
///     task.progress(0.5, "half-way");
///     Ok(task.payload.number * 2)
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let tested = TestWorker::new().run(double, &Double { number: 21 }).await;
/// assert_eq!(tested.completed::<u64>(), Some(42));
/// assert_eq!(tested.progress, [(0.5, "half-way".to_owned())]);
/// # });
/// ```
#[derive(Debug)]
pub struct TestWorker {
    states: States,
    attempt: u64,
    cancel: CancellationToken,
    parents: Parents,
    /// What cannot be a parent, as an error of the run.
    unfit: Option<String>,
}

impl Default for TestWorker {
    fn default() -> TestWorker {
        TestWorker::new()
    }
}

impl TestWorker {
    pub fn new() -> TestWorker {
        let (states, parents, cancel) = (States::default(), Parents::default(), CancellationToken::new());
        TestWorker { states, attempt: 0, cancel, parents, unfit: None }
    }

    /// As with [`Worker::state`](super::Worker::state).
    #[must_use]
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> TestWorker {
        self.states.add(state);
        self
    }

    /// So many attempts have failed before.
    #[must_use]
    pub fn attempt(mut self, attempt: u64) -> TestWorker {
        self.attempt = attempt;
        self
    }

    /// A task that it waited for, and what that completed with.
    #[must_use]
    pub fn parent(mut self, name: &str, result: &impl Serialize) -> TestWorker {
        match serde_json::to_vec(result) {
            Ok(result) => self.add_parent(name, Status::Completed, Some(result)),
            Err(error) => self.unfit = Some(format!("the result of {name} cannot be written: {error}")),
        }
        self
    }

    /// A task that it waited for, and that ended like this.
    #[must_use]
    pub fn parent_ended(mut self, name: &str, status: Status) -> TestWorker {
        self.add_parent(name, status, None);
        self
    }

    /// Its parents, or their results, are more than a run is told of.
    #[must_use]
    pub fn parents_truncated(mut self) -> TestWorker {
        self.parents.truncated = true;
        self
    }

    fn add_parent(&mut self, name: &str, status: Status, result: Option<Vec<u8>>) {
        match name.parse() {
            Ok(name) => {
                let id = task_id(self.parents.each.len() as u16 + 1);
                self.parents.each.push(Parent { id, name: Some(name), status, result });
            }
            Err(error) => self.unfit = Some(format!("failed to {error}")),
        }
    }

    /// Fires the token that the handler gets.
    pub fn cancel(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Runs the handler to its end.
    pub async fn run<P: Payload, A>(&self, function: impl Function<P, A>, payload: &P) -> Tested {
        match serde_json::to_vec(payload) {
            Ok(bytes) => self.run_bytes(function, bytes).await,
            Err(error) => {
                Tested::of(TaskError::fail(format!("the payload cannot be written: {error}")).end())
            }
        }
    }

    /// The same on any bytes, also such as do not fit.
    pub async fn run_bytes<P: Payload, A>(&self, function: impl Function<P, A>, payload: Vec<u8>) -> Tested {
        if let Some(unfit) = &self.unfit {
            return Tested::of(TaskError::fail(unfit).end());
        }
        let Some(worker) = WorkerId::new("worker-001-test").ok() else {
            return Tested::of(TaskError::release().end());
        };
        let Ok(kind) = P::KIND.parse() else {
            return Tested::of(TaskError::fail(format!("{:?} cannot be a kind", P::KIND)).end());
        };
        let (mut run, heard) = Run::detached(self.grant(kind, payload), worker, deadline());
        run.cancel = self.cancel.clone();
        run.parents = Arc::new(self.parents.clone());
        let end = function::run(function, Arc::new(self.states.clone()), run).await;
        Tested::hear(end, heard).await
    }

    fn grant(&self, kind: baton_core::Kind, payload: Vec<u8>) -> Grant {
        Grant {
            task: task_id(0),
            fence: Fence(1_700_000_000_000_000),
            queue: QueueName::default(),
            kind,
            attempt: self.attempt,
            max_attempts: baton_core::limits::MAX_ATTEMPTS,
            crashes: 0,
            timeout_ms: baton_core::limits::TIMEOUT_MS,
            priority: Priority::default(),
            traceparent: None,
            payload,
            parents: self.parents.each.len() as u64,
            solo: false,
            redelivered: false,
        }
    }
}

fn task_id(number: u16) -> TaskId {
    TaskId::draw(Draw { now_ms: 1_700_000_000_000, counter: number, random: 0 }, Shard::FIRST)
}

/// Far enough away not to matter.
#[expect(clippy::disallowed_methods, reason = "the runtime's clock, which a test may have stopped")]
fn deadline() -> Instant {
    Instant::now() + Duration::from_millis(baton_core::limits::TIMEOUT_MS)
}

#[cfg(test)]
#[path = "test_tests.rs"]
mod tests;
