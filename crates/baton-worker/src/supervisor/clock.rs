//! The supervisor's clock: milliseconds in which it was awake.
//!
//! While the supervisor stands still, because its machine sleeps or something stopped it, workers report and nobody
//! reads. By this clock such a time is short, so that it does not take them for silent when it goes on.

use rustix::time::{ClockId, clock_gettime};

/// Whoever is awake takes a turn more often.
const TURN_MS_MAX: u64 = 2_000;

#[derive(Debug)]
pub(super) struct Awake {
    kernel_ms: u64,
    now_ms: u64,
}

impl Awake {
    pub(super) fn new() -> Awake {
        Awake { kernel_ms: kernel_ms(), now_ms: 0 }
    }

    /// To be called at each turn.
    pub(super) fn now_ms(&mut self) -> u64 {
        self.pass_to(kernel_ms())
    }

    fn pass_to(&mut self, kernel_ms: u64) -> u64 {
        self.now_ms += kernel_ms.saturating_sub(self.kernel_ms).min(TURN_MS_MAX);
        self.kernel_ms = kernel_ms;
        self.now_ms
    }
}

fn kernel_ms() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000 + now.tv_nsec as u64 / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_was_slept_through_is_short() {
        let mut clock = Awake { kernel_ms: 100, now_ms: 0 };
        let told: Vec<u64> = [100, 600, 600, 1_600, 3_600_000, 3_600_010].map(|at| clock.pass_to(at)).into();
        assert_eq!(told, [0, 500, 500, 1_500, 3_500, 3_510]);
    }
}
