//! Faces `lua/error/list.lua`. It only reads.

use std::collections::BTreeMap;

use baton_core::{Fingerprint, Kind, QueueName, Shard, TaskId, WorkerId};

use super::super::page;
use crate::error::Error;
use crate::record::Fields;
use crate::run::Call;
use crate::store::Store;

/// Failures of one fingerprint, in one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorGroup {
    pub fingerprint: Fingerprint,
    pub kind: Kind,
    /// The type of the error, as its handler calls it; may be empty.
    pub reason: String,
    /// What all messages of the group have in common.
    pub message: String,
    /// One of the messages as it was, of this task.
    pub sample: String,
    pub sample_task: TaskId,
    pub sample_queue: QueueName,
    pub queues: BTreeMap<QueueName, Seen>,
    /// Queues that came after the first so many, together.
    pub others: Option<Seen>,
    /// How often each worker saw it: of the first ones that did.
    pub workers: BTreeMap<WorkerId, u64>,
    /// How often it was seen in its latest hours, by the ms at which they begin.
    pub hours: BTreeMap<u64, u64>,
}

/// How often and when something was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub count: u64,
    pub first_ms: u64,
    pub last_ms: u64,
}

impl Seen {
    /// Both together.
    pub fn and(self, other: Seen) -> Seen {
        Seen {
            count: self.count.saturating_add(other.count),
            first_ms: self.first_ms.min(other.first_ms),
            last_ms: self.last_ms.max(other.last_ms),
        }
    }
}

/// A page of the groups of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorGroups {
    /// How many the shard has.
    pub total: u64,
    pub groups: Vec<ErrorGroup>,
}

impl ErrorGroup {
    fn read(
        fingerprint: Fingerprint,
        fields: &mut Fields,
        workers: Vec<(String, Vec<u8>)>,
    ) -> Result<ErrorGroup, Error> {
        let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
        for (queue, count) in fields.with_prefix("count:") {
            let count = number(&count)?;
            let first_ms = fields.or(&format!("first_ms:{queue}"), 0)?;
            let last_ms = fields.or(&format!("last_ms:{queue}"), first_ms)?;
            seen.insert(queue, Seen { count, first_ms, last_ms });
        }
        let mut hours = BTreeMap::new();
        for (_, said) in fields.with_prefix("hour:") {
            let at = said.iter().position(|byte| *byte == b' ').unwrap_or(said.len());
            hours.insert(number(&said[..at])?, number(said.get(at + 1..).unwrap_or_default())?);
        }
        Ok(ErrorGroup {
            fingerprint,
            hours,
            kind: fields.required("kind")?,
            reason: fields.or("reason", String::new())?,
            message: fields.or("message", String::new())?,
            sample: String::from_utf8_lossy(&fields.bytes("sample").unwrap_or_default()).into_owned(),
            sample_task: fields.required("sample_task")?,
            sample_queue: fields.required("sample_queue")?,
            others: seen.remove("*"),
            queues: seen.into_iter().filter_map(|(queue, seen)| Some((queue.parse().ok()?, seen))).collect(),
            workers: workers
                .into_iter()
                .filter_map(|(worker, count)| Some((worker.parse().ok()?, number(&count).ok()?)))
                .collect(),
        })
    }
}

fn number(bytes: &[u8]) -> Result<u64, Error> {
    let number = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::fault("a group of failures", "a count of it is no number"))
}

impl Store {
    /// A page of the groups of a shard, from the one that was seen last.
    pub async fn errors(&self, shard: Shard, first: u64, limit: u64) -> Result<ErrorGroups, Error> {
        page(first, limit)?;
        self.read_errors(shard, first, limit, None).await
    }

    /// One group of a shard; `None` if it was never seen there, or not for long.
    pub async fn error(&self, shard: Shard, fingerprint: Fingerprint) -> Result<Option<ErrorGroup>, Error> {
        let found = self.read_errors(shard, 0, 1, Some(fingerprint)).await?;
        Ok(found.groups.into_iter().next())
    }

    async fn read_errors(
        &self,
        shard: Shard,
        first: u64,
        limit: u64,
        only: Option<Fingerprint>,
    ) -> Result<ErrorGroups, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new("error/list", [keys.meta(), keys.errors()]);
        call.arg(first).arg(limit).optional(only.map(|fingerprint| fingerprint.to_string()));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (total, mut groups) = (reply.parse()?, Vec::new());
        while !reply.is_empty() {
            let fingerprint: Fingerprint = reply.parse()?;
            let mut fields = Fields::new(format!("error {fingerprint}"), reply.fields()?);
            groups.push(ErrorGroup::read(fingerprint, &mut fields, reply.fields()?)?);
        }
        Ok(ErrorGroups { total, groups })
    }
}
