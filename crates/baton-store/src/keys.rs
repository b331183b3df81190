//! The schema. Rust builds every key here, and nowhere else; scripts get keys from here, and derive from the prefix of
//! their shard those that they find only while they run.
//!
//! | key | type | holds |
//! | --- | --- | --- |
//! | `baton:meta` | hash | `schema`, `shards`, `store_id`, `epoch` of the namespace |
//! | `baton:{0}:meta` | hash | the same of a shard, its chores' cursors, `tick_ms`, the last stall |
//! | `baton:{0}:task:<id>` | hash | one task, whole words, decimal numbers, `status` in clear |
//! | `baton:{0}:task:<id>:payload` `:result` `:error` `:reason` `:tags` | string | the value of that field, where it is over 64 bytes |
//! | `baton:{0}:task:<id>:history` | zset | lines of its history that are long or late, by version |
//! | `baton:{0}:task:<id>:log` | stream | lines its handler wrote |
//! | `baton:{0}:task:<id>:parents` `:children` | zset | the graph: what it waits for, what waits for it; in order |
//! | `baton:{0}:task:<id>:waiting` `:parked` | zset | children that still count on it; children that its bad end holds |
//! | `baton:{0}:flow:<id>` | hash | a flow: its name, how many tasks of each status, what is being done with it |
//! | `baton:{0}:flow:<id>:tasks` | zset | its tasks by their position, parents first |
//! | `baton:{0}:flow:<id>:key:<key>` | string | the live task of a dedupe key within the flow |
//! | `baton:{0}:flows` | zset | flows, by the ms they came |
//! | `baton:{0}:drafts` | zset | flows that are still being written, by the ms at which they are given up |
//! | `baton:{0}:cascades` | zset | ends that are not passed on yet, and flows that are worked on, by ms |
//! | `baton:{0}:queue:<name>` | hash | `paused_ms`, `retention_ms`, and the numbers `running` and `scheduled` |
//! | `baton:{0}:queue:<name>:pending` | zset | ids in claim order: priority, then age |
//! | `baton:{0}:queue:<name>:<status>` | zset | blocked and finished tasks, by the ms they came there |
//! | `baton:{0}:queue:<name>:key:<key>` | string | the live task of a dedupe key |
//! | `baton:{0}:hints:<queue>` | list | a nudge for one idle claimer each, 16 at most; may be lost |
//! | `baton:{0}:queues` | zset | queue names, by the ms they appeared |
//! | `baton:{0}:scheduled` | zset | id by due time, ms |
//! | `baton:{0}:leases` | zset | holder `<worker>:<boot>` by lease deadline, ms; 0 while it is being reaped |
//! | `baton:{0}:held:<worker>:<boot>` | zset | what a holder holds: id by run deadline, µs |
//! | `baton:{0}:worker:<id>` | hash | a worker: current boot, past boots, lease length, kind, host, … |
//! | `baton:{0}:workers` | zset | worker ids, by the ms they first registered |
//! | `baton:{0}:op:<id>` | string | the remembered answer of a call; expires |
//! | `baton:{0}:events` | stream | one entry per call and kind of event |
//! | `baton:{0}:events:marks` | zset | stream ids by the number of task events up to them |

use baton_core::{Boot, DedupeKey, FlowId, Namespace, OpId, QueueName, Shard, Status, TaskId, WorkerId};

/// The key of the namespace's own record: the only one outside every shard.
pub fn namespace_meta(namespace: &Namespace) -> String {
    format!("{namespace}:meta")
}

/// The keys of one shard. All share its hash tag, so a script touches one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardKeys {
    prefix: String,
}

impl ShardKeys {
    pub fn new(namespace: &Namespace, shard: Shard) -> ShardKeys {
        ShardKeys { prefix: format!("{namespace}:{{{shard}}}:") }
    }

    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    fn at(&self, parts: &[&str]) -> String {
        let mut key =
            String::with_capacity(self.prefix.len() + parts.iter().map(|part| part.len()).sum::<usize>());
        key.push_str(&self.prefix);
        parts.iter().for_each(|part| key.push_str(part));
        key
    }

