//! Where tasks are found by what no step of theirs needs: their kind, their tags, who claimed them.
//!
//! Every index is by the time at which a task was created, so lists from several of them can be put together, and the
//! place at which one page ended is good for all.

use baton_core::limits;

use super::{BehindKey, Extra, Fact, Writes};
use crate::calls::shard::facts::tags;

pub(super) fn note(facts: &[Fact], extra: &Extra<'_>, writes: &mut Writes) {
    for fact in facts {
        match fact.event.as_str() {
            "submit" => came(fact, extra, writes),
            "claim" | "takeover" => claimed(fact, extra, writes),
            "prune" => went(fact, writes),
            _ => {}
        }
    }
}

/// A task that is gone already leaves no trace; that it went is told behind this.
fn came(fact: &Fact, extra: &Extra<'_>, writes: &mut Writes) {
    let Some(row) = extra.rows.get(&fact.id) else { return };
    writes.enter(BehindKey::kind(&fact.kind), fact.id, row.created_ms);
    writes.enter(BehindKey::kinds(), &fact.kind, row.created_ms);
    for tag in &row.tags {
        writes.enter(BehindKey::tag(tag), fact.id, row.created_ms);
    }
}

fn claimed(fact: &Fact, extra: &Extra<'_>, writes: &mut Writes) {
    let (Some(worker), Some(row)) = (&fact.worker, extra.rows.get(&fact.id)) else { return };
    let key = BehindKey::worker(worker);
    writes.enter(key.clone(), fact.id, row.created_ms);
    writes.keep(key.clone(), limits::INDEX_WORKER_TASKS_MAX);
    // The worker may be one that never comes back.
    writes.expire(key, limits::RETENTION_MS);
}

/// The task itself cannot be asked any more, so the event says where it was listed.
fn went(fact: &Fact, writes: &mut Writes) {
    let kind = BehindKey::kind(&fact.kind);
    writes.leave(kind.clone(), fact.id);
    writes.forget(BehindKey::kinds(), &fact.kind, kind);
    for tag in fact.word("tags").map(tags).unwrap_or_default() {
        writes.leave(BehindKey::tag(&tag), fact.id);
    }
    if let Some(Ok(worker)) = fact.word("worker").map(str::parse) {
        writes.leave(BehindKey::worker(&worker), fact.id);
    }
}
