//! The language in which tasks are looked for, the same in the API, the command line and the pages.
//!
//! ```text
//! status:failed,timeout kind:mail -queue:slow created:>2h attempt:>=2 payload.user.id:42 "connection refused"
//! ```
//!
//! A query is a list of terms, all of which must hold. `-` turns a term round, a comma between values means or, and what
//! stands in quotes is one value. A word without a name is looked for in the texts of a task. A length of time stands for
//! the moment so long ago: `created:>2h` is what was created later than two hours ago.
//!
//! Whoever writes a query may be anybody, so its length, terms, values and paths are bounded, and mistakes say where.

mod holds;
mod parse;
mod point;
#[cfg(test)]
mod tests;

use crate::id::{FlowId, TaskId};
use crate::lifecycle::Status;
use crate::name::{DedupeKey, GroupName, Kind, QueueName, Tag, WorkerId};

pub use holds::{Payload, Subject, Values};
pub use point::{Compare, Point};

/// What a task must be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

/// One thing that must hold, or must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub negated: bool,
    pub test: Test,
}

/// What a term is about. Of several values one is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    Status(Vec<Status>),
    Queue(Vec<QueueName>),
    Kind(Vec<Kind>),
    Tag(Vec<Tag>),
    /// Who runs it, or ran it last.
    Worker(Vec<WorkerId>),
    Flow(Vec<FlowId>),
    Key(Vec<DedupeKey>),
    Group(Vec<GroupName>),
    Id(Vec<TaskId>),
    /// A part of what the last run that failed had to say, or of its reason.
    Error(Vec<String>),
    /// Attempts that have failed.
    Attempt(Compare, u64),
    Created(Compare, Point),
    Finished(Compare, Point),
    /// A value within the payload, by the names of its objects and the numbers of its lists.
    Payload {
        path: Vec<String>,
        values: Vec<String>,
    },
    /// A part of any text of the task.
    Text(String),
}

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the query at byte {at}: {message}")]
pub struct Mistake {
    pub at: usize,
    pub message: String,
}

impl Query {
    /// Reads a query; all that is wrong is said at once, but for what comes behind an open quote.
    pub fn parse(text: &str) -> Result<Query, Vec<Mistake>> {
        parse::query(text).map(|terms| Query { terms })
    }

    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it asks for values that lie beside a task: its payload and its error.
    pub fn needs_values(&self) -> bool {
        self.terms.iter().any(|term| term.test.needs_values())
    }

    /// Whether it asks for something within payloads.
    pub fn needs_payload(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.test, Test::Payload { .. } | Test::Text(_)))
    }

    /// What was created before this does not fit.
    pub fn created_from_ms(&self, now_ms: u64) -> Option<u64> {
        let from = |term: &Term| match term {
            Term { negated: false, test: Test::Created(compare, point) } => point.begins_ms(*compare, now_ms),
            _ => None,
        };
        self.terms.iter().filter_map(from).max()
    }

    /// The first term that holds for what is found by this function: what an index can cut by.
    pub fn cut<'a, T>(&'a self, by: impl Fn(&'a Test) -> Option<T>) -> Option<T> {
        self.terms.iter().filter(|term| !term.negated).find_map(|term| by(&term.test))
    }
}

impl Test {
    pub(crate) fn needs_values(&self) -> bool {
        matches!(self, Test::Error(_) | Test::Payload { .. } | Test::Text(_))
    }
}
