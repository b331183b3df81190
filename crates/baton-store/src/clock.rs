//! Where time and chance come from outside Redis. Ids need them, so that they sort and never meet; tickers tell by our own
//! clock for how long Redis was away; calls are timed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use baton_core::id::Draw;
use baton_core::{FlowId, OpId, Shard, TaskId};

/// Draws task ids and op ids.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// The last millisecond drawn in, times 4096, plus a counter: ids of one process always rise.
    last: AtomicU64,
}

impl Ids {
    pub(crate) fn task(&self, shard: Shard) -> TaskId {
        TaskId::draw(self.draw(system_ms()), shard)
    }

    pub(crate) fn flow(&self, shard: Shard) -> FlowId {
        FlowId::draw(self.draw(system_ms()), shard)
    }

    fn draw(&self, now_ms: u64) -> Draw {
        let now = now_ms << 12;
        let risen = |last: u64| now.max(last + 1);
        // Relaxed: only the uniqueness of this one number matters.
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(risen(last)));
        let drawn = risen(last.unwrap_or_default());
        Draw { now_ms: drawn >> 12, counter: (drawn & 0xfff) as u16, random: random() }
    }

    /// A name for one call of an operator, repeated as it is when the answer was lost.
    pub(crate) fn op(&self) -> OpId {
        #[expect(clippy::expect_used, reason = "hex digits are always a name")]
        OpId::new(&format!("{:016x}{:016x}", random(), random())).expect("hex digits")
    }
}

fn system_ms() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where ids meet the clock; no lease depends on it"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// Our own clock, which only ever tells how long something took.
pub(crate) fn monotonic() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where durations are measured; no lease depends on it"
    )]
    Instant::now()
}

pub(crate) fn random() -> u64 {
    #[expect(
        clippy::expect_used,
        reason = "without chance ids would meet; there is nothing sensible left to do"
    )]
    getrandom::u64().expect("random bytes of the operating system")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_process_rise_even_when_the_clock_stands() {
        let ids = Ids::default();
        let draw = |_| TaskId::draw(ids.draw(1_763_682_345_000), Shard::FIRST).to_string();
        let drawn: Vec<String> = (0..10_000).map(draw).collect();
        assert!(drawn.is_sorted_by(|a, b| a < b));
    }
}
