//! The two numbers that only rise for a task: the fence of its holder and the version of its record.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

macro_rules! rising_number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map($name)
            }
        }
    };
}

rising_number! {
    /// What a claim hands out and every report must show. A later claim of the same task has a larger one.
    ///
    /// It is `max(last + 1, Redis time in µs)`, so that a Redis which lost its last second cannot issue one twice.
    /// User code passes it to its own stores, which can then refuse a run that was overtaken.
    Fence
}

rising_number! {
    /// Rises by one with every move of a task, and with a change of its priority: its ETag, and its place in the order of
    /// events.
    Version
}

impl Fence {
    /// The fence of a claim made at `now_us` of a task whose last fence was `last`.
    pub fn next(last: Fence, now_us: u64) -> Fence {
        Fence(now_us.max(last.0 + 1))
    }

    /// When a run under this fence is overdue: its score in the holder's `held` set, in µs.
    pub fn run_deadline_us(self, timeout_ms: u64) -> u64 {
        self.0 + timeout_ms * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_follows_the_clock_and_never_falls() {
        assert_eq!(Fence::next(Fence(0), 1_000), Fence(1_000));
        assert_eq!(Fence::next(Fence(5_000), 1_000), Fence(5_001));
        assert_eq!(Fence::next(Fence(1_000), 1_000), Fence(1_001));
    }

    #[test]
    fn fences_are_written_in_whole_digits() {
        let text = Fence(1_763_682_345_123_456).to_string();
        assert_eq!(text, "1763682345123456");
        assert_eq!(text.parse(), Ok(Fence(1_763_682_345_123_456)));
    }
}
