//! How a handler says that it did not complete its task.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use baton_worker::End;

/// Why a run did not complete, and what is to happen to the task.
///
/// It does not implement [`Error`] itself. That is what lets `?` take any error: it becomes a failed attempt, and the
/// task is tried again after its backoff, as long as it has attempts left.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskError(End);

impl TaskError {
    /// The attempt failed. The task is tried again after its backoff.
    pub fn retry(error: impl Into<String>) -> TaskError {
        TaskError(End::Retry { error: error.into(), reason: String::new(), in_ms: None })
    }

    /// The attempt failed. The task is tried again after this time.
    pub fn retry_in(wait: Duration, error: impl Into<String>) -> TaskError {
        TaskError(End::Retry { error: error.into(), reason: String::new(), in_ms: Some(millis(wait)) })
    }

    /// No further attempt makes sense: the task fails.
    pub fn fail(error: impl Into<String>) -> TaskError {
        TaskError(End::Fail { error: error.into(), reason: String::new() })
    }

    /// Nothing is wrong, but it is too early: the task goes back, to be claimed after this time. No attempt is burnt.
    pub fn snooze(wait: Duration) -> TaskError {
        TaskError(End::Release { reason: "snoozed".to_owned(), delay_ms: Some(millis(wait)) })
    }

    /// Gives the task back, to be claimed at once, by another worker if this one is to end. No attempt is burnt.
    pub fn release() -> TaskError {
        TaskError(End::Release { reason: "released".to_owned(), delay_ms: None })
    }

    /// The same in a word of the handler's own, by which failures are grouped.
    #[must_use]
    pub fn because(mut self, word: impl Into<String>) -> TaskError {
        if let End::Retry { reason, .. } | End::Fail { reason, .. } | End::Release { reason, .. } =
            &mut self.0
        {
            *reason = word.into();
        }
        self
    }

    pub(super) fn end(self) -> End {
        self.0
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for TaskError {
    fn from(error: E) -> TaskError {
        TaskError::retry(chain(&error)).because(type_word::<E>())
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        // Many libraries repeat their source in their own sentence.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = error.source();
    }
    text
}

/// `reqwest::error::Error` as `reqwest::Error`: the library and the type; modules in between come and go.
fn type_word<E>() -> String {
    let name = std::any::type_name::<E>();
    let plain = name.split('<').next().unwrap_or(name);
    match (plain.split_once("::"), plain.rsplit_once("::")) {
        (Some((library, _)), Some((_, word))) => format!("{library}::{word}"),
        _ => plain.to_owned(),
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_error_is_a_failed_attempt() {
        let failing = || -> Result<u64, TaskError> { Ok("x".parse::<u64>()?) };
        let End::Retry { error, reason, in_ms: None } = failing().unwrap_err().end() else {
            panic!("a retry")
        };
        assert_eq!(
            (error.as_str(), reason.as_str()),
            ("invalid digit found in string", "core::ParseIntError")
        );
    }

    #[test]
    fn a_word_can_be_given() {
        let end = TaskError::fail("no such invoice").because("invoice").end();
        assert_eq!(end, End::Fail { error: "no such invoice".to_owned(), reason: "invoice".to_owned() });
    }
}
