//! Faces `lua/queue/set.lua`. Repeatable: a repeat finds the queue as it should be.

use baton_core::queue::{Keep, QueueRules, Retention};
use baton_core::{Principal, QueueName, Shard};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What a queue is to allow, and how long it is to keep what has ended. A part of `None` stays as it is.
#[derive(Clone, Debug)]
pub struct SetQueue<'a> {
    pub queue: &'a QueueName,
    /// Of the whole namespace: the shard gets its part.
    pub rules: Option<&'a QueueRules>,
    pub retention: Option<&'a Retention>,
    /// The version that must stand.
    pub version: Option<u64>,
    pub by: Option<&'a Principal>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueSet {
    Done { version: u64 },
    Stale { version: u64 },
    Refused(Refused),
}

impl Store {
    /// A queue spans all shards: the caller does this in each.
    pub async fn set_queue(&self, shard: Shard, set: &SetQueue<'_>) -> Result<QueueSet, Error> {
        let fields = self.queue_fields(shard, set)?;
        let keys = self.keys(shard)?;
        let names = [keys.meta(), keys.events(), keys.queues(), keys.queue(set.queue)];
        let mut call = Call::new("queue/set", names);
        call.arg(self.now_argument()).arg(set.queue.as_str()).arg(set.by.map_or("", Principal::as_str));
        call.optional(set.version).arg(fields.len());
        for (name, value) in fields {
            call.arg(name).arg(value);
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "set" => Ok(QueueSet::Done { version: reply.parse()? }),
            "stale" => Ok(QueueSet::Stale { version: reply.parse()? }),
            "refused" => Ok(QueueSet::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }

    fn queue_fields(&self, shard: Shard, set: &SetQueue<'_>) -> Result<Vec<(&'static str, String)>, Error> {
        let shards = u64::from(self.shards().get());
        let wrong = |error: baton_core::queue::RuleError| Error::invalid(error.what, error.problem);
        let mut fields = Vec::new();
        if let Some(rules) = set.rules {
            rules.check(shards).map_err(wrong)?;
            fields.extend(rule_fields(&rules.part(u64::from(shard.number()), shards)));
        }
        if let Some(retention) = set.retention {
            retention.check().map_err(wrong)?;
            fields.extend(retention_fields(retention));
        }
        Ok(fields)
    }
}

fn rule_fields(rules: &QueueRules) -> [(&'static str, String); 6] {
    let words = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        ("concurrency", words(rules.concurrency)),
        ("rate_count", words(rules.rate.map(|rate| rate.count))),
        ("rate_ms", words(rules.rate.map(|rate| rate.per_ms))),
        ("group_concurrency", words(rules.group_concurrency)),
        ("fair", if rules.fair { "1".to_owned() } else { String::new() }),
        ("aging_ms", words(rules.aging_ms)),
    ]
}

fn retention_fields(retention: &Retention) -> [(&'static str, String); 5] {
    let words = |keep: Option<Keep>| keep.map(|keep| keep.to_string()).unwrap_or_default();
    [
        ("retention_ms", words(retention.any)),
        ("retention_completed_ms", words(retention.completed)),
        ("retention_failed_ms", words(retention.failed)),
        ("retention_timeout_ms", words(retention.timeout)),
        ("retention_cancelled_ms", words(retention.cancelled)),
    ]
}
