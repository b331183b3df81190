//! Faces `lua/task/claim.lua`. Repeatable: what an earlier try granted is held without being listed, so the repeat gets
//! it first, under the same fence and a renewed lease.

use baton_core::lease::is_last_life;
use baton_core::{Boot, Fence, Kind, LeaseLength, Priority, QueueName, Shard, TaskId, WorkerId, limits};

use super::super::{Gone, Pair, Refused, bounded, list_pairs, read_gone};
use crate::error::Error;
use crate::record::{Fields, priority};
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// Tasks asked for by one life of a worker.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    pub worker: &'a WorkerId,
    pub boot: &'a Boot,
    /// For a boot that never registered: the boot it follows, if there was one, and the lease it wants.
    pub expects: Option<&'a Boot>,
    pub lease: LeaseLength,
    pub queues: &'a [QueueName],
    /// Empty the queues in their order; else by priority and age over all of them.
    pub in_order: bool,
    /// How many tasks are wanted; 0 only asks for what is held without being listed.
    pub max: u64,
    /// The one task that is wanted.
    pub only: Option<TaskId>,
    /// Everything that the holder knows and that was not acknowledged as settled, finished or not.
    pub holding: &'a [Pair],
}

/// A task under the holder's lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub task: TaskId,
    pub fence: Fence,
    pub queue: QueueName,
    pub kind: Kind,
    /// Attempts that have failed before.
    pub attempt: u64,
    pub max_attempts: u64,
    pub crashes: u64,
    pub timeout_ms: u64,
    pub priority: Priority,
    pub traceparent: Option<String>,
    pub payload: Vec<u8>,
    /// How many tasks it had to wait for: what they resulted in is read by itself.
    pub parents: u64,
    /// It is on its last life: run it only while nothing else runs in this process, or release it.
    pub solo: bool,
    /// It was granted before, and the answer did not arrive.
    pub redelivered: bool,
}

/// What a claim brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    pub lease: LeaseLength,
    /// When the shard wants to be ticked next, Redis time.
    pub tick_ms: Option<u64>,
    pub tasks: Vec<Grant>,
    /// Pairs that were listed and are not held: stop working on them.
    pub gone: Vec<Gone>,
    /// A task waits that must run alone: settle everything, and it will be given.
    pub solo_waiting: bool,
    /// Limits kept some back: there is something in so many ms.
    pub again_in_ms: Option<u64>,
}

impl Grant {
    /// How the holder lists this task from now on.
    pub fn pair(&self) -> Pair {
        Pair { task: self.task, fence: self.fence, timeout_ms: Some(self.timeout_ms) }
    }
}

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    Tasks(Grants),
    Refused(Refused),
}

impl Claim<'_> {
    fn check(&self) -> Result<(), Error> {
        bounded("tasks of one claim", self.max as usize, limits::CLAIM_TASKS_MAX)?;
        bounded("queues of one claim", self.queues.len(), limits::CLAIM_QUEUES_MAX)?;
        bounded("tasks held", self.holding.len(), limits::HELD_TASKS_MAX)
    }
}

impl Store {
    /// Gives a holder what it holds without listing it, then new tasks, and extends its lease.
    pub async fn claim(&self, shard: Shard, claim: &Claim<'_>) -> Result<Claimed, Error> {
        claim.check()?;
        let keys = self.keys(shard)?;
        let mut names = vec![keys.meta(), keys.events(), keys.leases(), keys.workers()];
        names.push(keys.worker(claim.worker));
        names.push(keys.held(claim.worker, Some(claim.boot)));
        names.extend(queue_keys(keys, claim.queues));
        let mut call = Call::new("task/claim", names);
        call.arg(self.now_argument()).arg(claim.worker.as_str()).arg(claim.boot.as_str());
        call.arg(claim.expects.map_or("", Boot::as_str)).arg(claim.lease.ms()).arg(claim.max);
        call.arg(order_word(claim.in_order))
            .optional(claim.only.map(|task| task.to_string()))
            .arg(claim.holding.len());
        list_pairs(&mut call, claim.holding);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "claimed" => {
                let tick_ms = reply.optional()?;
                self.note_due(shard, tick_ms);
                Ok(Claimed::Tasks(read_grants(&mut reply, tick_ms)?))
            }
            "refused" => Ok(Claimed::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}

/// The record and the pending index of each queue.
pub(super) fn queue_keys(keys: &crate::keys::ShardKeys, queues: &[QueueName]) -> Vec<String> {
    let each = queues.iter();
    each.flat_map(|queue| [keys.queue(queue), keys.queue_index(queue, baton_core::Status::Pending)]).collect()
}

pub(super) fn order_word(in_order: bool) -> &'static str {
    if in_order { "listed" } else { "" }
}

pub(super) fn read_grants(reply: &mut Reply, tick_ms: Option<u64>) -> Result<Grants, Error> {
    let lease = LeaseLength::from_ms(reply.parse()?).map_err(|error| reply.fault(error.to_string()))?;
    let (solo_waiting, again_in_ms) = match reply.text()?.as_str() {
        "" => (false, None),
        "solo_waiting" => (true, None),
        ms => match ms.parse() {
            Ok(ms) => (false, Some(ms)),
            Err(_) => return Err(reply.fault(format!("it answered {ms:?} where solo_waiting belongs"))),
        },
    };
    let gone = read_gone(reply)?;
    let count: usize = reply.parse()?;
    let tasks = (0..count).map(|_| read_grant(reply)).collect::<Result<Vec<_>, _>>()?;
    Ok(Grants { lease, tick_ms, tasks, gone, solo_waiting, again_in_ms })
}

fn read_grant(reply: &mut Reply) -> Result<Grant, Error> {
    let redelivered = match reply.text()?.as_str() {
        "granted" => false,
        "redelivered" => true,
        other => return Err(reply.fault(format!("it answered {other:?} of a task"))),
    };
    let (task, fence, queue, kind) = (reply.parse()?, reply.parse()?, reply.parse()?, reply.parse()?);
    let payload = reply.bytes()?;
    let mut fields = Fields::new(format!("task {task}"), reply.fields()?);
    let crashes = fields.or("crashes", 0)?;
    let max_crashes = fields.or("max_crashes", limits::MAX_CRASHES)?;
    Ok(Grant {
        task,
        fence,
        queue,
        kind,
        attempt: fields.or("attempt", 0)?,
        max_attempts: fields.or("max_attempts", limits::MAX_ATTEMPTS)?,
        crashes,
        timeout_ms: fields.or("timeout_ms", limits::TIMEOUT_MS)?,
        priority: priority(&mut fields)?,
        traceparent: fields.optional("traceparent")?,
        parents: fields.or("parents", 0)?,
        payload,
        solo: is_last_life(crashes, max_crashes),
        redelivered,
    })
}
