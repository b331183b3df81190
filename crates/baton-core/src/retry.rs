//! Retries: exponential backoff with full jitter.

use crate::limits;

/// How long a failed task waits before its next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base_ms: u64,
    cap_ms: u64,
    factor: u64,
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
            Ok(Backoff { base_ms, cap_ms, factor: limits::BACKOFF_FACTOR })
        } else {
            Err(BackoffError { base_ms, cap_ms })
        }
    }

    /// The same, but each wait is so many times as long as the one before it: 1 to 10, where 1 is always the same.
    pub fn growing_by(self, factor: u64) -> Option<Backoff> {
        (1..=limits::BACKOFF_FACTOR_MAX).contains(&factor).then_some(Backoff { factor, ..self })
    }

    pub fn base_ms(self) -> u64 {
        self.base_ms
    }

    pub fn cap_ms(self) -> u64 {
        self.cap_ms
    }

    pub fn factor(self) -> u64 {
        self.factor
    }

    /// The longest that the wait after this many failed attempts can be.
    pub fn ceiling_ms(self, failed_attempts: u64) -> u64 {
        // Past 2^40 the cap has long been reached.
        let steps = failed_attempts.saturating_sub(1).min(40) as u32;
        self.base_ms.saturating_mul(self.factor.saturating_pow(steps)).min(self.cap_ms)
    }

    /// The wait itself. `chance` is the sixteen bits that the script takes from the hash of task and fence: even over
    /// tasks that fail together, and the same when the call is repeated.
    pub fn wait_ms(self, failed_attempts: u64, chance: u16) -> u64 {
        self.ceiling_ms(failed_attempts) * u64::from(chance) / 65_536
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            base_ms: limits::BACKOFF_MS,
            cap_ms: limits::BACKOFF_CAP_MS,
            factor: limits::BACKOFF_FACTOR,
        }
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

    #[test]
    fn the_ceiling_grows_by_its_factor() {
        let ceilings = |factor| {
            let backoff = Backoff::new(10, 5_000).unwrap().growing_by(factor).unwrap();
            [1, 2, 3, 4, u64::MAX].map(|failed| backoff.ceiling_ms(failed))
        };
        assert_eq!(ceilings(1), [10, 10, 10, 10, 10]);
        assert_eq!(ceilings(3), [10, 30, 90, 270, 5_000]);
        assert_eq!(ceilings(10), [10, 100, 1_000, 5_000, 5_000]);
        assert!([0, 11].iter().all(|factor| Backoff::default().growing_by(*factor).is_none()));
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
