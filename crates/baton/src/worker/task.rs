//! A run of a task, as its handler sees it.

use baton_core::{Fence, TaskId};
pub use baton_store::calls::task::Level;
use baton_worker::{Reporter, Run};

/// One run of a task: its payload, and what it can say of itself.
#[derive(Clone, Debug)]
pub struct Task<P> {
    pub payload: P,
    pub(super) run: Run,
}

impl<P> Task<P> {
    pub fn id(&self) -> TaskId {
        self.run.grant.task
    }

    /// The number under which this run has the task. A store that remembers the highest it has seen can refuse what a
    /// run that has lost its lease still tries to write.
    pub fn fence(&self) -> Fence {
        self.run.grant.fence
    }

    /// Attempts that have failed before this one.
    pub fn attempt(&self) -> u64 {
        self.run.grant.attempt
    }

    pub fn max_attempts(&self) -> u64 {
        self.run.grant.max_attempts
    }

    /// True where a failure of this run is the task's end.
    pub fn is_last_attempt(&self) -> bool {
        self.attempt() + 1 >= self.max_attempts()
    }

    pub fn queue(&self) -> &str {
        self.run.grant.queue.as_str()
    }

    pub fn worker(&self) -> &str {
        self.run.worker.as_str()
    }

    pub fn traceparent(&self) -> Option<&str> {
        self.run.grant.traceparent.as_deref()
    }

    /// How far the run is, from 0 to 1. It never waits: what comes faster than it can be written is thinned out.
    pub fn progress(&self, fraction: f64, text: impl Into<String>) {
        self.run.reporter.progress(fraction, text);
    }

    /// A line for the task's log.
    pub fn log(&self, level: Level, text: impl Into<String>) {
        self.run.reporter.log(level, text.into());
    }
}

/// The task's log, for parts of a handler that do not get the task.
#[derive(Clone, Debug)]
pub struct Log(pub(super) Reporter);

impl Log {
    pub fn line(&self, level: Level, text: impl Into<String>) {
        self.0.log(level, text.into());
    }
}
