//! Failures in groups: each failed attempt counts in the group of its fingerprint, per queue.
//!
//! The groups are bounded, and the one that was not seen for longest gives way. A group is a hash, a list of its latest
//! tasks beside it, and its place in the list of groups. Counts are per queue, so that whoever may read one queue learns
//! nothing of another.

use std::collections::BTreeSet;

use baton_core::fingerprint;
use baton_core::{Fingerprint, limits};

use super::{BehindKey, Extra, Fact, Row, Writes};

pub(super) fn note(facts: &[Fact], extra: &Extra<'_>, writes: &mut Writes) {
    let mut groups = BTreeSet::new();
    for fact in facts.iter().filter(|fact| is_failure(&fact.event)) {
        let row = extra.rows.get(&fact.id).filter(|row| row.fence == Some(fact.fence));
        groups.insert(failed(fact, row, extra, writes));
    }
    if groups.is_empty() {
        return;
    }
    for fingerprint in groups {
        writes.keep(BehindKey::error_tasks(fingerprint), limits::ERROR_TASKS_MAX);
        for key in [BehindKey::error, BehindKey::error_tasks, BehindKey::error_workers] {
            writes.expire(key(fingerprint), limits::ERROR_RETENTION_MS);
        }
    }
    writes.evict(BehindKey::errors(), limits::ERROR_GROUPS_MAX);
}

/// The end of an attempt that did not do what was asked: another one may follow.
pub(crate) fn is_failure(event: &str) -> bool {
    matches!(event, "retry" | "fail" | "time_out")
}

fn failed(fact: &Fact, row: Option<&Row>, extra: &Extra<'_>, writes: &mut Writes) -> Fingerprint {
    let error = row.and_then(|row| row.error.as_deref()).unwrap_or_default();
    let reason = fact.why.as_deref().unwrap_or_default();
    let message = fingerprint::message(reason, error);
    // A poisonous task has no message of its own: what an earlier attempt said is another failure.
    let sample = if reason == "poison" { "".into() } else { String::from_utf8_lossy(error) };
    let fingerprint = Fingerprint::of(&fact.kind, reason, &message);
    let group = BehindKey::error(fingerprint);
    let at_ms = fact.at_ms.to_string();
    let whose = extra.series_of(&fact.queue);
    let queue = whose.word();
    writes.enter(BehindKey::errors(), fingerprint, fact.at_ms);
    writes.enter(BehindKey::error_tasks(fingerprint), fact.id, fact.at_ms);
    writes.count(group.clone(), format!("count:{queue}"), 1);
    writes.first(group.clone(), format!("first_ms:{queue}"), at_ms.clone());
    writes.hour(group.clone(), fact.at_ms);
    for (field, value) in [
        ("kind", fact.kind.as_str()),
        ("reason", reason),
        ("message", &message),
        ("sample", &sample[..sample.floor_char_boundary(limits::ERROR_SAMPLE_BYTES as usize)]),
        ("sample_task", &fact.id.to_string()),
        ("sample_queue", fact.queue.as_str()),
        (&format!("last_ms:{queue}"), &at_ms),
    ] {
        writes.set(group.clone(), field, value);
    }
    if let Some(worker) = row.and_then(|row| row.worker.as_ref()).or(fact.worker.as_ref()) {
        writes.within(BehindKey::error_workers(fingerprint), limits::ERROR_WORKERS_MAX, worker);
    }
    fingerprint
}
