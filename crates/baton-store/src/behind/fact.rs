//! What happened to one task, as sinks see it.

use std::collections::{BTreeMap, BTreeSet};

use baton_core::{Boot, Fence, Kind, Principal, QueueName, TaskId, Version, WorkerId};

use super::Row;
use crate::calls::series::Of;
use crate::calls::webhook::Watch;
use crate::event::Entry;

/// One event of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub id: TaskId,
    /// The word of the move, or another that the stream has of tasks.
    pub event: String,
    pub queue: QueueName,
    pub kind: Kind,
    /// By the clock of Redis.
    pub at_ms: u64,
    pub version: Version,
    pub fence: Fence,
    /// Attempts that have failed.
    pub attempt: u64,
    pub why: Option<String>,
    pub by: Option<Principal>,
    pub worker: Option<WorkerId>,
    pub boot: Option<Boot>,
}

/// What is known beside the facts.
#[derive(Clone, Copy, Debug)]
pub struct Extra<'a> {
    /// The tasks of the piece as they are now; those that are gone are not among them.
    pub rows: &'a BTreeMap<TaskId, Row>,
    /// The first queues of the shard: these have series of their own.
    pub queues: &'a BTreeSet<QueueName>,
    /// Webhooks that take deliveries.
    pub watches: &'a [Watch],
}

impl Extra<'_> {
    /// Where what happens in this queue is counted.
    pub fn series_of(&self, queue: &QueueName) -> Of {
        if self.queues.contains(queue) { Of::Queue(queue.clone()) } else { Of::Others }
    }
}

impl Fact {
    /// A word of its why, `name=value`.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.why.as_deref()?.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

pub(super) fn of_entry(entry: &Entry) -> impl Iterator<Item = Fact> {
    entry.tasks.iter().map(|one| Fact {
        id: one.task,
        event: entry.event.clone(),
        queue: one.queue.clone(),
        kind: one.kind.clone(),
        at_ms: entry.id.ms,
        version: one.version,
        fence: one.fence,
        attempt: one.attempt,
        why: one.why.clone(),
        by: entry.by.clone(),
        worker: entry.worker.clone(),
        boot: entry.boot.clone(),
    })
}
