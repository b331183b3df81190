//! How many lines a run may say in a second. A loop that prints must not push out what others have to say.

use std::time::Duration;

use tokio::time::Instant;

pub(super) const LINES_PER_SECOND: u64 = 1_000;

/// Counts lines in windows of one second.
#[derive(Debug)]
pub(super) struct Rate {
    since: Instant,
    lines: u64,
}

impl Rate {
    pub(super) fn new(now: Instant) -> Rate {
        Rate { since: now, lines: 0 }
    }

    /// May one more be said? When a second is over, also how many of it were not.
    pub(super) fn admit(&mut self, now: Instant) -> (bool, u64) {
        let dropped = if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            let dropped = self.dropped();
            *self = Rate::new(now);
            dropped
        } else {
            0
        };
        self.lines += 1;
        (self.lines <= LINES_PER_SECOND, dropped)
    }

    /// How many of this second were not said.
    pub(super) fn dropped(&self) -> u64 {
        self.lines.saturating_sub(LINES_PER_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::clock;
    use super::*;

    #[test]
    fn what_is_too_much_in_a_second_is_counted() {
        let begin = clock::now();
        let mut rate = Rate::new(begin);
        let admitted = (0..1_500).filter(|_| rate.admit(begin).0).count();
        assert_eq!((admitted, rate.dropped()), (1_000, 500));
        let later = begin + Duration::from_secs(1);
        assert_eq!(rate.admit(later), (true, 500));
        assert_eq!(rate.admit(later), (true, 0));
    }
}
