//! Retries: exponential backoff with full jitter.

use crate::limits;

/// How long a failed task waits before its next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base_ms: u64,
    cap_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "take a backoff of {base_ms} ms up to {cap_ms} ms: the base is at least 1 ms, the cap at least the base and at most 24 h"
)]
pub struct BackoffError {
    pub base_ms: u64,
    pub cap_ms: u64,
}

impl Backoff {
    pub fn new(base_ms: u64, cap_ms: u64) -> Result<Backoff, BackoffError> {
        if base_ms >= 1 && cap_ms >= base_ms && cap_ms <= limits::BACKOFF_CAP_MS_MAX {
            Ok(Backoff { base_ms, cap_ms })
        } else {
            Err(BackoffError { base_ms, cap_ms })
        }
    }

    pub fn base_ms(self) -> u64 {
        self.base_ms
    }

    pub fn cap_ms(self) -> u64 {
        self.cap_ms
    }

    /// The longest that the wait after this many failed attempts can be.
    pub fn ceiling_ms(self, failed_attempts: u64) -> u64 {
        // Past 2^40 the cap has long been reached; the bound keeps the shift defined.
        let doublings = failed_attempts.saturating_sub(1).min(40);
        self.base_ms.saturating_mul(1 << doublings).min(self.cap_ms)
    }

    /// The wait itself. `chance` is the sixteen bits that the script takes from the hash of task and fence: even over
    /// tasks that fail together, and the same when the call is repeated.
    pub fn wait_ms(self, failed_attempts: u64, chance: u16) -> u64 {
        self.ceiling_ms(failed_attempts) * u64::from(chance) / 65_536
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { base_ms: limits::BACKOFF_MS, cap_ms: limits::BACKOFF_CAP_MS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let backoff = Backoff::default();
        let ceilings: Vec<u64> = (1..=5).map(|failed| backoff.ceiling_ms(failed)).collect();
        assert_eq!(ceilings, [1_000, 2_000, 4_000, 8_000, 16_000]);
        assert_eq!(backoff.ceiling_ms(64), 3_600_000);
        assert_eq!(backoff.ceiling_ms(u64::MAX), 3_600_000);
    }

    proptest! {
        #[test]
        fn a_wait_never_passes_its_ceiling(failed in 0_u64..1_000, chance: u16) {
            let backoff = Backoff::default();
            prop_assert!(backoff.wait_ms(failed, chance) < backoff.ceiling_ms(failed).max(1));
        }
    }

    #[test]
    fn senseless_backoffs_are_refused() {
        assert!(Backoff::new(0, 10).is_err());
        assert!(Backoff::new(11, 10).is_err());
        assert!(Backoff::new(1, u64::MAX).is_err());
    }
}
