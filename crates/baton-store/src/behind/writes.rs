//! What a piece of the stream leads to, gathered so that each key is written once, and in the words of the script.

use std::collections::{BTreeMap, BTreeSet};

use baton_core::series::Resolution;
use baton_core::{QueueName, limits};

use super::BehindKey;

const HOUR_MS: u64 = 3_600_000;

/// What a look at a queue writes, about.
const LOOK_WRITES: usize = 7;

/// Writes of all sinks. Where one member or field is named twice, the later word counts; numbers add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    members: BTreeMap<BehindKey, BTreeMap<String, Option<u64>>>,
    counts: BTreeMap<BehindKey, BTreeMap<String, i64>>,
    fields: BTreeMap<BehindKey, BTreeMap<String, Vec<u8>>>,
    first: BTreeMap<BehindKey, BTreeMap<String, Vec<u8>>>,
    expiries: BTreeMap<BehindKey, u64>,
    bounds: BTreeMap<BehindKey, u64>,
    within: BTreeMap<BehindKey, (u64, BTreeMap<String, i64>)>,
    hours: BTreeMap<BehindKey, BTreeMap<u64, i64>>,
    groups: BTreeMap<BehindKey, u64>,
    deliveries: BTreeMap<BehindKey, (String, Vec<String>)>,
    looks: BTreeMap<BehindKey, BTreeSet<QueueName>>,
}

/// One write, as the script reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write<'a> {
    pub(crate) verb: &'static str,
    pub(crate) key: &'a str,
    pub(crate) words: Vec<Vec<u8>>,
}

impl Writes {
    /// How much it is to write, about.
    pub(super) fn size(&self) -> u64 {
        fn within<K, T>(each: &BTreeMap<BehindKey, BTreeMap<K, T>>) -> usize {
            each.values().map(BTreeMap::len).sum()
        }
        let bounded: usize = self.within.values().map(|(_, counts)| counts.len()).sum();
        let deliveries: usize = self.deliveries.values().map(|(_, each)| each.len()).sum();
        let fields = within(&self.counts) + within(&self.fields) + within(&self.first) + within(&self.hours);
        let looks: usize = self.looks.values().map(|queues| queues.len() * LOOK_WRITES).sum();
        (within(&self.members) + fields + bounded + deliveries + looks + self.expiries.len()) as u64
    }

    /// Puts a member into a sorted set.
    pub fn enter(&mut self, set: BehindKey, member: impl ToString, score: u64) {
        self.members.entry(set).or_default().insert(member.to_string(), Some(score));
    }

    /// Takes a member out of a sorted set.
    pub fn leave(&mut self, set: BehindKey, member: impl ToString) {
        self.members.entry(set).or_default().insert(member.to_string(), None);
    }

    /// Adds to a number of a hash.
    pub fn count(&mut self, hash: BehindKey, field: impl ToString, by: i64) {
        *self.counts.entry(hash).or_default().entry(field.to_string()).or_default() += by;
    }

    /// Sets a field of a hash.
    pub fn set(&mut self, hash: BehindKey, field: impl ToString, value: impl Into<Vec<u8>>) {
        self.fields.entry(hash).or_default().insert(field.to_string(), value.into());
    }

    /// Sets a field of a hash that has no such field; among several words the first one counts.
    pub fn first(&mut self, hash: BehindKey, field: impl ToString, value: impl Into<Vec<u8>>) {
        self.first.entry(hash).or_default().entry(field.to_string()).or_insert_with(|| value.into());
    }

    /// Lets a key go after this long, counted from now.
    pub fn expire(&mut self, key: BehindKey, ms: u64) {
        self.expiries.insert(key, ms);
    }

    /// Keeps the members with the highest scores, so many of them.
    pub fn keep(&mut self, set: BehindKey, members: u64) {
        self.bounds.insert(set, members);
    }

    /// Counts one more under a field of a hash that has so many fields at most; there is no place for a further one.
    pub fn within(&mut self, hash: BehindKey, fields: u64, field: impl ToString) {
        let (bound, counts) = self.within.entry(hash).or_default();
        *bound = fields;
        *counts.entry(field.to_string()).or_default() += 1;
    }

    /// Counts one more in the hour of that ms, of which a hash keeps the latest.
    pub fn hour(&mut self, hash: BehindKey, at_ms: u64) {
        *self.hours.entry(hash).or_default().entry(at_ms - at_ms % HOUR_MS).or_default() += 1;
    }

    /// Keeps so many groups of failures, those seen last, when all else is written. One that leaves goes with all its keys.
    pub fn evict(&mut self, list: BehindKey, groups: u64) {
        self.groups.insert(list, groups);
    }

    /// Lets something wait for the receiver of the webhook that was made under this id.
    pub fn deliver(&mut self, set: BehindKey, id: &str, delivery: String) {
        self.deliveries.entry(set).or_insert_with(|| (id.to_owned(), Vec::new())).1.push(delivery);
    }

    /// Looks how deep a queue is, and notes that in its series.
    pub fn look(&mut self, hash: BehindKey, queue: &QueueName) {
        self.looks.entry(hash).or_default().insert(queue.clone());
    }

    pub fn is_empty(&self) -> bool {
        *self == Writes::default()
    }

