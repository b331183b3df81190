//! A handler on its own, without Redis: for tests of handlers.

use std::sync::Arc;
use std::time::Duration;

use baton_core::{Fence, Priority, QueueName, TaskId, WorkerId, id::Draw};
use baton_store::calls::task::Grant;
use baton_worker::handler::{Heard, Word};
use baton_worker::{End, Run};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::TaskError;
use super::function::{self, Function};
use super::states::States;
use super::task::Level;
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
}

impl Default for TestWorker {
    fn default() -> TestWorker {
        TestWorker::new()
    }
}

impl TestWorker {
    pub fn new() -> TestWorker {
        TestWorker { states: States::default(), attempt: 0, cancel: CancellationToken::new() }
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
        let Some(worker) = WorkerId::new("worker-001-test").ok() else {
            return Tested::of(TaskError::release().end());
        };
        let Ok(kind) = P::KIND.parse() else {
            return Tested::of(TaskError::fail(format!("{:?} cannot be a kind", P::KIND)).end());
        };
        let (mut run, heard) = Run::detached(self.grant(kind, payload), worker, deadline());
        run.cancel = self.cancel.clone();
        let end = function::run(function, Arc::new(self.states.clone()), run).await;
        Tested::hear(end, heard).await
    }

    fn grant(&self, kind: baton_core::Kind, payload: Vec<u8>) -> Grant {
        let draw = Draw { now_ms: 1_700_000_000_000, counter: 0, random: 0 };
        Grant {
            task: TaskId::draw(draw, baton_core::Shard::FIRST),
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
            solo: false,
            redelivered: false,
        }
    }
}

/// Far enough away not to matter.
#[expect(clippy::disallowed_methods, reason = "the runtime's clock, which a test may have stopped")]
fn deadline() -> Instant {
    Instant::now() + Duration::from_millis(baton_core::limits::TIMEOUT_MS)
}

/// What a handler said, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    pub end: End,
    pub progress: Vec<(f64, String)>,
    pub log: Vec<(Level, String)>,
}

impl Tested {
    fn of(end: End) -> Tested {
        Tested { end, progress: Vec::new(), log: Vec::new() }
    }

    async fn hear(end: End, mut heard: Heard) -> Tested {
        let mut tested = Tested::of(end);
        while let Some(word) = heard.next().await {
            match word {
                Word::Progress { fraction, text } => tested.progress.push((fraction, text)),
                Word::Line { level, text } => {
                    tested.log.push((level, String::from_utf8_lossy(&text).into_owned()));
                }
            }
        }
        tested
    }

    /// What it completed with, if it did, as this type.
    pub fn completed<O: DeserializeOwned>(&self) -> Option<O> {
        match &self.end {
            End::Complete(bytes) => serde_json::from_slice(bytes).ok(),
            _ => None,
        }
    }

    /// Did it end with this error? Compares everything that a worker would report.
    pub fn ended_with(&self, error: TaskError) -> bool {
        self.end == error.end()
    }

    /// Did it complete with a value that is written like this one?
    pub fn completed_with(&self, value: &impl Serialize) -> bool {
        matches!((&self.end, serde_json::to_vec(value)), (End::Complete(bytes), Ok(wanted)) if *bytes == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Log, State, Task};
    use super::*;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Divide {
        by: u64,
    }

    impl Payload for Divide {
        const KIND: &'static str = "divide";
        type Output = u64;
    }

    async fn divide(
        task: Task<Divide>,
        State(number): State<u64>,
        cancel: CancellationToken,
        log: Log,
    ) -> Result<u64, TaskError> {
        log.line(Level::Info, format!("attempt {}", task.attempt() + 1));
        if cancel.is_cancelled() {
            return Err(TaskError::release());
        }
        if task.payload.by == 0 {
            return Err(TaskError::fail("nobody divides by zero"));
        }
        let text = if task.payload.by == 13 { "thirteen".to_owned() } else { task.payload.by.to_string() };
        Ok(number / text.parse::<u64>()?)
    }

    fn worker() -> TestWorker {
        TestWorker::new().state(84_u64)
    }

    #[tokio::test]
    async fn a_handler_gets_what_it_asks_for() {
        let tested = worker().attempt(2).run(divide, &Divide { by: 2 }).await;
        assert_eq!(tested.completed::<u64>(), Some(42));
        assert_eq!(tested.log, [(Level::Info, "attempt 3".to_owned())]);
    }

    #[tokio::test]
    async fn its_errors_say_what_becomes_of_the_task() {
        assert!(
            worker()
                .run(divide, &Divide { by: 0 })
                .await
                .ended_with(TaskError::fail("nobody divides by zero"))
        );
        let parse = worker().run(divide, &Divide { by: 13 }).await;
        assert!(matches!(parse.end, End::Retry { in_ms: None, .. }), "{parse:?}");
        let cancelled = worker();
        cancelled.cancel().cancel();
        assert!(cancelled.run(divide, &Divide { by: 2 }).await.ended_with(TaskError::release()));
    }

    #[tokio::test]
    async fn a_payload_that_does_not_fit_fails_for_good_with_a_sentence() {
        let End::Fail { error, reason } = worker().run_bytes(divide, br#"{"by":"two"}"#.to_vec()).await.end
        else {
            panic!("it failed")
        };
        assert_eq!(reason, "payload");
        assert!(
            error.starts_with("the payload does not fit divide: invalid type: string \"two\""),
            "{error}"
        );
    }

    #[tokio::test]
    async fn what_a_worker_lacks_is_named() {
        let tested = TestWorker::new().run(divide, &Divide { by: 2 }).await;
        let End::Release { reason, .. } = tested.end else { panic!("it was given back") };
        assert!(reason.contains("State<u64>"), "{reason}");
    }
}
