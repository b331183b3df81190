//! Where handlers read clocks: a timer's, and the one on the wall for what leaves this process.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

#[expect(clippy::disallowed_methods, reason = "timers of runs are kept by this clock, which a test can turn")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Another process cannot read our timers; what it is told is a time of day.
#[expect(clippy::disallowed_methods, reason = "this is where handlers ask")]
pub(super) fn wall() -> Timestamp {
    Timestamp::now()
}

/// When that timer rings, as a time of day.
pub(super) fn wall_at(instant: Instant) -> Timestamp {
    let left = instant.saturating_duration_since(now());
    wall().checked_add(left).unwrap_or(Timestamp::MAX)
}

/// The earlier of a run's deadline and this long from now.
pub(super) fn deadline(run: Instant, timeout: Option<Duration>) -> Instant {
    timeout.and_then(|timeout| now().checked_add(timeout)).map_or(run, |own| own.min(run))
}
