//! A worker put together and run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use baton_core::{Kind, LeaseLength, QueueName};
use baton_store::{OpenError, Options as StoreOptions, Store, UrlError};
use baton_worker::config::worker_id;
use baton_worker::handlers::{Exec, HttpPush, builtin};
use baton_worker::run::about;
use baton_worker::{Ended, Engine, EngineError, Handler, Handlers, Options, Run};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::function::{self, Function};
use super::states::{Lacking, States};
use crate::payload::Payload;

/// Adds what one call of `handle`, `exec` or `http` asked for, once everything else is known.
type Addition = Box<dyn FnOnce(&mut Handlers, &Arc<States>) -> Vec<String> + Send>;

/// A worker in the making: say what it handles, then [run](Worker::run) it.
pub struct Worker {
    url: String,
    kind: String,
    queues: Vec<String>,
    slots: usize,
    lease: Duration,
    drain: Duration,
    states: States,
    additions: Vec<Addition>,
}

/// Why a worker does not start, or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// Everything that is wrong with how it was put together.
    #[error("start the worker: {}", .0.join("; "))]
    Wrong(Vec<String>),
    #[error("understand the address of Redis")]
    Url(#[from] UrlError),
    #[error("begin to work with Redis")]
    Open(#[from] OpenError),
    #[error("listen for signals")]
    Signals(#[source] std::io::Error),
    #[error("work on")]
    Engine(#[from] EngineError),
}

impl From<baton_store::Error> for WorkerError {
    fn from(error: baton_store::Error) -> WorkerError {
        WorkerError::Engine(EngineError::Store(error))
    }
}

impl Worker {
    /// A worker of the Redis at this address: `redis://…`, `rediss://…`, `unix:///…`, `redis+sentinel://…`,
    /// `redis+cluster://…`. Nothing is sent yet.
    pub fn connect(redis: impl Into<String>) -> Worker {
        Worker {
            url: redis.into(),
            kind: "default".to_owned(),
            queues: Vec::new(),
            slots: 8,
            lease: Duration::from_millis(baton_core::limits::LEASE_MS),
            drain: Duration::from_secs(30),
            states: States::default(),
            additions: Vec::new(),
        }
    }

    /// A worker of the Redis that `BATON_REDIS_URL` names, or of the one on this machine.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the edge: programs that want no environment call `connect`"
    )]
    pub fn from_env() -> Worker {
        Worker::connect(
            std::env::var("BATON_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned()),
        )
    }

    /// What its handlers can ask for as [`State<T>`](super::State), one value per type.
    #[must_use]
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> Worker {
        self.states.add(state);
        self
    }

    /// An async function for tasks of its payload's kind.
    #[must_use]
    pub fn handle<P: Payload, A: 'static>(mut self, function: impl Function<P, A>) -> Worker {
        self.additions.push(Box::new(move |handlers, states| add_function(handlers, states, function)));
        self
    }

    /// Any other handler, for tasks of this kind: a program, a URL, or one of your own.
    #[must_use]
    pub fn handler(mut self, kind: &str, handler: impl Handler) -> Worker {
        let kind = kind.to_owned();
        self.additions.push(Box::new(move |handlers, _| add(handlers, &kind, handler)));
        self
    }

    /// A program for tasks of this kind.
    #[must_use]
    pub fn exec(self, kind: &str, program: Exec) -> Worker {
        self.handler(kind, program)
    }

    /// A URL to which tasks of this kind are posted.
    #[must_use]
    pub fn http(self, kind: &str, push: HttpPush) -> Worker {
        self.handler(kind, push)
    }

    /// The handlers `noop`, `echo`, `sleep` and `fail`, for demonstrations and measurements.
    #[must_use]
    pub fn builtins(mut self) -> Worker {
        let add = |handlers: &mut Handlers, _: &Arc<States>| {
            builtin(handlers).err().map(|error| format!("failed to {error}")).into_iter().collect()
        };
        self.additions.push(Box::new(add));
        self
    }

    /// The queues it claims from; `default` unless any is named.
    #[must_use]
    pub fn queues<T: Into<String>>(mut self, queues: impl IntoIterator<Item = T>) -> Worker {
        self.queues.extend(queues.into_iter().map(Into::into));
        self
    }

    /// How many tasks it runs at once.
    #[must_use]
    pub fn slots(mut self, slots: usize) -> Worker {
        self.slots = slots;
        self
    }

    /// How long its tasks stay its own when it gives no more sign of life.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Worker {
        self.lease = lease;
        self
    }

    /// How long runs may go on once the worker is to end.
    #[must_use]
    pub fn drain(mut self, drain: Duration) -> Worker {
        self.drain = drain;
        self
    }

    /// The last part of its id, as in `worker-001-media`: what it is for.
    #[must_use]
    pub fn named(mut self, kind: impl Into<String>) -> Worker {
        self.kind = kind.into();
        self
    }

    /// Works until the process is told to end (SIGTERM or Ctrl-C), then lets runs finish. Told a second time, it gives
    /// back what still runs.
    pub async fn run(self) -> Result<Ended, WorkerError> {
        let (drain, now) = (CancellationToken::new(), CancellationToken::new());
        let listener = listen(drain.clone(), now.clone()).map_err(WorkerError::Signals)?;
        let outcome = self.run_until(drain, now).await;
        listener.abort();
        outcome
    }

    /// Works until `drain` fires and everything is settled. When `now` fires, what still runs is given back.
    pub async fn run_until(
        self,
        drain: CancellationToken,
        now: CancellationToken,
    ) -> Result<Ended, WorkerError> {
        self.plan().map_err(WorkerError::Wrong)?.run(drain, now).await
    }

    /// Everything that can be wrong is found before the first task, and all of it is said.
    fn plan(self) -> Result<Plan, Vec<String>> {
        let mut wrong = Vec::new();
        let mut handlers = Handlers::default();
        let states = Arc::new(self.states);
        for addition in self.additions {
            wrong.extend(addition(&mut handlers, &states));
        }
        if handlers.kinds().next().is_none() && wrong.is_empty() {
            wrong.push("it has no handler".to_owned());
        }
        let lease = LeaseLength::from_ms(u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX));
        let lease = lease.map_err(|error| wrong.push(format!("failed to {error}"))).unwrap_or_default();
        let mut queues = Vec::new();
        for name in &self.queues {
            match QueueName::new(name) {
                Ok(queue) => queues.push(queue),
                Err(error) => wrong.push(format!("failed to {error}")),
            }
        }
        if queues.is_empty() {
            queues.push(QueueName::default());
        }
        wrong.extend(worker_id(1, &self.kind).err().map(|error| format!("failed to {error}")));
        let Worker { url, kind, slots, drain, .. } = self;
        if wrong.is_empty() {
            Ok(Plan { url, kind, slots, drain, handlers, lease, queues })
        } else {
            Err(wrong)
        }
    }
}

