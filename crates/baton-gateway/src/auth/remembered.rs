//! A bounded memory whose entries have a deadline.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Holds at most so many entries. When it is full, those that are over go first, and then all: whoever is forgotten is
/// looked up again, and a flood of odd credentials costs time and no memory.
#[derive(Debug)]
pub(crate) struct Remembered<K, V> {
    entries: Mutex<HashMap<K, (V, u64)>>,
    max: usize,
}

impl<K: Hash + Eq, V: Clone> Remembered<K, V> {
    pub(crate) fn new(max: usize) -> Remembered<K, V> {
        Remembered { entries: Mutex::default(), max }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<K, (V, u64)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &K, now_ms: u64) -> Option<V> {
        let entries = self.entries();
        entries.get(key).filter(|(_, until_ms)| now_ms < *until_ms).map(|(value, _)| value.clone())
    }

    /// What was put there last, though it may be over: for when nothing newer can be had.
    pub(crate) fn last(&self, key: &K) -> Option<V> {
        self.entries().get(key).map(|(value, _)| value.clone())
    }

    pub(crate) fn put(&self, key: K, value: V, now_ms: u64, until_ms: u64) {
        let mut entries = self.entries();
        if entries.len() >= self.max {
            entries.retain(|_, (_, until_ms)| now_ms < *until_ms);
            if entries.len() >= self.max {
                entries.clear();
            }
        }
        entries.insert(key, (value, until_ms));
    }

    pub(crate) fn forget(&self, mut which: impl FnMut(&K, &V) -> bool) {
        self.entries().retain(|key, (value, _)| !which(key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_ends_at_its_deadline() {
        let memory = Remembered::new(8);
        memory.put("a", 1, 100, 200);
        assert_eq!(
            (memory.get(&"a", 199), memory.get(&"a", 200), memory.get(&"b", 1)),
            (Some(1), None, None)
        );
        assert_eq!(memory.last(&"a"), Some(1));
        memory.forget(|key, _| *key == "a");
        assert_eq!((memory.get(&"a", 150), memory.last(&"a")), (None, None));
    }

    #[test]
    fn case_80_a_flood_takes_no_more_room() {
        let memory = Remembered::new(64);
        for at in 0..1_000_000_u64 {
            memory.put(at, at, at, at + 1_000_000);
        }
        assert!(memory.entries().len() <= 64);
        assert_eq!(memory.get(&999_999, 999_999), Some(999_999));
    }

    #[test]
    fn those_that_are_over_make_room_first() {
        let memory = Remembered::new(2);
        memory.put("over", 0, 0, 5);
        memory.put("lives", 1, 0, 50);
        memory.put("new", 2, 10, 60);
        assert_eq!((memory.get(&"lives", 10), memory.get(&"new", 10)), (Some(1), Some(2)));
    }
}
