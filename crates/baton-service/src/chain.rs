//! An error with everything that led to it, for the one place where it is told.

use std::error::Error;
use std::fmt;

/// Displays as `failed to <error>: <its source>: …`.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "failed to {}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(out, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}
