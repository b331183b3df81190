//! Label values that come from outside: a metric with a value for each queue must not grow without bound.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// What stands for every value beyond the limit.
pub const OTHER: &str = "other";

/// The first so many distinct values pass; all others become `other`.
#[derive(Debug)]
pub struct Capped {
    known: RwLock<HashSet<Box<str>>>,
    max: usize,
}

impl Default for Capped {
    fn default() -> Self {
        Capped::new(200)
    }
}

impl Capped {
    pub fn new(max: usize) -> Capped {
        Capped { known: RwLock::default(), max }
    }

    pub fn label<'a>(&self, value: &'a str) -> Cow<'a, str> {
        if self.known.read().unwrap_or_else(PoisonError::into_inner).contains(value) {
            return value.into();
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= self.max && !known.contains(value) {
            return OTHER.into();
        }
        known.insert(value.into());
        value.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_values_keep_their_names() {
        let capped = Capped::new(2);
        assert_eq!(
            ["a", "b", "c", "a", "c"].map(|value| capped.label(value).into_owned()),
            ["a", "b", "other", "a", "other"]
        );
    }
}
