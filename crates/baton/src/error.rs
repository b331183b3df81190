//! Why a client did not get what it asked for.

use std::fmt;
use std::time::Duration;

use baton_api::Problem;
use baton_api::task::Task;

/// Another error, of whatever library.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a call of a [`Client`](crate::Client) did not succeed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The gateway answered, and said no.
    Problem(Box<Problem>),
    /// Nobody answered at this address.
    Unreachable { url: String, source: Cause },
    /// The gateway did not answer in time. What was asked for may have happened.
    Timeout { url: String, after: Duration },
    /// The answer is not one of a gateway that we know.
    Unreadable { url: String, problem: String },
    /// What was to be sent cannot be sent.
    Invalid(String),
    /// The login with which this client asked has ended. Log in again.
    LoggedOut(String),
    /// What says who asks cannot be read, kept or used.
    Credential(String),
    /// The task ended, but did not complete.
    NotCompleted(Box<Task>),
    /// The result is not of the type that was asked for.
    Result(serde_json::Error),
}

impl Error {
    /// A stable word by which programs tell errors apart: the problem's code, or one of `unreachable`, `no_answer`,
    /// `unreadable`, `invalid`, `logged_out`, `credential`, `not_completed`, `result`.
    pub fn code(&self) -> &str {
        match self {
            Error::Problem(problem) => &problem.code,
            Error::Unreachable { .. } => "unreachable",
            Error::Timeout { .. } => "no_answer",
            Error::Unreadable { .. } => "unreadable",
            Error::Invalid(_) => "invalid",
            Error::LoggedOut(_) => "logged_out",
            Error::Credential(_) => "credential",
            Error::NotCompleted(_) => "not_completed",
            Error::Result(_) => "result",
        }
    }

    /// The HTTP status, where the gateway answered with a problem.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::Problem(problem) => Some(problem.status),
            _ => None,
        }
    }

    /// What to tell a person: a refusal in the words of the gateway, anything else as what failed. Its sources are not
    /// in it.
    pub fn sentence(&self) -> String {
        match self {
            Error::Problem(problem) => problem_words(problem),
            other => format!("failed to {other}"),
        }
    }

    pub(crate) fn invalid(error: impl fmt::Display) -> Error {
        Error::Invalid(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Problem(problem) => write!(out, "do what was asked: {}", problem_words(problem)),
            Error::Unreachable { url, .. } => write!(out, "reach {url}"),
            Error::Timeout { url, after } => write!(out, "get an answer from {url} within {after:?}"),
            Error::Unreadable { url, problem } => write!(out, "understand the answer of {url}: {problem}"),
            Error::Invalid(problem) | Error::Credential(problem) => out.write_str(problem),
            Error::LoggedOut(why) => write!(out, "go on with this login: {why}"),
            Error::NotCompleted(task) => not_completed(task, out),
            Error::Result(_) => out.write_str("read the result as the type that was asked for"),
        }
    }
}

/// What is wrong, its code, and what stands in `errors` alone.
fn problem_words(problem: &Problem) -> String {
    let mut words = format!("{} ({})", problem.detail.trim_end_matches('.'), problem.code);
    for error in problem.unsaid() {
        words.push_str(&format!("; {} {}", error.pointer, error.message));
    }
    words
}

fn not_completed(task: &Task, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(out, "get a result: task {} ended {}", task.id, task.status)?;
    let why = task.error.as_deref().or(task.reason.as_deref());
    why.map_or(Ok(()), |why| write!(out, ": {why}"))
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Unreachable { source, .. } => Some(&**source),
            Error::Result(source) => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_nothing_twice() {
        let problem = |detail: &str, message: &str| {
            let problem = serde_json::json!({
                "type": "/problems/validation", "title": "", "status": 422, "detail": detail, "instance": "/",
                "code": "validation", "request_id": "", "errors": [{ "pointer": "/when", "message": message }],
            });
            Error::Problem(Box::new(serde_json::from_value(problem).unwrap())).sentence()
        };
        assert_eq!(problem("Say when.", "say when"), "Say when (validation)");
        assert_eq!(problem("Two are wrong.", "say when"), "Two are wrong (validation); /when say when");
    }
}
