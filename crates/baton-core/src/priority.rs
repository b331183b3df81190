//! Priority: 0 to 9, 9 first.

use std::fmt;

use crate::limits::PRIORITY_BAND;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("take priority {0}: it goes from 0 to 9, 9 first")]
pub struct PriorityError(pub i64);

impl Priority {
    pub const HIGHEST: Priority = Priority(9);

    pub fn new(value: i64) -> Result<Priority, PriorityError> {
        match u8::try_from(value) {
            Ok(small @ 0..=9) => Ok(Priority(small)),
            _ => Err(PriorityError(value)),
        }
    }

    pub fn get(self) -> u8 {
        self.0
    }

    /// The place in the queue of a task that became pending at `pending_ms` of Redis's clock: lowest first.
    pub fn score(self, pending_ms: u64) -> u64 {
        u64::from(9 - self.0) * PRIORITY_BAND + pending_ms
    }
}

impl Default for Priority {
    fn default() -> Self {
        Priority(5)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_priority_goes_first_however_late_it_came() {
        let high = Priority::new(6).unwrap().score(4_000_000_000_000);
        let low = Priority::new(5).unwrap().score(0);
        assert!(high < low);
    }

    #[test]
    fn scores_are_exact_in_a_double() {
        let score = Priority::new(0).unwrap().score(4_000_000_000_000);
        assert_eq!(score as f64 as u64, score);
        assert!(score < 1 << 53);
    }

    #[test]
    fn priorities_out_of_range_are_refused() {
        assert_eq!(Priority::new(10), Err(PriorityError(10)));
        assert_eq!(Priority::new(-1), Err(PriorityError(-1)));
    }
}
