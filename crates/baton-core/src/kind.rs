//! What is said of a kind once, and holds for each of its tasks that says nothing itself.

use std::fmt;
use std::str::FromStr;

use crate::limits;
use crate::priority::Priority;
use crate::retry::Backoff;

/// Reasons of failures: one, or with a star at its end all that begin so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reasons(Box<str>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReasonsError {
    #[error("take an empty reason")]
    Empty,
    #[error("take a reason of {0} bytes: at most {max} are allowed", max = limits::REASON_BYTES_MAX)]
    TooLong(usize),
    #[error("take a reason with a control character in it: it is one line of text")]
    Control,
    #[error("take {0:?} as a reason: a star stands for the rest, so only at the end")]
    Star(String),
}

impl Reasons {
    pub fn new(text: &str) -> Result<Reasons, ReasonsError> {
        let start = text.strip_suffix('*').unwrap_or(text);
        match text {
            "" => Err(ReasonsError::Empty),
            _ if text.len() as u64 > limits::REASON_BYTES_MAX => Err(ReasonsError::TooLong(text.len())),
            _ if text.chars().any(char::is_control) => Err(ReasonsError::Control),
            _ if start.contains('*') => Err(ReasonsError::Star(text.to_owned())),
            _ => Ok(Reasons(text.into())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is this one of them?
    pub fn hold(&self, reason: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => reason.starts_with(start),
            None => *self.0 == *reason,
        }
    }
}

impl fmt::Display for Reasons {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for Reasons {
    type Err = ReasonsError;

    fn from_str(text: &str) -> Result<Reasons, ReasonsError> {
        Reasons::new(text)
    }
}

/// What is said of a kind; where nothing is, what is usual holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindRules {
    pub priority: Option<Priority>,
    pub timeout_ms: Option<u64>,
    pub max_attempts: Option<u64>,
    pub max_crashes: Option<u64>,
    /// For tasks that say nothing of theirs.
    pub backoff: Option<Backoff>,
    /// A run that failed for one of these is not worth another attempt.
    pub non_retryable: Vec<Reasons>,
    /// How long the result of a completed task is kept.
    pub result_ttl_ms: Option<u64>,
}

impl KindRules {
    /// Is a run that failed for this reason not worth another attempt?
    pub fn is_hopeless(&self, reason: &str) -> bool {
        self.non_retryable.iter().any(|reasons| reasons.hold(reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reasons(texts: &[&str]) -> KindRules {
        let non_retryable = texts.iter().map(|text| Reasons::new(text).unwrap()).collect();
        KindRules { non_retryable, ..KindRules::default() }
    }

    #[test]
    fn a_star_holds_for_whatever_begins_so() {
        let rules = reasons(&["bad input", "http 4*"]);
        for hopeless in ["bad input", "http 4", "http 404"] {
            assert!(rules.is_hopeless(hopeless), "{hopeless}");
        }
        for worth_it in ["", "bad", "bad input ", "http 503", "an http 404"] {
            assert!(!rules.is_hopeless(worth_it), "{worth_it}");
        }
        assert!(reasons(&["*"]).is_hopeless(""));
        assert!(!reasons(&[]).is_hopeless(""));
    }

    #[test]
    fn what_is_no_reason_is_refused() {
        assert_eq!(Reasons::new(""), Err(ReasonsError::Empty));
        assert_eq!(Reasons::new("a\nb"), Err(ReasonsError::Control));
        assert_eq!(Reasons::new("a*b"), Err(ReasonsError::Star("a*b".to_owned())));
        assert_eq!(Reasons::new("**"), Err(ReasonsError::Star("**".to_owned())));
        assert_eq!(Reasons::new(&"x".repeat(257)), Err(ReasonsError::TooLong(257)));
        assert!(Reasons::new(&"x".repeat(256)).is_ok());
    }

    proptest! {
        #[test]
        fn a_reason_holds_for_itself_and_what_follows_its_star(start in "[a-z ]{0,9}", rest in "\\PC{0,9}") {
            let starred = Reasons::new(&format!("{start}*")).unwrap();
            let whole = format!("{start}{rest}");
            prop_assert!(starred.hold(&whole));
            if let Ok(exact) = Reasons::new(&start) {
                prop_assert_eq!(exact.hold(&whole), rest.is_empty());
            }
        }
    }
}
