//! The gateway's own clock: for times in answers that Redis does not say. No lease and no order depends on it.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Unix time in ms.
pub(crate) fn now_ms() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the time of day")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// A point of the monotonic clock: to measure how long a request took, and when a held one ends.
pub(crate) fn instant() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place of this crate that reads the monotonic clock"
    )]
    Instant::now()
}

/// A random number; without chance all retries would come at once, and request ids would meet.
pub(crate) fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| now_ms())
}
