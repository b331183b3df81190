//! How many runs fit into this process at once, over all shards.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How long a worker claims nothing so that a task on its last life finds it empty, and how long it then goes on
/// whatever waits: one task with a long run beside it must not keep a worker from everything else.
const YIELD_MS: u64 = 5_000;
const YIELD_AGAIN_MS: u64 = 20_000;

#[derive(Debug)]
pub(crate) struct Slots {
    state: Mutex<State>,
    total: usize,
    /// Somebody gave slots back.
    pub(crate) freed: Notify,
}

#[derive(Debug)]
struct State {
    free: usize,
    yields_until_ms: u64,
    yields_again_ms: u64,
}

impl State {
    /// None while the worker makes itself empty.
    fn free(&self, total: usize, now_ms: u64) -> usize {
        let yields = self.free < total && now_ms < self.yields_until_ms;
        if yields { 0 } else { self.free }
    }
}

impl Slots {
    pub(crate) fn new(total: usize) -> Slots {
        let state = State { free: total, yields_until_ms: 0, yields_again_ms: 0 };
        Slots { state: Mutex::new(state), total, freed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many could be reserved now.
    pub(crate) fn free(&self, now_ms: u64) -> usize {
        self.state().free(self.total, now_ms)
    }

    /// Takes up to this many; none while the worker makes itself empty.
    pub(crate) fn reserve(&self, most: usize, now_ms: u64) -> usize {
        let mut state = self.state();
        let taken = most.min(state.free(self.total, now_ms));
        state.free -= taken;
        taken
    }

    /// Takes one for a task that came unasked.
    pub(crate) fn take_one(&self) -> bool {
        let mut state = self.state();
        let free = state.free > 0;
        state.free -= usize::from(free);
        free
    }

    pub(crate) fn give_back(&self, slots: usize) {
        if slots > 0 {
            self.state().free += slots;
            self.freed.notify_waiters();
        }
    }

    /// Takes all that are left beside those that the caller has, if nobody else has any. Answers how many it then has.
    pub(crate) fn take_all(&self, mine: usize) -> Option<usize> {
        let mut state = self.state();
        if state.free + mine < self.total {
            return None;
        }
        state.free = 0;
        Some(self.total)
    }

    /// A task waits that must run alone: let the worker become empty for it, for a while.
    pub(crate) fn make_way(&self, now_ms: u64) {
        let mut state = self.state();
        if now_ms >= state.yields_again_ms {
            state.yields_until_ms = now_ms + YIELD_MS;
            state.yields_again_ms = now_ms + YIELD_AGAIN_MS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_taken_than_there_is() {
        let slots = Slots::new(3);
        assert_eq!((slots.reserve(2, 0), slots.reserve(2, 0), slots.reserve(2, 0)), (2, 1, 0));
        assert!(!slots.take_one());
        slots.give_back(1);
        assert!(slots.take_one());
    }

    #[test]
    fn alone_means_that_nobody_else_has_a_slot() {
        let slots = Slots::new(3);
        let mine = slots.reserve(1, 0);
        assert_eq!(slots.take_all(mine), Some(3));
        assert_eq!(slots.reserve(1, 0), 0);
        slots.give_back(3);
        let (mine, _other) = (slots.reserve(1, 0), slots.reserve(1, 0));
        assert_eq!(slots.take_all(mine), None);
    }

    #[test]
    fn a_worker_makes_way_for_a_while_and_not_for_ever() {
        let slots = Slots::new(2);
        assert_eq!(slots.reserve(1, 0), 1);
        slots.make_way(1_000);
        assert_eq!((slots.reserve(1, 1_001), slots.free(1_001)), (0, 0));
        assert_eq!(slots.reserve(1, 6_000), 1);
        slots.give_back(2);
        slots.make_way(7_000);
        assert_eq!(slots.reserve(1, 7_000), 1, "it made way a moment ago");
        slots.give_back(1);
        slots.make_way(30_000);
        assert_eq!(slots.reserve(2, 30_001), 2, "an empty worker claims: the one that waits is among it");
    }
}
