//! The schema. Rust builds every key here, and nowhere else; scripts get keys from here, and derive from the prefix of
//! their shard those that they find only while they run.
//!
//! | key | type | holds |
//! | --- | --- | --- |
//! | `baton:meta` | hash | `schema`, `shards`, `store_id`, `epoch` of the namespace |
//! | `baton:{0}:meta` | hash | the same of a shard, its chores' cursors, `tick_ms`, the last stall |
//! | `baton:{0}:task:<id>` | hash | one task, whole words, decimal numbers, `status` in clear |
//! | `baton:{0}:task:<id>:payload` `:result` `:error` `:reason` `:tags` | string | the value of that field, where it is over 64 bytes; a result that is kept for a time only, in any case: it expires |
//! | `baton:{0}:task:<id>:history` | zset | lines of its history that are long or late, by version |
//! | `baton:{0}:task:<id>:log` | stream | lines its handler wrote |
//! | `baton:{0}:task:<id>:refused` | zset | the latest writes to it that were refused, `<worker> <fence> <verb> <code>`, by the ms of the last time |
//! | `baton:{0}:task:<id>:parents` `:children` | zset | the graph: what it waits for, what waits for it; in order |
//! | `baton:{0}:task:<id>:waiting` `:parked` | zset | children that still count on it; children that its bad end holds |
//! | `baton:{0}:flow:<id>` | hash | a flow: its name, how many tasks of each status, what is being done with it |
//! | `baton:{0}:flow:<id>:tasks` | zset | its tasks by their position, parents first |
//! | `baton:{0}:flow:<id>:key:<key>` | string | the live task of a dedupe key within the flow |
//! | `baton:{0}:flows` | zset | flows, by the ms they came |
//! | `baton:{0}:drafts` | zset | flows that are still being written, by the ms at which they are given up |
//! | `baton:{0}:cascades` | zset | ends that are not passed on yet, and flows that are worked on, by ms |
//! | `baton:{0}:queue:<name>` | hash | `paused_ms`, limits, retention, and the numbers `running` and `scheduled` |
//! | `baton:{0}:queue:<name>:pending` | zset | ids in claim order: priority, then age |
//! | `baton:{0}:queue:<name>:<status>` | zset | blocked and finished tasks, by the ms they came there |
//! | `baton:{0}:queue:<name>:key:<key>` | string | the live task of a dedupe key |
//! | `baton:{0}:queue:<name>:waiting` | zset | pending tasks whose group has no place: `<group> <9 - priority><ms> <id>` |
//! | `baton:{0}:queue:<name>:groups` | hash | how many of each group run |
//! | `baton:{0}:queue:<name>:turns` | zset | groups that take turns, as `<9 - priority> <group>`, by the turn of their next task |
//! | `baton:{0}:queue:<name>:starts` | zset | starts that count against the queue's rate, by µs |
//! | `baton:{0}:hints:<queue>` | list | a nudge for one idle claimer each, 16 at most; may be lost |
//! | `baton:{0}:queues` | zset | queue names, by the ms they appeared |
//! | `baton:{0}:scheduled` | zset | id by due time, ms |
//! | `baton:{0}:leases` | zset | holder `<worker>:<boot>` by lease deadline, ms; 0 while it is being reaped |
//! | `baton:{0}:held:<worker>:<boot>` | zset | what a holder holds: id by run deadline, µs |
//! | `baton:{0}:worker:<id>` | hash | a worker: current boot, past boots, lease length, kind, host, … |
//! | `baton:{0}:workers` | zset | worker ids, by the ms they first registered |
//! | `baton:{0}:pools` | zset | pools of workers, by the ms they came; in the first shard, as all of these |
//! | `baton:{0}:pool:<name>` | hash | a pool: how many workers it is to have, whether it is to run |
//! | `baton:{0}:pool:<name>:supervisors` | zset | who attends to it, by the ms until which it counts |
//! | `baton:{0}:supervisor:<id>` | hash | what a supervisor last reported |
//! | `baton:{0}:gateways` | zset | gateways, by the ms they were last seen; in the first shard |
//! | `baton:{0}:gateway:<id>` | hash | what a gateway last said of itself |
//! | `baton:{0}:schedules` | zset | schedules, in the order of the alphabet |
//! | `baton:{0}:schedules:due` | zset | those that are not paused and that nobody owns, by the ms at which they are due |
//! | `baton:{0}:schedules:owned` | zset | the same of those that somebody owns |
//! | `baton:{0}:schedule:<name>` | hash | a schedule: its times, what its tasks are, how it did |
//! | `baton:{0}:schedule:<name>:payload` | string | the payload of its tasks, where it is over 64 bytes |
//! | `baton:{0}:kinds:declared` | zset | kinds of which something is said, in the order of the alphabet |
//! | `baton:{0}:kind:<name>` | hash | what is said of a kind, for its tasks that say nothing themselves |
//! | `baton:{0}:cache:<digest>` | string | the task whose result answers the next submission of its words; expires |
//! | `baton:{0}:operations` | zset | acts on many tasks, in the order in which they began; in the first shard, as all of these |
//! | `baton:{0}:operations:live` | zset | those that go on, by the ms until which a gateway sees to them |
//! | `baton:{0}:operation:<id>` | hash | an operation: what is done, to which tasks, and how far it is |
//! | `baton:{0}:operation:<id>:ids` `:piece` | string | the tasks that were named; those that are acted on now |
//! | `baton:{0}:webhooks` | zset | webhooks, in the order of the alphabet; in the first shard, with their records |
//! | `baton:{0}:webhook:<name>` | hash | a webhook: where it is told of what, how it does, and of which secret its own is derived |
//! | `baton:{0}:webhooks:filters` | hash | what a shard knows of each webhook: version, id, state, of what it is told |
//! | `baton:{0}:webhook:<name>:due` `:latest` | zset | deliveries that wait, by the ms of their next attempt; the latest 100 attempts, by ms |
//! | `baton:{0}:webhook:<name>:tries` `:counts` | hash | how often deliveries that wait have failed; how many went how, and since when all fail |
//! | `baton:{0}:trail` | stream | what operators did, the latest 10,000 entries; in the first shard |
//! | `baton:{0}:op:<id>` | string | the remembered answer of a call; expires |
//! | `baton:{0}:index:kinds` | zset | the 1,000 kinds that were submitted last, by the ms of that; written behind |
//! | `baton:{0}:index:kind:<kind>` `:tag:<tag>` | zset | ids of the tasks of a kind, of a tag that have ended, by the ms they were created; written behind |
//! | `baton:{0}:index:worker:<id>` | zset | the newest tasks that a worker ran last and that have ended, by the ms they were created; written behind; expires |
//! | `baton:{0}:series:<resolution>:<ms>` | hash | what happened in the bucket of `10s`, `5m` or `1h` that begins then; written behind; expires |
//! | `baton:{0}:series:<resolution>:<ms>:<queue>` | hash | the same of one queue, or of the others together: `*` |
//! | `baton:{0}:depths` | hash | how many tasks each queue that has series of its own had by status when it was last looked at, and when; written behind |
//! | `baton:{0}:errors` | zset | groups of failures by the ms they were last seen; written behind |
//! | `baton:{0}:errors:silenced` | hash | groups that draw no attention: until when (0: until that is taken back), since when, who said so and why; in the first shard |
//! | `baton:{0}:error:<fingerprint>` | hash | a group: its message, how often and when it was seen in each queue, how often in its latest hours; expires |
//! | `baton:{0}:error:<fingerprint>:tasks` `:workers` | zset, hash | the latest tasks of a group by the ms they failed; how often workers saw it |
//! | `baton:{0}:events` | stream | one entry per call and kind of event |
//! | `baton:{0}:importing` | zset | parents that an import has named and not brought yet; gone when it is whole |
//! | `baton:{0}:events:marks` | zset | stream ids by the number of task events up to them |
//!
//! Logins are apart from all shards, whose tags are hex numbers: every key of theirs begins with `baton:{u`, and only
//! gateways may touch them. `T` stands for `{u:<tag>}`, the tag being eight bytes of a hash of the user id.
//!
//! | key | type | holds |
//! | --- | --- | --- |
//! | `baton:T:user` | hash | a user: epoch, roles, the hash of his password; kept when he is deleted |
//! | `baton:T:session:<sid>` | hash | one login: generation of its token, hash of its secret, scope, times; expires |
//! | `baton:T:sessions` | zset | session ids by the ms of their absolute end |
//! | `baton:T:ended:<sid>` | string | why a session ended; expires |
//! | `baton:T:notes` | stream | the latest 64 refresh tokens of his that came once more; expires |
//! | `baton:T:keys` | zset | ids of the API keys of this owner; may name keys that are gone |
//! | `baton:T:gcra:login` `baton:T:gcra:device:<sid>` | string | tries to log in, as a gate counts them; expires |
//! | `baton:T:failures` | hash | failed logins of a day; expires |
//! | `baton:{u:ip:<pseudonym>}:gcra:login` | string | the same of an address |
//! | `baton:{u:r:<principal>}:requests` | string | how many requests he sent of late, where there is a budget; expires |
//! | `baton:{u:k:<id>}:key` | hash | an API key: the hash of its secret, its owner, scopes, worker |
//! | `baton:{u:o:<digest>}:once` | string | what a one-time code stands for; expires |
//! | `baton:{u:j:<jti>}:denied` | string | an access token that was revoked by itself; expires |
//! | `baton:{u}:revoked` | stream | what was revoked of late, for the gateways |
//! | `baton:{u}:alarms` | stream | the latest 1,000 refresh tokens that came so late that two may hold their sessions |
//! | `baton:{u}:jwks` | hash | sealed keys that sign access tokens, and their version |
//! | `baton:{u}:meta` | hash | fingerprints of the keys that seal refresh tokens, `store_id` |
//! | `baton:{u}:users` | zset | user ids in the order of the alphabet; may name users that are gone |

