//! The event stream of a shard: every change, in order of effect, written by the script that made it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use baton_core::{Boot, Fence, Kind, Principal, QueueName, Shard, TaskId, Version, WorkerId, limits};
use deadpool_redis::redis::{Cmd, FromRedisValue, Value};

use crate::calls::task::stream_id;
use crate::error::Error;
use crate::store::Store;

/// A place in the stream of one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    pub ms: u64,
    pub sequence: u64,
}

impl fmt::Display for StreamId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.ms, self.sequence)
    }
}

impl FromStr for StreamId {
    type Err = Error;

    fn from_str(text: &str) -> Result<StreamId, Error> {
        let parts = stream_id(Some(text))?
            .split_once('-')
            .and_then(|(ms, sequence)| Some((ms.parse().ok()?, sequence.parse().ok()?)));
        let (ms, sequence) =
            parts.ok_or_else(|| Error::invalid("a place in a stream", "its numbers are too large"))?;
        Ok(StreamId { ms, sequence })
    }
}

/// One entry: what one call did under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: StreamId,
    /// The word of the move, or `prune` (whose why names the tags and the last worker of what went), `progress`,
    /// `reprioritise`, `register`, `deregister`, `quiet`, `stop`, `go_on`, `pause`, `resume`, `queue_set`, `stall`, `repair`; of pools
    /// `scale`, `start`, `halt`, `remove`, `attend`, `part`; of
    /// schedules `schedule_put`, `schedule_fire`, `schedule_trigger`, `schedule_pause`, `schedule_resume`, `schedule_remove`; of
    /// kinds `kind_put`, `kind_remove`; of webhooks `webhook_put`, `webhook_pause`, `webhook_resume`, `webhook_rotate`,
    /// `webhook_disable`, `webhook_remove`.
    pub event: String,
    pub worker: Option<WorkerId>,
    pub boot: Option<Boot>,
    pub by: Option<Principal>,
    /// The queue that was paused, resumed or set, and what it was set to; from and to of a stall; what was repaired; the pool, and its size or
    /// supervisor; the kind; the webhook, and why it was given up.
    pub subject: Option<String>,
    /// Of a schedule: its name, the queue of its tasks, and what there is to say.
    pub schedule: Option<String>,
    /// In order of effect. The id of the event of one task is `<entry id>.<position>`.
    pub tasks: Vec<TaskEvent>,
}

/// What an entry says of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskEvent {
    pub task: TaskId,
    pub version: Version,
    pub fence: Fence,
    pub attempt: u64,
    pub queue: QueueName,
    pub kind: Kind,
    pub why: Option<String>,
}

impl Store {
    /// Entries after this place, or from the oldest there is.
    pub async fn events(
        &self,
        shard: Shard,
        after: Option<StreamId>,
        limit: u64,
    ) -> Result<Vec<Entry>, Error> {
        let mut command = Cmd::new();
        let from = after.map_or("-".to_owned(), |after| format!("({after}"));
        command
            .arg("XRANGE")
            .arg(self.keys(shard)?.events())
            .arg(from)
            .arg("+")
            .arg("COUNT")
            .arg(limit.min(limits::SCAN_MAX));
        let value = self.send(&command, None).await?;
        entries(value)
    }

    /// Entries before this place, the latest first.
    pub async fn events_before(
        &self,
        shard: Shard,
        before: StreamId,
        limit: u64,
    ) -> Result<Vec<Entry>, Error> {
        let mut command = Cmd::new();
        command.arg("XREVRANGE").arg(self.keys(shard)?.events()).arg(format!("({before}")).arg("-");
        command.arg("COUNT").arg(limit.min(limits::SCAN_MAX));
        entries(self.send(&command, None).await?)
    }

    /// The same from there on, and waits for the first one where there is none yet. Meanwhile it has a connection to itself: a call
    /// that blocks would hold up every other call behind it.
    pub async fn follow_events(
        &self,
        shard: Shard,
        after: StreamId,
        limit: u64,
        wait: Duration,
    ) -> Result<Vec<Entry>, Error> {
        let mut command = Cmd::new();
        command
            .arg("XREAD")
            .arg("COUNT")
            .arg(limit.min(limits::SCAN_MAX))
            .arg("BLOCK")
            .arg(wait.as_millis().max(1) as u64);
        command.arg("STREAMS").arg(self.keys(shard)?.events()).arg(after.to_string());
        let answer = self.inner.blocking.send(&command, wait).await;
        let unavailable = |source| Error::Unavailable { reason: "the connection failed", source };
        only_stream(answer.map_err(unavailable)?)?.map_or(Ok(Vec::new()), entries)
    }
}

/// What XREAD answers of the one stream that was asked for; `None`: nothing new came in time.
pub(crate) fn only_stream(answer: Value) -> Result<Option<Value>, Error> {
    if answer == Value::Nil {
        return Ok(None);
    }
    let streams: Vec<(String, Value)> = read(answer)?;
    Ok(streams.into_iter().next().map(|(_, value)| value))
}

fn read<T: FromRedisValue>(value: Value) -> Result<T, Error> {
    T::from_redis_value(value).map_err(|error| Error::fault("the event stream", error.to_string()))
}

fn entries(value: Value) -> Result<Vec<Entry>, Error> {
    let raw: Vec<(String, Vec<Vec<u8>>)> = read(value)?;
    raw.into_iter().map(|(id, words)| entry(&id, &words)).collect()
}

pub(crate) fn entry(id: &str, words: &[Vec<u8>]) -> Result<Entry, Error> {
    let fault = |problem: String| Error::fault(format!("event {id}"), problem);
    let mut entry = Entry {
        id: id.parse()?,
        event: String::new(),
        worker: None,
        boot: None,
        by: None,
        subject: None,
        schedule: None,
        tasks: Vec::new(),
    };
    for pair in words.chunks_exact(2) {
        let (field, value) = (String::from_utf8_lossy(&pair[0]), String::from_utf8_lossy(&pair[1]));
        let unreadable = || fault(format!("its field {field} cannot be read: {value:?}"));
        match &*field {
            "event" => entry.event = value.into_owned(),
            "worker" => entry.worker = Some(value.parse().map_err(|_| unreadable())?),
            "boot" => entry.boot = Some(value.parse().map_err(|_| unreadable())?),
            "by" => entry.by = Some(value.parse().map_err(|_| unreadable())?),
            "queue" | "stall" | "repair" | "pool" | "kind" | "webhook" => {
                entry.subject = Some(value.into_owned())
            }
            "schedule" => entry.schedule = Some(value.into_owned()),
            task => {
                let task = task.parse().map_err(|_| unreadable())?;
                entry.tasks.push(task_event(task, &value).ok_or_else(unreadable)?);
            }
        }
    }
    Ok(entry)
}

/// `<version> <fence> <attempts failed> <queue> <kind> [why]`
fn task_event(task: TaskId, text: &str) -> Option<TaskEvent> {
    let mut words = text.splitn(6, ' ');
    Some(TaskEvent {
        task,
        version: words.next()?.parse().ok()?,
        fence: words.next()?.parse().ok()?,
        attempt: words.next()?.parse().ok()?,
        queue: words.next()?.parse().ok()?,
        kind: words.next()?.parse().ok()?,
        why: words.next().map(str::to_owned),
    })
}
