//! Where tasks that have ended are found by what no step of theirs needs: their kind, their tags, who ran them last.
//!
//! A task that has not ended is found by its status, and there are few of those. So what waits costs no memory here: an
//! entry takes some 160 bytes, and a pending task is to take 600 in all.
//!
//! What a task is now decides, not what the event said: a piece may be read long after it happened, and what the task
//! became meanwhile comes in a later piece, which then writes the same again.

use baton_core::limits;

use super::{BehindKey, Extra, Fact, Row, Writes};
use crate::calls::shard::facts::tags;

pub(super) fn note(facts: &[Fact], extra: &Extra<'_>, writes: &mut Writes) {
    for fact in facts {
        let row = extra.rows.get(&fact.id);
        match (fact.event.as_str(), row) {
            ("submit", _) => {
                writes.enter(BehindKey::kinds(), &fact.kind, fact.at_ms);
                writes.keep(BehindKey::kinds(), limits::INDEX_KINDS_MAX);
            }
            // The ordinary beginning of a life, which nobody need look at.
            ("claim" | "progress" | "mature", _) => {}
            ("prune", _) => went(fact, writes),
            (_, Some(row)) if row.finished_ms.is_some() => ended(fact, row, writes),
            ("rerun", Some(row)) => lives(fact, row, writes),
            // Gone already: that it went is told behind this.
            _ => {}
        }
    }
}

fn ended(fact: &Fact, row: &Row, writes: &mut Writes) {
    writes.enter(BehindKey::kind(&fact.kind), fact.id, row.created_ms);
    for tag in &row.tags {
        writes.enter(BehindKey::tag(tag), fact.id, row.created_ms);
    }
    if let Some(worker) = &row.worker {
        let key = BehindKey::worker(worker);
        writes.enter(key.clone(), fact.id, row.created_ms);
        writes.keep(key.clone(), limits::INDEX_WORKER_TASKS_MAX);
        // The worker may be one that never comes back.
        writes.expire(key, limits::RETENTION_MS);
    }
}

fn lives(fact: &Fact, row: &Row, writes: &mut Writes) {
    writes.leave(BehindKey::kind(&fact.kind), fact.id);
    for tag in &row.tags {
        writes.leave(BehindKey::tag(tag), fact.id);
    }
    if let Some(worker) = &row.worker {
        writes.leave(BehindKey::worker(worker), fact.id);
    }
}

/// The task itself cannot be asked any more, so the event says where it was listed.
fn went(fact: &Fact, writes: &mut Writes) {
    writes.leave(BehindKey::kind(&fact.kind), fact.id);
    for tag in fact.word("tags").map(tags).unwrap_or_default() {
        writes.leave(BehindKey::tag(&tag), fact.id);
    }
    if let Some(Ok(worker)) = fact.word("worker").map(str::parse) {
        writes.leave(BehindKey::worker(&worker), fact.id);
    }
}
