//! A run of a task, as its handler sees it.

use std::collections::BTreeMap;

use baton_core::{Fence, Status, TaskId};
pub use baton_store::calls::task::Level;
pub use baton_store::calls::task::{Parent, Parents};
use baton_worker::{Reporter, Run};
use serde::de::DeserializeOwned;

use super::error::TaskError;

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

    /// What the tasks that it waited for resulted in, all of one type: each under its name in the flow, or under its id
    /// where it has none or shares it. One that did not complete has `null`: take an `Option` where the task runs
    /// whatever became of them.
    ///
    /// No further attempt makes sense where one does not fit the type, or where there are more than fit: then the error
    /// of this ends the task.
    pub fn parents<T: DeserializeOwned>(&self) -> Result<BTreeMap<String, T>, TaskError> {
        if self.run.parents.truncated {
            return Err(misfit(
                "the parents resulted in more than a run is told of: read it by their ids".to_owned(),
            ));
        }
        self.run
            .parents
            .named()
            .map(|(word, parent)| result(&word, parent).map(|value| (word, value)))
            .collect()
    }

    /// What one of them resulted in, by its name or its id: for parents of several types.
    pub fn parent<T: DeserializeOwned>(&self, word: &str) -> Result<T, TaskError> {
        let all = &self.run.parents;
        let is_it = |(name, parent): &(String, &Parent)| name == word || parent.id.to_string() == word;
        let Some((_, parent)) = all.named().find(is_it) else {
            return Err(misfit(format!("no parent {word} is known to this run")));
        };
        if all.truncated && parent.status == Status::Completed && parent.result.is_none() {
            return Err(misfit(format!(
                "for the result of the parent {word} there was no room: read it by its id"
            )));
        }
        result(word, parent)
    }

    /// The same as they are: with how each ended, its bytes, and whether something was left out.
    pub fn all_parents(&self) -> &Parents {
        &self.run.parents
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

fn result<T: DeserializeOwned>(word: &str, parent: &Parent) -> Result<T, TaskError> {
    let bytes = parent.result.as_deref().unwrap_or(b"null");
    let fits = serde_json::from_slice(bytes);
    fits.map_err(|error| misfit(format!("what the parent {word} resulted in does not fit: {error}")))
}

/// The next attempt would read the same.
fn misfit(error: String) -> TaskError {
    TaskError::fail(error).because("parents")
}

/// The task's log, for parts of a handler that do not get the task.
#[derive(Clone, Debug)]
pub struct Log(pub(super) Reporter);

impl Log {
    pub fn line(&self, level: Level, text: impl Into<String>) {
        self.0.log(level, text.into());
    }
}
