//! A namespace taken apart into things that a file can hold, and put together again.
//!
//! A task goes with all that is its own, read at one moment; of its edges the child's line has both sides. Indexes and counters do not
//! go along: they follow from the tasks, so they agree with them however long it took to read them all. What is left goes key by
//! key. Logins, hints, drafts and what is remembered of nothing but this moment do not go.

mod check;
mod export;
mod import;
mod writes;

use baton_core::{Shard, TaskId};

pub use check::Unsound;
pub use export::{Broken, ShardSum};
pub use import::{Begun, Import, Imported, NotWhole};
pub(crate) use writes::Write;

/// Field and value in turn.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;
/// Of a stream: the id, and what it says.
pub type Entry = (String, Pairs);

/// Where an export comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub namespace: String,
    pub schema: u64,
    pub shards: u16,
    pub store_id: String,
    /// By the clock of Redis.
    pub exported_ms: u64,
}

/// One line of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    Key(CarriedKey),
    Task(Box<CarriedTask>),
}

/// A key, or a part of a large one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedKey {
    pub shard: Shard,
    /// Behind the prefix of the shard.
    pub name: String,
    pub value: Value,
    pub expires_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(Vec<u8>),
    Hash(Pairs),
    /// Members and scores, as Redis prints them.
    Sorted(Vec<(Vec<u8>, String)>),
    Stream(Vec<Entry>),
}

impl Value {
    /// The word of Redis for its type.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "string",
            Value::Hash(_) => "hash",
            Value::Sorted(_) => "zset",
            Value::Stream(_) => "stream",
        }
    }
}

/// A task with all that is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedTask {
    pub id: TaskId,
    pub fields: Vec<(String, Vec<u8>)>,
    /// In the index of its status.
    pub score: String,
    /// It is pending, and in no index, because its group has no place.
    pub waits: bool,
    /// In its flow.
    pub position: Option<String>,
    pub parents: Vec<Edge>,
    pub beside: Vec<Beside>,
}

/// An edge as its child knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub parent: TaskId,
    pub order: String,
    pub child_order: String,
    pub state: EdgeState,
}

/// Whether a child still counts on its parent, and since when: by a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EdgeState {
    Open(String),
    Held(String),
    Closed,
}

/// A value that lies in a key beside its task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    pub name: String,
    pub value: Value,
}

/// Keys that go along as they are. What they say does not depend on the moment at which tasks are read.
const CARRIED: &[&str] = &[
    "flow:<id>",
    "flows",
    "queue:<name>:turns",
    "queue:<name>:starts",
    "queue:<name>",
    "queues",
    "leases",
    "worker:<id>",
    "workers",
    "pools",
    "pool:<name>:supervisors",
    "pool:<name>",
    "supervisor:<id>",
    "schedules:due",
    "schedules:owned",
    "schedules",
    "schedule:<name>:payload",
    "schedule:<name>",
    "kinds:declared",
    "kind:<name>",
    "cache:<digest>",
    "operations:live",
    "operations",
    "operation:<id>:ids",
    "operation:<id>:piece",
    "operation:<id>",
    "webhooks:filters",
    "webhooks",
    "webhook:<name>:due",
    "webhook:<name>:latest",
    "webhook:<name>:tries",
    "webhook:<name>:counts",
    "webhook:<name>",
    "trail",
    "op:<id>",
    "index:kinds",
    "index:kind:<kind>",
    "index:tag:<tag>",
    "index:worker:<id>",
    "series:<resolution>:<ms>:<queue>",
    "series:<resolution>:<ms>",
    "depths",
    "errors:silenced",
    "errors",
    "error:<fingerprint>:tasks",
    "error:<fingerprint>:workers",
    "error:<fingerprint>",
];

/// Keys that go along at the end, when it is known whether anything has happened since the beginning.
const CARRIED_LAST: &[&str] = &["cascades", "meta", "events:marks", "events"];

/// Fields of the record of a shard that are the new namespace's own.
const OWN_OF_META: &[&str] =
    &["schema", "shards", "store_id", "created_ms", "importing", "imported", "doubled"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::{FAMILIES, Of};

    /// A new family is carried, follows from the tasks, or is left behind on purpose.
    #[test]
    fn every_family_is_spoken_of() {
        let follows = ["task:", "held:", "queue:<name>:", "flow:<id>:key:", "flow:<id>:tasks", "scheduled"];
        let stays = ["hints:<queue>", "drafts", "importing", "gateways", "gateway:<id>"];
        for family in FAMILIES.iter().filter(|family| family.of == Of::Shard) {
            let carried = CARRIED.contains(&family.pattern) || CARRIED_LAST.contains(&family.pattern);
            let follows = follows.iter().any(|start| family.pattern.starts_with(start));
            assert!(carried || follows || stays.contains(&family.pattern), "{}", family.pattern);
        }
        for pattern in CARRIED.iter().chain(CARRIED_LAST) {
            assert!(FAMILIES.iter().any(|family| family.pattern == *pattern), "{pattern}");
        }
    }
}
