//! Groups of failures: summed over all shards, and as far as a credential may read them.

use std::collections::BTreeMap;

use baton_api::Timestamp;
use baton_api::error_group::{ErrorGroup, Silence};
use baton_auth::Action;
use baton_core::{Fingerprint, limits};
use baton_store::calls::error::{ErrorGroup as Stored, Seen, Silence as StoredSilence};

use crate::auth::Grant;

const HOUR_MS: u64 = 3_600_000;

/// The same group, seen in another shard.
pub(crate) fn add(sum: &mut Stored, other: Stored) {
    let last = |group: &Stored| group.queues.values().chain(&group.others).map(|seen| seen.last_ms).max();
    if last(&other) > last(sum) {
        sum.sample.clone_from(&other.sample);
        sum.sample_queue.clone_from(&other.sample_queue);
        sum.sample_task = other.sample_task;
    }
    for (queue, seen) in other.queues {
        sum.queues.entry(queue).and_modify(|sum| *sum = sum.and(seen)).or_insert(seen);
    }
    sum.others = [sum.others, other.others].into_iter().flatten().reduce(Seen::and);
    for (worker, count) in other.workers {
        *sum.workers.entry(worker).or_default() += count;
    }
    for (hour, count) in other.hours {
        *sum.hours.entry(hour).or_default() += count;
    }
}

/// `None` where it was only seen in queues that the credential may not read. What all its messages have in common is known to
/// whoever knows one of them; a message as it was is not.
pub(crate) fn error_group(stored: Stored, grant: &Grant, now_ms: u64) -> Option<ErrorGroup> {
    let everywhere = grant.reaches_all(Action::TasksRead);
    let own: Vec<_> = stored.queues.iter().filter(|(queue, _)| grant.reads(queue)).collect();
    let others = stored.others.filter(|_| everywhere);
    let seen = own.iter().map(|(_, seen)| **seen).chain(others).reduce(Seen::and)?;
    let mut queues: BTreeMap<String, u64> =
        own.iter().map(|(queue, seen)| (queue.to_string(), seen.count)).collect();
    queues.extend(others.map(|seen| ("*".to_owned(), seen.count)));
    let workers = stored.workers.into_iter().filter(|_| everywhere);
    let last_day = if everywhere { last_day(&stored.hours, now_ms) } else { Vec::new() };
    let shows_sample = grant.reads(&stored.sample_queue);
    Some(ErrorGroup {
        fingerprint: stored.fingerprint,
        kind: stored.kind,
        reason: stored.reason,
        message: stored.message,
        count: seen.count,
        first_seen: Timestamp::from_ms(seen.first_ms),
        last_seen: Timestamp::from_ms(seen.last_ms),
        queues,
        workers: workers.map(|(worker, count)| (worker.to_string(), count)).collect(),
        last_day,
        sample: shows_sample.then_some(stored.sample).filter(|sample| !sample.is_empty()),
        sample_task: shows_sample.then_some(stored.sample_task),
        silenced: None,
        tasks: None,
    })
}

/// With what is said of its silence.
pub(crate) fn with_silence(
    group: ErrorGroup,
    silences: &mut BTreeMap<Fingerprint, StoredSilence>,
) -> ErrorGroup {
    let silenced = silences.remove(&group.fingerprint).map(|silence| Silence {
        since: Timestamp::from_ms(silence.since_ms),
        until: silence.until_ms.map(Timestamp::from_ms),
        by: silence.by,
        reason: silence.reason,
    });
    ErrorGroup { silenced, ..group }
}

/// The hours up to the present one.
fn last_day(hours: &BTreeMap<u64, u64>, now_ms: u64) -> Vec<u64> {
    let at = |ago: u64| (now_ms - now_ms % HOUR_MS).saturating_sub(ago * HOUR_MS);
    (0..limits::ERROR_HOURS).rev().map(|ago| hours.get(&at(ago)).copied().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_the_present_hour() {
        let hour = |number: u64| 1_000 * HOUR_MS + number * HOUR_MS;
        let hours = BTreeMap::from([(hour(0), 9), (hour(1), 1), (hour(24), 2), (hour(25), 7)]);
        let day = last_day(&hours, hour(24) + 5);
        assert_eq!((day.len(), day[0], day[23], day.iter().sum::<u64>()), (24, 1, 2, 3));
    }
}
