//! What a ticker knows of one shard, as a function of the times that it is told: when it is due, and what to bear witness
//! of.

use std::time::{Duration, Instant};

use baton_core::limits;

use crate::calls::shard::Tick;

/// A ticker that hears of the ticks of others compares clocks with Redis this often all the same: what the two clocks
/// drift apart would else be taken for a stall.
const COMPARE_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Beat {
    /// How many ticks came through.
    ticks: u64,
    /// Redis's clock at the last of them, and ours when its answer came. The answer was under way for a while, so Redis
    /// is expected to be behind where it is: that may take a slow answer for a stall, and never hides one.
    last: Option<(u64, Instant)>,
    /// When the first attempt at this tick was made.
    first: Option<Instant>,
}

impl Beat {
    /// For how long to wait; `None` if a tick is due now.
    pub(super) fn wait_ms(&self, now: Instant, due_ms: Option<u64>) -> Option<u64> {
        // A tick that was begun goes on, whatever others do: it may know of a stall that they do not.
        if self.first.is_some() {
            return None;
        }
        let ((redis_ms, at), due_ms) = self.last.zip(due_ms)?;
        let since = now.saturating_duration_since(at);
        if since >= COMPARE_EVERY {
            return None;
        }
        // A clock that went back would be early for as long as it went.
        let wait_ms = due_ms.saturating_sub(redis_ms + millis(since)).min(limits::TICK_EVERY_MS);
        // Work that is left over is due in the next millisecond: then nobody waits for chance.
        (wait_ms > 1).then_some(wait_ms)
    }

    /// What to say with the next attempt.
    pub(super) fn attempt(&mut self, now: Instant) -> Tick {
        let first = *self.first.get_or_insert(now);
        let expected =
            |(redis_ms, at): (u64, Instant)| redis_ms + millis(first.saturating_duration_since(at));
        Tick {
            ticks: self.ticks,
            expected_ms: self.last.map(expected),
            trying_ms: millis(now.saturating_duration_since(first)),
        }
    }

    /// How many ticks came through.
    pub(super) fn ticks(&self) -> u64 {
        self.ticks
    }

    pub(super) fn came_through(&mut self, now: Instant, redis_ms: u64) {
        self.ticks += 1;
        self.last = Some((redis_ms, now));
        self.first = None;
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIS: u64 = 1_700_000_000_000;

    fn at(ms: u64) -> Instant {
        static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(crate::clock::monotonic);
        *START + Duration::from_millis(ms)
    }

    /// A ticker whose last tick came through at our time 0.
    fn seasoned() -> Beat {
        let mut beat = Beat::default();
        beat.attempt(at(0));
        beat.came_through(at(0), REDIS);
        beat
    }

    #[test]
    fn a_newcomer_ticks_at_once_and_says_that_it_knows_nothing() {
        let mut beat = Beat::default();
        assert_eq!(beat.wait_ms(at(0), None), None);
        assert_eq!(beat.wait_ms(at(0), Some(REDIS)), None);
        assert_eq!(beat.attempt(at(0)), Tick { ticks: 0, expected_ms: None, trying_ms: 0 });
        // It tries in vain: only for how long is known.
        assert_eq!(beat.attempt(at(700)), Tick { ticks: 0, expected_ms: None, trying_ms: 700 });
    }

    #[test]
    fn it_waits_until_redis_shows_the_due_time() {
        let beat = seasoned();
        assert_eq!(beat.wait_ms(at(300), Some(REDIS + 1_000)), Some(700));
        assert_eq!(beat.wait_ms(at(1_000), Some(REDIS + 1_000)), None);
        assert_eq!(beat.wait_ms(at(300), None), None);
    }

    #[test]
    fn work_that_is_left_over_is_not_waited_for() {
        assert_eq!(seasoned().wait_ms(at(0), Some(REDIS + 1)), None);
    }

    #[test]
    fn a_clock_that_went_back_is_asked_once_a_second() {
        assert_eq!(seasoned().wait_ms(at(0), Some(REDIS + 3_600_000)), Some(1_000));
    }

    #[test]
    fn what_others_tick_is_believed_for_ten_seconds() {
        let beat = seasoned();
        assert_eq!(beat.wait_ms(at(9_900), Some(REDIS + 10_400)), Some(500));
        assert_eq!(beat.wait_ms(at(10_000), Some(REDIS + 10_400)), None);
    }

    #[test]
    fn the_first_attempt_is_what_counts_however_often_it_fails() {
        let mut beat = seasoned();
        let first = beat.attempt(at(1_000));
        assert_eq!(first, Tick { ticks: 1, expected_ms: Some(REDIS + 1_000), trying_ms: 0 });
        // Others may have come through meanwhile; this one still has to tell.
        assert_eq!(beat.wait_ms(at(5_000), Some(REDIS + 6_000)), None);
        let again = beat.attempt(at(61_000));
        assert_eq!(again, Tick { trying_ms: 60_000, ..first });
        beat.came_through(at(61_000), REDIS + 61_000);
        let next = beat.attempt(at(62_000));
        assert_eq!(next, Tick { ticks: 2, expected_ms: Some(REDIS + 62_000), trying_ms: 0 });
    }

    /// While the ticker itself stood still, nobody tried: that is no stall.
    #[test]
    fn a_pause_of_its_own_is_expected() {
        let mut beat = seasoned();
        assert_eq!(beat.attempt(at(3_600_000)).expected_ms, Some(REDIS + 3_600_000));
    }
}