/// A worker that lacks nothing.
struct Plan {
    url: String,
    kind: String,
    slots: usize,
    drain: Duration,
    handlers: Handlers,
    lease: LeaseLength,
    queues: Vec<QueueName>,
}

impl Plan {
    async fn run(self, drain: CancellationToken, now: CancellationToken) -> Result<Ended, WorkerError> {
        let (store, warnings) = Store::open(StoreOptions::new(self.url.parse()?)).await?;
        warnings.iter().for_each(|warning| tracing::warn!(%warning, "this should be looked at"));
        let id = worker_id(store.number_worker().await?, &self.kind);
        let mut options =
            Options::new(id.map_err(|error| WorkerError::Wrong(vec![format!("failed to {error}")]))?);
        options.about = about(&self.kind, &self.queues, self.slots, &self.handlers);
        options.queues = self.queues;
        options.slots = self.slots;
        options.lease = self.lease;
        options.drain = self.drain;
        Ok(Engine::new(store, self.handlers, options)?.run(drain, now).await?)
    }
}

fn add_function<P: Payload, A: 'static, F: Function<P, A>>(
    handlers: &mut Handlers,
    states: &Arc<States>,
    function: F,
) -> Vec<String> {
    let states = Arc::clone(states);
    let mut wrong = F::lacks(Lacking(&states));
    let handler = move |run: Run| function::run::<P, A>(function.clone(), Arc::clone(&states), run);
    wrong.extend(add(handlers, P::KIND, handler));
    wrong
}

fn add(handlers: &mut Handlers, kind: &str, handler: impl Handler) -> Vec<String> {
    let kind = match Kind::new(kind) {
        Ok(kind) => kind,
        Err(error) => return vec![format!("failed to {error}")],
    };
    handlers.add(kind, handler).err().map(|error| format!("failed to {error}")).into_iter().collect()
}

/// The first signal drains, the second ends.
fn listen(drain: CancellationToken, now: CancellationToken) -> std::io::Result<tokio::task::JoinHandle<()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::spawn(async move {
        for token in [drain, now] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            token.cancel();
        }
    }))
}

impl fmt::Debug for Worker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Worker")
            .field("queues", &self.queues)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
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
    }
}