    /// In the order in which the script must do them.
    pub(crate) fn as_words(&self) -> Vec<Write<'_>> {
        let mut all = Vec::new();
        for (key, members) in &self.members {
            let score = |(member, score): (&String, &Option<u64>)| {
                score.map(|score| [score.to_string().into(), member.clone().into()])
            };
            push(&mut all, "enter", key, members.iter().filter_map(score).flatten());
            let left = members.iter().filter(|(_, score)| score.is_none());
            push(&mut all, "leave", key, left.map(|(member, _)| member.clone().into()));
        }
        for (key, counts) in &self.counts {
            let pairs = counts.iter().flat_map(|(field, by)| [field.clone().into(), by.to_string().into()]);
            push(&mut all, "count", key, pairs);
        }
        for (key, (bound, counts)) in &self.within {
            let pairs = counts.iter().flat_map(|(field, by)| [field.clone().into(), by.to_string().into()]);
            let words: Vec<Vec<u8>> = pairs.collect();
            for pairs in words.chunks(limits::BEHIND_WORDS_MAX as usize) {
                let words = [bound.to_string().into()].into_iter().chain(pairs.iter().cloned());
                all.push(Write { verb: "within", key: key.as_str(), words: words.collect() });
            }
        }
        for (key, hours) in &self.hours {
            let pairs = hours.iter().flat_map(|(hour, by)| [hour.to_string().into(), by.to_string().into()]);
            push(&mut all, "hour", key, pairs);
        }
        for (verb, hashes) in [("set", &self.fields), ("first", &self.first)] {
            for (key, fields) in hashes {
                let pairs = fields.iter().flat_map(|(field, value)| [field.clone().into(), value.clone()]);
                push(&mut all, verb, key, pairs);
            }
        }
        for (verb, numbers) in [("keep", &self.bounds), ("expire", &self.expiries)] {
            for (key, number) in numbers {
                push(&mut all, verb, key, [number.to_string().into()]);
            }
        }
        for (key, (id, deliveries)) in &self.deliveries {
            for some in deliveries.chunks(limits::BEHIND_WORDS_MAX as usize / 2) {
                let words = [id].into_iter().chain(some).map(|word| word.clone().into()).collect();
                all.push(Write { verb: "deliver", key: key.as_str(), words });
            }
        }
        for (key, queues) in &self.looks {
            let queues: Vec<&QueueName> = queues.iter().collect();
            for some in queues.chunks(limits::BEHIND_WORDS_MAX as usize / 2) {
                let names = some.iter().map(|queue| queue.as_str().into());
                let words = resolutions().into_iter().chain(names).collect();
                all.push(Write { verb: "depth", key: key.as_str(), words });
            }
        }
        for (key, groups) in &self.groups {
            push(&mut all, "evict", key, [groups.to_string().into()]);
        }
        all
    }
}

/// The word of each, its step and how long a bucket is kept, counted from the last write.
fn resolutions() -> Vec<Vec<u8>> {
    let words = |of: Resolution| {
        [of.to_string(), of.step_ms().to_string(), (of.step_ms() + of.kept_ms()).to_string()]
    };
    Resolution::ALL.into_iter().flat_map(words).map(String::into_bytes).collect()
}

/// No write has more words than a script can take apart at once; pairs stay together.
fn push<'a>(
    all: &mut Vec<Write<'a>>,
    verb: &'static str,
    key: &'a BehindKey,
    words: impl IntoIterator<Item = Vec<u8>>,
) {
    let words: Vec<Vec<u8>> = words.into_iter().collect();
    for words in words.chunks(limits::BEHIND_WORDS_MAX as usize) {
        all.push(Write { verb, key: key.as_str(), words: words.to_vec() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(writes: &Writes) -> Vec<String> {
        let line = |write: &Write<'_>| {
            let words: Vec<String> =
                write.words.iter().map(|word| String::from_utf8(word.clone()).unwrap()).collect();
            format!("{} {} {}", write.verb, write.key, words.join(" "))
        };
        writes.as_words().iter().map(line).collect()
    }

    #[test]
    fn the_later_word_counts_and_numbers_add_up() {
        let (set, hash) = (BehindKey::kinds(), BehindKey::kinds());
        let mut writes = Writes::default();
        assert!(writes.is_empty());
        writes.enter(set.clone(), "a", 1);
        writes.enter(set.clone(), "b", 2);
        writes.leave(set.clone(), "a");
        writes.count(hash.clone(), "n", 2);
        writes.count(hash.clone(), "n", -5);
        writes.first(hash.clone(), "f", "one");
        writes.first(hash, "f", "two");
        writes.keep(set.clone(), 7);
        for at_ms in [3_600_000, 7_199_999, 7_200_000] {
            writes.hour(set.clone(), at_ms);
        }
        assert_eq!(
            words(&writes),
            [
                "enter index:kinds 2 b",
                "leave index:kinds a",
                "count index:kinds n -3",
                "hour index:kinds 3600000 2 7200000 1",
                "first index:kinds f one",
                "keep index:kinds 7",
            ]
        );
    }

    #[test]
    fn many_members_are_several_writes() {
        let mut writes = Writes::default();
        for number in 0..1_200 {
            writes.enter(BehindKey::kinds(), format!("m{number:04}"), number);
        }
        let sizes: Vec<usize> = writes.as_words().iter().map(|write| write.words.len()).collect();
        assert_eq!(sizes, [1_000, 1_000, 400]);
    }
}
