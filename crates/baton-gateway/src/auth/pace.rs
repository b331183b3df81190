//! A guard against clients in a loop: how often one session may refresh in this process. It never takes a token.

use baton_core::login::SessionId;

use super::remembered::Remembered;

/// As many seconds' worth may come at once.
const BURST_S: u64 = 15;
/// Sessions that are watched at a time.
const SESSIONS: usize = 64 * 1024;

/// When each session may go on, as the theoretical arrival time of its next refresh, in µs.
#[derive(Debug)]
pub(crate) struct Pace {
    every_us: u64,
    next: Remembered<SessionId, u64>,
}

impl Pace {
    pub(crate) fn new(per_second: u64) -> Pace {
        Pace { every_us: 1_000_000 / per_second.max(1), next: Remembered::new(SESSIONS) }
    }

    /// `Err`: how many ms this session has to wait.
    pub(crate) fn admit(&self, session: SessionId, now_ms: u64) -> Result<(), u64> {
        let now_us = now_ms * 1_000;
        let next_us = self.next.get(&session, now_ms).unwrap_or_default().max(now_us) + self.every_us;
        let ahead_us = next_us.saturating_sub(now_us);
        let most_us = BURST_S * 1_000_000;
        if ahead_us > most_us {
            return Err((ahead_us - most_us).div_ceil(1_000));
        }
        self.next.put(session, next_us, now_ms, next_us / 1_000 + 1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_in_a_loop_waits_and_others_do_not() {
        let pace = Pace::new(20);
        let (one, other) = (SessionId([1; 16]), SessionId([2; 16]));
        let passed = (0..400).filter(|_| pace.admit(one, 1_000_000).is_ok()).count();
        assert_eq!(passed, 300);
        assert_eq!(pace.admit(one, 1_000_000), Err(50));
        assert_eq!(pace.admit(other, 1_000_000), Ok(()));
        assert_eq!(pace.admit(one, 1_000_050), Ok(()));
        assert_eq!(pace.admit(one, 1_100_000), Ok(()));
    }
}
