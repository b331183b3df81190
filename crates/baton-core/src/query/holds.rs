//! Whether a query holds for a task.

use std::fmt;

use super::{ErrorWord, Query, Test};
use crate::fingerprint::{Fingerprint, message};
use crate::id::{FlowId, TaskId};
use crate::lifecycle::Status;
use crate::name::{DedupeKey, GroupName, Kind, QueueName, Tag, WorkerId};

/// A task, as far as queries see it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub id: TaskId,
    pub status: Status,
    pub queue: &'a QueueName,
    pub kind: &'a Kind,
    pub tags: &'a [Tag],
    pub worker: Option<&'a WorkerId>,
    pub flow: Option<FlowId>,
    pub key: Option<&'a DedupeKey>,
    pub group: Option<&'a GroupName>,
    pub attempt: u64,
    pub created_ms: u64,
    pub finished_ms: Option<u64>,
}

/// What lies beside a task.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// What the last run that failed had to say, as it is stored, and its reason.
    pub error: &'a [u8],
    pub reason: &'a str,
    /// `None` where it is too large to be looked into.
    pub payload: Option<&'a dyn Payload>,
}

impl Values<'_> {
    fn tell(&self, task: &Subject<'_>, words: &[ErrorWord]) -> bool {
        words.iter().any(|word| match word {
            ErrorWord::Part(part) => self.fails_with(part),
            ErrorWord::Group(group) => self.group(task) == Some(*group),
        })
    }

    fn fails_with(&self, part: &str) -> bool {
        has(&String::from_utf8_lossy(self.error), part) || has(self.reason, part)
    }

    /// The group of failures of the last run that failed; `None` where none did. A cancelled task has the reason of that.
    fn group(&self, task: &Subject<'_>) -> Option<Fingerprint> {
        let failed = match task.status {
            Status::Failed | Status::Timeout => true,
            Status::Completed | Status::Cancelled => false,
            _ => !self.error.is_empty() || !self.reason.is_empty(),
        };
        failed.then(|| Fingerprint::of(task.kind, self.reason, &message(self.reason, self.error)))
    }
}

/// A payload, whatever form it has.
pub trait Payload: fmt::Debug {
    /// All of it, as far as it is text, in small letters.
    fn lower(&self) -> &str;

    /// The value at a path as it would be typed, if one that is no list and no object stands there.
    fn at(&self, path: &[String]) -> Option<String>;
}

impl Query {
    /// `None` where it cannot be told: what lies beside the task, or its payload, would have to be looked into.
    pub fn holds(&self, task: &Subject<'_>, values: Option<&Values<'_>>, now_ms: u64) -> Option<bool> {
        let mut all = Some(true);
        for term in &self.terms {
            match term.test.holds(task, values, now_ms) {
                Some(is) if is == term.negated => return Some(false),
                Some(_) => {}
                None => all = None,
            }
        }
        all
    }
}

fn one_of<T: PartialEq>(values: &[T], is: Option<&T>) -> bool {
    is.is_some_and(|is| values.contains(is))
}

impl Test {
    fn holds(&self, task: &Subject<'_>, values: Option<&Values<'_>>, now_ms: u64) -> Option<bool> {
        Some(match self {
            Test::Status(values) => values.contains(&task.status),
            Test::Queue(values) => values.contains(task.queue),
            Test::Kind(values) => values.contains(task.kind),
            Test::Tag(values) => task.tags.iter().any(|tag| values.contains(tag)),
            Test::Worker(values) => one_of(values, task.worker),
            Test::Flow(values) => one_of(values, task.flow.as_ref()),
            Test::Key(values) => one_of(values, task.key),
            Test::Group(values) => one_of(values, task.group),
            Test::Id(values) => values.contains(&task.id),
            Test::Attempt(compare, number) => compare.holds(task.attempt, *number),
            Test::Created(compare, point) => point.is_compared(*compare, task.created_ms, now_ms),
            Test::Finished(compare, point) => {
                task.finished_ms.is_some_and(|at_ms| point.is_compared(*compare, at_ms, now_ms))
            }
            Test::Error(words) => values?.tell(task, words),
            Test::Payload { path, values: wanted } => {
                values?.payload?.at(path).is_some_and(|is| wanted.contains(&is))
            }
            Test::Text(part) => {
                let values = values?;
                task.says(part)
                    || values.fails_with(part)
                    || values.payload?.lower().contains(&part.to_lowercase())
            }
        })
    }
}

impl Subject<'_> {
    fn says(&self, part: &str) -> bool {
        has(self.kind.as_str(), part)
            || has(self.queue.as_str(), part)
            || self.key.is_some_and(|key| has(key.as_str(), part))
            || self.group.is_some_and(|group| has(group.as_str(), part))
            || self.worker.is_some_and(|worker| has(worker.as_str(), part))
            || self.tags.iter().any(|tag| has(tag.as_str(), part))
            || has(&self.id.to_string(), part)
    }
}

/// Whether a text has this part, in letters of either size.
fn has(text: &str, part: &str) -> bool {
    text.contains(part) || text.to_lowercase().contains(&part.to_lowercase())
}
