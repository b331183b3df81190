//! How far the clock of this host is from that of Redis. Tokens say times of Redis, and are checked against our own.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::Auth;
use crate::clock;

const LOOK_EVERY: Duration = Duration::from_secs(10);
/// From here on it is worth a word.
const ODD_MS: u64 = 5_000;
/// From here on tokens would be taken for old or for new that are not.
const TOO_LARGE_MS: u64 = 30_000;

/// Positive: our clock is ahead.
#[derive(Debug, Default)]
pub(super) struct Skew(AtomicI64);

impl Skew {
    fn ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Why no work should be sent here, if the clocks are the reason.
    pub(super) fn verdict(&self) -> Result<(), String> {
        if self.ms().unsigned_abs() > TOO_LARGE_MS {
            return Err(format!("clock_skew: the clock of this host is {self} that of Redis"));
        }
        Ok(())
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.ms();
        write!(
            out,
            "{:.1} s {}",
            ms.unsigned_abs() as f64 / 1_000.0,
            if ms < 0 { "behind" } else { "ahead of" }
        )
    }
}

pub(super) async fn watch(auth: Auth) {
    loop {
        let before = clock::now_ms();
        if let Ok(theirs) = auth.store.clock_ms().await {
            let ours = before.midpoint(clock::now_ms());
            let ms = ours as i64 - theirs as i64;
            auth.skew.0.store(ms, Ordering::Relaxed);
            metrics::gauge!("baton_auth_clock_skew_seconds").set(ms as f64 / 1_000.0);
            if ms.unsigned_abs() > ODD_MS {
                tracing::warn!(skew_ms = ms, "the clock of this host is {} that of Redis", auth.skew);
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_78_a_clock_that_is_far_off_keeps_work_away() {
        let told = |ms| Skew(AtomicI64::new(ms)).verdict();
        for good in [0, 5_001, -5_001, 30_000, -30_000] {
            assert_eq!(told(good), Ok(()), "{good}");
        }
        let minutes = 5 * 60_000;
        let ahead = "clock_skew: the clock of this host is 300.0 s ahead of that of Redis";
        let behind = "clock_skew: the clock of this host is 300.0 s behind that of Redis";
        assert_eq!((told(minutes), told(-minutes)), (Err(ahead.to_owned()), Err(behind.to_owned())));
        assert!(told(30_001).is_err() && told(-30_001).is_err() && told(i64::MIN).is_err());
    }
}
