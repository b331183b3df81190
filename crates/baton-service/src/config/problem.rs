//! What is wrong with a configuration, all of it.

use std::fmt;

use super::values::Origin;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, variable or file that it is about.
    pub subject: String,
    pub origin: Option<Origin>,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(out, "{} ({origin}): {}", self.subject, self.what),
            None => write!(out, "{}: {}", self.subject, self.what),
        }
    }
}

/// All mistakes of a configuration; never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("use this configuration:")?;
        self.0.iter().try_for_each(|problem| write!(out, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}
