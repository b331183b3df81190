//! Faces `lua/shard/facts.lua`. It only reads.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use baton_core::{Fence, FlowId, Priority, QueueName, Refusal, Shard, Tag, TaskId, WorkerId, limits};

use super::super::Refused;
use super::super::webhook::Watch;
use crate::behind::{Part, Place};
use crate::error::Error;
use crate::event::{self, Entry, StreamId};
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// What a task says of itself when an event of it is read, which may be long after the event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub created_ms: u64,
    pub pending_ms: Option<u64>,
    pub started_ms: Option<u64>,
    pub finished_ms: Option<u64>,
    /// Of its latest run: an event with another fence is of an earlier one.
    pub fence: Option<Fence>,
    pub worker: Option<WorkerId>,
    pub flow: Option<FlowId>,
    pub priority: Option<Priority>,
    /// Long ones are read only where the task has ended, or is rerun.
    pub tags: Vec<Tag>,
    /// Both ends of one that is long, which is read only for events that say that a run failed.
    pub error: Option<Vec<u8>>,
    pub reason: Option<String>,
}

/// What the stream has behind the place up to which it is written down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) place: Place,
    /// Entries behind the place may have been trimmed away before anybody read them.
    pub(crate) trimmed: bool,
    pub(crate) lag_ms: u64,
    pub(crate) entries: Vec<Read>,
    /// Tasks that still exist.
    pub(crate) rows: BTreeMap<TaskId, Row>,
    /// The queues of the shard that appeared first.
    pub(crate) queues: BTreeSet<QueueName>,
    /// Webhooks that take deliveries.
    pub(crate) watches: Vec<Watch>,
}

/// One entry; one that a newer release wrote may be unreadable.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) id: StreamId,
    /// Without the tasks before and behind those that a piece takes.
    pub(crate) entry: Option<Entry>,
    /// How many of its tasks are written down already.
    pub(crate) done: u64,
    /// The piece takes all that is left of it.
    pub(crate) ends: bool,
}

/// The answer.
#[derive(Clone, Debug)]
pub(crate) enum FactsRead {
    Facts(Facts),
    /// Somebody is at it.
    Busy,
    /// A newer release owns the shard, and does this itself.
    TooNew,
}

impl Store {
    /// The next piece. `joins`: only if nobody is at it.
    pub(crate) async fn facts(&self, shard: Shard, limit: u64, joins: bool) -> Result<FactsRead, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new("shard/facts", [keys.meta(), keys.events()]);
        call.arg(self.now_argument()).arg(limit.clamp(1, limits::BEHIND_EVENTS_MAX));
        call.arg(if joins { "1" } else { "" });
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "facts" => Ok(FactsRead::Facts(read(&mut reply)?)),
            "busy" => Ok(FactsRead::Busy),
            "refused" => match Refused::read(&mut reply)?.refusal {
                Refusal::SchemaTooNew => Ok(FactsRead::TooNew),
                other => Err(reply.fault(format!("it refused: {other}"))),
            },
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}

fn read(reply: &mut Reply) -> Result<Facts, Error> {
    let place = Place { entry: reply.optional()?, part: reply.optional()? };
    let (trimmed, lag_ms) = (reply.flag()?, reply.parse()?);
    let count: usize = reply.parse()?;
    let entries = (0..count).map(|_| read_entry(reply, place.part)).collect::<Result<_, _>>()?;
    let count: usize = reply.parse()?;
    let mut rows = BTreeMap::new();
    for _ in 0..count {
        let id = reply.text()?;
        let row = read_row(reply)?;
        // A word of an entry that names no task is none of ours.
        if let (Ok(id), Some(row)) = (id.parse(), row) {
            rows.insert(id, row);
        }
    }
    let count: usize = reply.parse()?;
    let queues = (0..count).map(|_| reply.parse()).collect::<Result<_, _>>()?;
    let mut watches = Vec::new();
    while !reply.is_empty() {
        watches.extend(Watch::read(&reply.text()?, &reply.text()?));
    }
    Ok(Facts { place, trimmed, lag_ms, entries, rows, queues, watches })
}

fn read_entry(reply: &mut Reply, part: Option<Part>) -> Result<Read, Error> {
    let id = reply.text()?;
    let size: usize = reply.parse()?;
    let words = (0..size).map(|_| reply.bytes()).collect::<Result<Vec<_>, _>>()?;
    let mut entry = event::entry(&id, &words);
    if let Err(error) = &entry {
        tracing::warn!(%error, "an event cannot be read, and is not written down");
    }
    let id = id.parse()?;
    let done = part.filter(|part| part.entry == id).map_or(0, |part| part.tasks);
    if let Ok(entry) = &mut entry {
        entry.tasks.drain(..entry.tasks.len().min(done as usize));
    }
    Ok(Read { id, entry: entry.ok(), done, ends: true })
}

/// `None` where the task is gone.
fn read_row(reply: &mut Reply) -> Result<Option<Row>, Error> {
    let created_ms: Option<u64> = reply.optional()?;
    let row = Row {
        created_ms: created_ms.unwrap_or_default(),
        pending_ms: reply.optional()?,
        started_ms: reply.optional()?,
        finished_ms: reply.optional()?,
        fence: reply.optional()?,
        worker: reply.optional()?,
        flow: reply.optional()?,
        priority: reply.optional::<i64>()?.and_then(|number| Priority::new(number).ok()),
        tags: tags(&reply.text()?),
        error: Some(reply.bytes()?).filter(|error| !error.is_empty()),
        reason: reply.optional::<String>()?,
    };
    Ok(created_ms.map(|_| row))
}

/// A list that was cut ends with a part of a tag, which is left out by `BEHIND_VALUE_BYTES` being long enough for all.
pub(crate) fn tags(text: &str) -> Vec<Tag> {
    text.split(',').filter_map(|tag| Tag::from_str(tag).ok()).collect()
}