mod logins;

use baton_core::series::Resolution;
use baton_core::{
    Boot, DedupeKey, Fingerprint, FlowId, GatewayId, Kind, Namespace, OpId, OperationId, PoolName, QueueName,
    ScheduleName, Shard, Status, SupervisorId, Tag, TaskId, WebhookName, WorkerId,
};

use crate::calls::series::Of;

pub use logins::{LoginKeys, UserKeys};

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

    pub fn importing(&self) -> String {
        self.at(&["importing"])
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

    pub fn pools(&self) -> String {
        self.at(&["pools"])
    }

    pub fn pool(&self, pool: &PoolName) -> String {
        self.at(&["pool:", pool.as_str()])
    }

    pub fn pool_supervisors(&self, pool: &PoolName) -> String {
        self.pool(pool) + ":supervisors"
    }

    pub fn supervisor(&self, supervisor: &SupervisorId) -> String {
        self.at(&["supervisor:", supervisor.as_str()])
    }

    pub fn gateways(&self) -> String {
        self.at(&["gateways"])
    }

    pub fn gateway(&self, gateway: &GatewayId) -> String {
        self.at(&["gateway:", gateway.as_str()])
    }

    pub fn schedules(&self) -> String {
        self.at(&["schedules"])
    }

    pub fn schedules_due(&self) -> String {
        self.at(&["schedules:due"])
    }

    pub fn schedules_owned(&self) -> String {
        self.at(&["schedules:owned"])
    }

    pub fn schedule(&self, schedule: &ScheduleName) -> String {
        self.at(&["schedule:", schedule.as_str()])
    }

    pub fn kinds(&self) -> String {
        self.at(&["kinds:declared"])
    }

    pub fn kind(&self, kind: &Kind) -> String {
        self.at(&["kind:", kind.as_str()])
    }

    pub fn operations(&self) -> String {
        self.at(&["operations"])
    }

    pub fn operations_live(&self) -> String {
        self.at(&["operations:live"])
    }

    pub fn operation(&self, operation: &OperationId) -> String {
        self.at(&["operation:", operation.as_str()])
    }

    pub fn operation_piece(&self, operation: &OperationId) -> String {
        self.operation(operation) + ":piece"
    }

    pub fn webhooks(&self) -> String {
        self.at(&["webhooks"])
    }

    pub fn webhook(&self, webhook: &WebhookName) -> String {
        self.at(&["webhook:", webhook.as_str()])
    }

    pub fn webhook_filters(&self) -> String {
        self.at(&["webhooks:filters"])
    }

    pub fn webhook_due(&self, webhook: &WebhookName) -> String {
        self.webhook(webhook) + ":due"
    }

    pub fn webhook_tries(&self, webhook: &WebhookName) -> String {
        self.webhook(webhook) + ":tries"
    }

    pub fn webhook_counts(&self, webhook: &WebhookName) -> String {
        self.webhook(webhook) + ":counts"
    }

    pub fn webhook_latest(&self, webhook: &WebhookName) -> String {
        self.webhook(webhook) + ":latest"
    }

    pub fn trail(&self) -> String {
        self.at(&["trail"])
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

    pub fn task_refused(&self, task: TaskId) -> String {
        self.task(task) + ":refused"
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

    pub fn errors(&self) -> String {
        self.at(&[BehindKey::errors().as_str()])
    }

    /// In the first shard.
    pub fn silences(&self) -> String {
        self.at(&["errors:silenced"])
    }

    pub fn behind(&self, key: &BehindKey) -> String {
        self.at(&[key.as_str()])
    }

    /// A key that is never written, for the probe of rights.
    pub fn sample(&self) -> String {
        self.at(&["task:sample"])
    }
}

/// A key that is written behind, without the prefix of its shard. The script takes keys of these families only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BehindKey(String);

impl BehindKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which kinds were submitted of late.
    pub fn kinds() -> BehindKey {
        BehindKey("index:kinds".to_owned())
    }

    /// The tasks of a kind that have ended. Names may hold colons, so what tells the families apart stands in front.
    pub fn kind(kind: &Kind) -> BehindKey {
        BehindKey(format!("index:kind:{kind}"))
    }

    pub fn tag(tag: &Tag) -> BehindKey {
        BehindKey(format!("index:tag:{tag}"))
    }

    pub fn worker(worker: &WorkerId) -> BehindKey {
        BehindKey(format!("index:worker:{worker}"))
    }

    /// What happened in the bucket that begins at this time.
    pub fn series(resolution: Resolution, bucket_ms: u64, of: &Of) -> BehindKey {
        match of {
            Of::All => BehindKey(format!("series:{resolution}:{bucket_ms}")),
            of => BehindKey(format!("series:{resolution}:{bucket_ms}:{}", of.word())),
        }
    }

    /// How deep queues were when somebody last looked.
    pub fn depths() -> BehindKey {
        BehindKey("depths".to_owned())
    }

    /// What waits for the receiver of a webhook.
    pub fn deliveries(webhook: &WebhookName) -> BehindKey {
        BehindKey(format!("webhook:{webhook}:due"))
    }

    /// Groups of failures, by when they were last seen.
    pub fn errors() -> BehindKey {
        BehindKey("errors".to_owned())
    }

    pub fn error(fingerprint: Fingerprint) -> BehindKey {
        BehindKey(format!("error:{fingerprint}"))
    }

    /// The latest tasks of a group.
    pub fn error_tasks(fingerprint: Fingerprint) -> BehindKey {
        BehindKey(format!("error:{fingerprint}:tasks"))
    }

    /// How often each worker saw it.
    pub fn error_workers(fingerprint: Fingerprint) -> BehindKey {
        BehindKey(format!("error:{fingerprint}:workers"))
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
