//! Where time and chance come from outside Redis: only ids need them, and only so that they sort and never meet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use baton_core::id::Draw;
use baton_core::{OpId, Shard, TaskId};

/// Draws task ids and op ids. A test may fix its clock.
#[derive(Debug)]
pub struct Ids {
    fixed_ms: Option<u64>,
    /// The last millisecond drawn in, times 4096, plus a counter: ids of one process always rise.
    last: AtomicU64,
}

impl Ids {
    pub fn of_system() -> Ids {
        Ids { fixed_ms: None, last: AtomicU64::new(0) }
    }

    pub fn fixed_at(now_ms: u64) -> Ids {
        Ids { fixed_ms: Some(now_ms), last: AtomicU64::new(0) }
    }

    pub fn task(&self, shard: Shard) -> TaskId {
        let now = self.fixed_ms.unwrap_or_else(system_ms) << 12;
        let risen = |last: u64| now.max(last + 1);
        // Relaxed: only the uniqueness of this one number matters.
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(risen(last)));
        let drawn = risen(last.unwrap_or_default());
        TaskId::draw(Draw { now_ms: drawn >> 12, counter: (drawn & 0xfff) as u16, random: random() }, shard)
    }

    /// A name for one call of an operator, repeated as it is when the answer was lost.
    pub fn op(&self) -> OpId {
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
        let ids = Ids::fixed_at(1_763_682_345_000);
        let drawn: Vec<String> = (0..10_000).map(|_| ids.task(Shard::FIRST).to_string()).collect();
        assert!(drawn.is_sorted_by(|a, b| a < b));
    }
}
