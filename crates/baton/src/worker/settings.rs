//! A worker in the making: what can be said of it.

use std::fmt;
use std::time::Duration;

use baton_worker::Handler;
use baton_worker::handlers::{Exec, HttpPush};

use super::function::Function;
use super::plan::{Addition, add_builtins, add_function, add_handler};
use super::states::States;
use crate::payload::Payload;

/// A worker in the making: say what it handles, then [run](Worker::run) it.
pub struct Worker {
    pub(super) url: String,
    pub(super) namespace: Option<String>,
    pub(super) shards: u32,
    pub(super) id: Option<String>,
    pub(super) kind: String,
    pub(super) queues: Vec<String>,
    pub(super) slots: usize,
    pub(super) lease: Duration,
    pub(super) drain: Duration,
    pub(super) states: States,
    pub(super) additions: Vec<Addition>,
}

impl Worker {
    /// A worker of the Redis at this address: `redis://…`, `rediss://…`, `unix:///…`, `redis+sentinel://…`,
    /// `redis+cluster://…`. Nothing is sent yet.
    pub fn connect(redis: impl Into<String>) -> Worker {
        Worker {
            url: redis.into(),
            kind: "default".to_owned(),
            queues: Vec::new(),
            namespace: None,
            shards: 1,
            id: None,
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

    /// The namespace that it works in, where it is not `baton`.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Worker {
        self.namespace = Some(namespace.into());
        self
    }

    /// How many shards the namespace has, where it is more than one. It has as many as whoever founded it said, and a
    /// worker that says another number does not start.
    #[must_use]
    pub fn shards(mut self, shards: u32) -> Worker {
        self.shards = shards;
        self
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
        self.additions.push(Box::new(move |handlers, _| add_handler(handlers, &kind, handler)));
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

    /// The handlers `noop`, `echo`, `sleep`, `fail` and `test-problem`, for demonstrations and measurements.
    #[must_use]
    pub fn builtins(mut self) -> Worker {
        self.additions.push(Box::new(|handlers, _| add_builtins(handlers)));
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

    /// The last part of its id, as in `worker-001-media`: what it is for. The number is drawn when it starts.
    #[must_use]
    pub fn named(mut self, kind: impl Into<String>) -> Worker {
        self.kind = kind.into();
        self
    }

    /// Its whole id, for a place that keeps one over restarts. A process that starts under an id takes over what the
    /// one before it held, which ends if it still lives: two that work at the same time need two ids.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Worker {
        self.id = Some(id.into());
        self
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Worker")
            .field("queues", &self.queues)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}
