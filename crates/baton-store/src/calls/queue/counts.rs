//! Faces `lua/queue/counts.lua`. It only reads.

use baton_core::queue::{Keep, QueueRules, Rate, Retention};
use baton_core::{QueueName, Shard, Status};

use super::super::page;
use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// One queue of a shard in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueCounts {
    pub name: QueueName,
    pub paused_ms: Option<u64>,
    pub retention: Retention,
    /// What this shard allows.
    pub rules: QueueRules,
    /// Rises with each change of the two.
    pub version: u64,
    /// In the order of `Status::ALL`.
    pub tasks: Vec<(Status, u64)>,
    pub oldest_pending_age_ms: Option<u64>,
    /// Pending ones that wait because as many of their group run as may.
    pub waiting: u64,
    /// Starts that count against its rate now.
    pub starts: u64,
}

/// A page of queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// How many queues the shard has, on this page or not.
    pub queues_total: u64,
    pub queues: Vec<QueueCounts>,
}

impl QueueCounts {
    /// How many tasks of this status the queue has.
    pub fn of(&self, status: Status) -> u64 {
        self.tasks.iter().find(|(of, _)| *of == status).map_or(0, |(_, count)| *count)
    }
}

impl Store {
    /// A page of the queues of a shard, from the `first` in order of appearance.
    pub async fn counts(&self, shard: Shard, first: u64, limit: u64) -> Result<Counts, Error> {
        page(first, limit)?;
        self.read_counts(shard, first, limit, None).await
    }

    /// One queue of a shard; `None` if nothing was ever submitted to it there, and it was never paused.
    pub async fn queue(&self, shard: Shard, queue: &QueueName) -> Result<Option<QueueCounts>, Error> {
        let found = self.read_counts(shard, 0, 1, Some(queue)).await?;
        Ok(found.queues.into_iter().next())
    }

    async fn read_counts(
        &self,
        shard: Shard,
        first: u64,
        limit: u64,
        only: Option<&QueueName>,
    ) -> Result<Counts, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new("queue/counts", [keys.meta(), keys.queues()]);
        call.arg(self.now_argument()).arg(first).arg(limit).arg(only.map_or("", QueueName::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "counted" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let queues_total = reply.parse()?;
        let mut queues = Vec::new();
        while !reply.is_empty() {
            queues.push(read_queue(&mut reply)?);
        }
        Ok(Counts { queues_total, queues })
    }
}

fn read_queue(reply: &mut Reply) -> Result<QueueCounts, Error> {
    let (name, paused_ms, any) = (reply.parse()?, reply.optional()?, reply.optional()?);
    // A counter that is no number is for an audit to tell of; a list of queues goes on.
    let tasks = Status::ALL.iter().map(|status| Ok((*status, reply.text()?.parse().unwrap_or_default())));
    let mut queue = QueueCounts {
        name,
        paused_ms,
        retention: Retention { any, ..Retention::default() },
        rules: QueueRules::default(),
        version: 0,
        tasks: tasks.collect::<Result<Vec<_>, Error>>()?,
        oldest_pending_age_ms: reply.optional()?,
        waiting: reply.parse()?,
        starts: reply.parse()?,
    };
    let words: usize = reply.parse()?;
    for _ in 0..words / 2 {
        let field = reply.text()?;
        read_setting(&mut queue, &field, reply)?;
    }
    Ok(queue)
}

fn read_setting(queue: &mut QueueCounts, field: &str, reply: &mut Reply) -> Result<(), Error> {
    let QueueCounts { rules, retention, version, .. } = queue;
    let rate = || Rate { count: 0, per_ms: 0 };
    match field {
        "concurrency" => rules.concurrency = reply.optional()?,
        "rate_count" => rules.rate.get_or_insert_with(rate).count = reply.parse()?,
        "rate_ms" => rules.rate.get_or_insert_with(rate).per_ms = reply.parse()?,
        "group_concurrency" => rules.group_concurrency = reply.optional()?,
        "fair" => rules.fair = reply.text()? == "1",
        "aging_ms" => rules.aging_ms = reply.optional()?,
        "retention_completed_ms" => retention.completed = reply.optional::<Keep>()?,
        "retention_failed_ms" => retention.failed = reply.optional()?,
        "retention_timeout_ms" => retention.timeout = reply.optional()?,
        "retention_cancelled_ms" => retention.cancelled = reply.optional()?,
        "version" => *version = reply.parse()?,
        other => return Err(reply.fault(format!("it answered the setting {other:?}"))),
    }
    Ok(())
}
