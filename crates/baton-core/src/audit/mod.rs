//! What must hold of a namespace, as rules about values: of the record of one task, of its place among the indexes, of the life
//! that the stream tells of it. `baton audit` and the testkit read them from different places and judge by the same words.

pub mod life;
pub mod place;
pub mod record;
pub mod retry;
pub mod rule;
pub mod session;

use std::collections::BTreeMap;

use crate::lifecycle::Status;
pub use rule::{RULES, Rule};

/// A hash as text.
pub type Fields = BTreeMap<String, String>;

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub rule: Rule,
    pub expected: String,
    pub found: String,
}

impl Rule {
    pub fn broken(self, expected: impl Into<String>, found: impl Into<String>) -> Wrong {
        Wrong { rule: self, expected: expected.into(), found: found.into() }
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}: expected {}, found {}", self.rule.id, self.rule.name, self.expected, self.found)
    }
}

pub fn number(fields: &Fields, field: &str) -> Option<u64> {
    fields.get(field).and_then(|value| value.parse().ok())
}

pub fn word<'a>(fields: &'a Fields, field: &str) -> &'a str {
    fields.get(field).map_or("", String::as_str)
}

/// What equals the usual is left out of a record.
pub fn queue(task: &Fields) -> &str {
    task.get("queue").map_or("default", String::as_str)
}

pub fn status(task: &Fields) -> Option<Status> {
    word(task, "status").parse().ok()
}

pub fn is_terminal(task: &Fields) -> bool {
    status(task).is_some_and(Status::is_terminal)
}
