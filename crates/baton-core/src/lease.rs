//! Leases: how long a holder keeps what it holds, and how long it may believe so.
//!
//! The lease belongs to the holder, one life of one worker, and not to the task. Redis's clock alone decides when it
//! ends. A worker's own clock may only make it stop earlier: it trusts a lease until *send time of the request that
//! renewed it + lease − margin*, because the reply may have been under way for any length of time.

use crate::limits;

/// How long a holder's lease is, fixed when the holder registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseLength(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("take a lease of {0} ms: it goes from 1 s to 1 h")]
pub struct LeaseError(pub u64);

impl LeaseLength {
    pub fn from_ms(length_ms: u64) -> Result<LeaseLength, LeaseError> {
        if (limits::LEASE_MS_MIN..=limits::LEASE_MS_MAX).contains(&length_ms) {
            Ok(LeaseLength(length_ms))
        } else {
            Err(LeaseError(length_ms))
        }
    }

    pub fn ms(self) -> u64 {
        self.0
    }

    /// Three renewals fit into a lease, so that two may be lost; and a worker is heard of at least every 10 s.
    pub fn renew_every_ms(self) -> u64 {
        (self.0 / 3).min(limits::RENEW_EVERY_MS_MAX)
    }

    /// How much earlier than the server a holder stops believing: time to cancel handlers, and for clocks that run
    /// at slightly different speeds.
    pub fn margin_ms(self) -> u64 {
        (self.0 / 10).min(limits::TRUST_MARGIN_MS_MAX)
    }

    /// Until when a holder trusts a lease whose renewal it sent at `sent_ms` of its own monotonic clock.
    pub fn trusted_until_ms(self, sent_ms: u64) -> u64 {
        sent_ms + self.0 - self.margin_ms()
    }
}

impl Default for LeaseLength {
    fn default() -> Self {
        LeaseLength(limits::LEASE_MS)
    }
}

/// A time during which Redis answered nobody, or its clock jumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    pub until_ms: u64,
    pub length_ms: u64,
}

/// When a lease is over, read with the last stall in mind: one that was granted before the end of a stall lasts at
/// least the shorter of lease and stall beyond it, so that living holders come to renew before they are reaped.
pub fn effective_deadline_ms(deadline_ms: u64, lease: LeaseLength, stall: Option<Stall>) -> u64 {
    match stall {
        Some(stall) if deadline_ms.saturating_sub(lease.ms()) < stall.until_ms => {
            deadline_ms.max(stall.until_ms + lease.ms().min(stall.length_ms))
        }
        _ => deadline_ms,
    }
}

/// The last life of a task is lived alone: only a crash suffered alone proves that the task is the poison.
pub fn is_last_life(crashes: u64, max_crashes: u64) -> bool {
    crashes + 1 >= max_crashes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lease_lengths_have_bounds() {
        for bad in [0, 999, 3_600_001, u64::MAX] {
            assert_eq!(LeaseLength::from_ms(bad), Err(LeaseError(bad)));
        }
        assert_eq!(LeaseLength::default().ms(), 30_000);
        assert_eq!(LeaseLength::default().renew_every_ms(), 10_000);
    }

    proptest! {
        #[test]
        fn a_holder_stops_believing_before_the_server_may_take(sent in 0_u64..1 << 40, trip in 0_u64..10_000, length in 1_000_u64..=3_600_000) {
            let lease = LeaseLength::from_ms(length).unwrap();
            // The server can only have granted it later than it was asked.
            let granted_until = sent + trip + lease.ms();
            prop_assert!(lease.trusted_until_ms(sent) < granted_until);
        }

        #[test]
        fn three_renewals_fit_before_trust_ends(length in 1_000_u64..=3_600_000) {
            let lease = LeaseLength::from_ms(length).unwrap();
            prop_assert!(2 * lease.renew_every_ms() < lease.trusted_until_ms(0));
            prop_assert!(3 * lease.renew_every_ms() <= lease.ms());
        }

        #[test]
        fn a_stall_never_shortens_a_lease(deadline in 30_000_u64..1 << 40, until in 0_u64..1 << 40, length_ms in 0_u64..1 << 30) {
            let stall = Some(Stall { until_ms: until, length_ms });
            prop_assert!(effective_deadline_ms(deadline, LeaseLength::default(), stall) >= deadline);
        }
    }

    #[test]
    fn a_lease_granted_after_the_stall_gets_no_grace() {
        let stall = Some(Stall { until_ms: 100_000, length_ms: 60_000 });
        let lease = LeaseLength::default();
        assert_eq!(effective_deadline_ms(130_000, lease, stall), 130_000);
        assert_eq!(effective_deadline_ms(129_999, lease, stall), 130_000);
        assert_eq!(effective_deadline_ms(50_000, lease, stall), 130_000);
    }

    #[test]
    fn the_last_life_is_the_one_before_the_limit() {
        assert!(!is_last_life(1, 3));
        assert!(is_last_life(2, 3));
        assert!(is_last_life(0, 1));
    }
}
