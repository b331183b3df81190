//! Whether a query holds for a task.

use std::fmt;

use super::{Query, Test};
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
    /// What the last run that failed had to say, and its reason.
    pub error: &'a str,
    pub reason: &'a str,
    pub payload: &'a dyn Payload,
}

/// A payload, whatever form it has.
pub trait Payload: fmt::Debug {
    /// All of it, as far as it is text, in small letters.
    fn lower(&self) -> &str;

    /// The value at a path as it would be typed, if one that is no list and no object stands there.
    fn at(&self, path: &[String]) -> Option<String>;
}

impl Query {
    /// Without values, terms that need them are taken to hold, turned round or not: who has none looks again with them.
    pub fn holds(&self, task: &Subject<'_>, values: Option<&Values<'_>>, now_ms: u64) -> bool {
        self.terms.iter().all(|term| match (term.test.needs_values(), values) {
            (true, None) => true,
            (true, Some(values)) => term.test.holds_of(task, values) != term.negated,
            (false, _) => term.test.holds(task, now_ms) != term.negated,
        })
    }
}

fn one_of<T: PartialEq>(values: &[T], is: Option<&T>) -> bool {
    is.is_some_and(|is| values.contains(is))
}

impl Test {
    fn holds(&self, task: &Subject<'_>, now_ms: u64) -> bool {
        match self {
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
            Test::Error(_) | Test::Payload { .. } | Test::Text(_) => true,
        }
    }

    fn holds_of(&self, task: &Subject<'_>, values: &Values<'_>) -> bool {
        match self {
            Test::Error(parts) => {
                parts.iter().any(|part| has(values.error, part) || has(values.reason, part))
            }
            Test::Payload { path, values: wanted } => {
                values.payload.at(path).is_some_and(|is| wanted.contains(&is))
            }
            Test::Text(part) => {
                let texts = [task.kind.as_str(), task.queue.as_str(), values.error, values.reason];
                texts.iter().any(|text| has(text, part))
                    || task.key.is_some_and(|key| has(key.as_str(), part))
                    || task.group.is_some_and(|group| has(group.as_str(), part))
                    || task.worker.is_some_and(|worker| has(worker.as_str(), part))
                    || task.tags.iter().any(|tag| has(tag.as_str(), part))
                    || has(&task.id.to_string(), part)
                    || values.payload.lower().contains(&part.to_lowercase())
            }
            _ => true,
        }
    }
}

/// Whether a text has this part, in letters of either size.
fn has(text: &str, part: &str) -> bool {
    text.contains(part) || text.to_lowercase().contains(&part.to_lowercase())
}
