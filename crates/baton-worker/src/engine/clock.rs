//! The worker's own clock. By it a worker stops early, and never goes on.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// Milliseconds of a clock that goes on while the machine sleeps: a lease that ran out meanwhile is not trusted.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

pub(crate) fn now_ms() -> u64 {
    let now = clock_gettime(CLOCK);
    now.tv_sec as u64 * 1_000 + now.tv_nsec as u64 / 1_000_000
}

pub(crate) fn after(wait: Duration) -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "deadlines of runs are kept by timers, which have this clock"
    )]
    let now = Instant::now();
    now + wait
}

/// Anything from 0 to 1.
pub(crate) fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX)
}

/// A wait of about this length, so that many workers do not ask in step.
pub(crate) fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.8 + 0.4 * chance())
}