    pub fn meta(&self) -> String {
        self.at(&["meta"])
    }

    pub fn events(&self) -> String {
        self.at(&["events"])
    }

    pub fn event_marks(&self) -> String {
        self.at(&["events:marks"])
    }

    pub fn queues(&self) -> String {
        self.at(&["queues"])
    }

    pub fn scheduled(&self) -> String {
        self.at(&["scheduled"])
    }

    pub fn leases(&self) -> String {
        self.at(&["leases"])
    }

    pub fn workers(&self) -> String {
        self.at(&["workers"])
    }

    pub fn worker(&self, worker: &WorkerId) -> String {
        self.at(&["worker:", worker.as_str()])
    }

    /// What a boot holds. A caller that knows no boot names a key that never exists.
    pub fn held(&self, worker: &WorkerId, boot: Option<&Boot>) -> String {
        self.at(&["held:", worker.as_str(), ":", boot.map_or("", Boot::as_str)])
    }

    pub fn queue(&self, queue: &QueueName) -> String {
        self.at(&["queue:", queue.as_str()])
    }

    /// The index of a status within a queue: not of `running`, which its holder keeps, nor of `scheduled`.
    pub fn queue_index(&self, queue: &QueueName, status: Status) -> String {
        self.at(&["queue:", queue.as_str(), ":", status.as_str()])
    }

    /// A nudge for one idle claimer each.
    pub fn hints(&self, queue: &QueueName) -> String {
        self.at(&["hints:", queue.as_str()])
    }

    pub fn dedupe(&self, queue: &QueueName, key: &DedupeKey) -> String {
        self.at(&["queue:", queue.as_str(), ":key:", key.as_str()])
    }

    pub fn op(&self, op: &OpId) -> String {
        self.at(&["op:", op.as_str()])
    }

    pub fn task(&self, task: TaskId) -> String {
        self.at(&["task:", task.write(&mut [0; TaskId::LENGTH])])
    }

    pub fn task_history(&self, task: TaskId) -> String {
        self.task(task) + ":history"
    }

    pub fn task_log(&self, task: TaskId) -> String {
        self.task(task) + ":log"
    }

    pub fn task_parents(&self, task: TaskId) -> String {
        self.task(task) + ":parents"
    }

    pub fn task_children(&self, task: TaskId) -> String {
        self.task(task) + ":children"
    }

    pub fn flow(&self, flow: FlowId) -> String {
        self.at(&["flow:", &flow.to_string()])
    }

    pub fn flow_tasks(&self, flow: FlowId) -> String {
        self.flow(flow) + ":tasks"
    }

    pub fn flows(&self) -> String {
        self.at(&["flows"])
    }

    pub fn drafts(&self) -> String {
        self.at(&["drafts"])
    }

    pub fn cascades(&self) -> String {
        self.at(&["cascades"])
    }

    /// A key that is never written, for the probe of rights.
    pub fn sample(&self) -> String {
        self.at(&["task:sample"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> ShardKeys {
        ShardKeys::new(&Namespace::default(), Shard::new(10).unwrap())
    }

    #[test]
    fn a_person_finds_the_shard_at_the_end_of_the_id() {
        let id: TaskId = "01936a5c-2b4e-7abc-8def-00112233400a".parse().unwrap();
        let keys = ShardKeys::new(&Namespace::default(), id.shard());
        assert_eq!(keys.task(id), "baton:{a}:task:01936a5c-2b4e-7abc-8def-00112233400a");
    }

    #[test]
    fn keys_read_like_the_table() {
        let queue = QueueName::new("media").unwrap();
        let worker = WorkerId::new("worker-001-media").unwrap();
        let boot = Boot::new("b1").unwrap();
        assert_eq!(keys().queue_index(&queue, Status::Pending), "baton:{a}:queue:media:pending");
        assert_eq!(keys().dedupe(&queue, &DedupeKey::new("x:1").unwrap()), "baton:{a}:queue:media:key:x:1");
        assert_eq!(keys().held(&worker, Some(&boot)), "baton:{a}:held:worker-001-media:b1");
        assert_eq!(namespace_meta(&Namespace::default()), "baton:meta");
    }
}
