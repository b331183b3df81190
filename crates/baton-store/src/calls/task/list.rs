//! Faces `lua/task/list.lua`. It only reads.

use std::fmt;
use std::str::FromStr;

use baton_core::{QueueName, Shard, Status, TaskId};

use super::super::page;
use crate::error::Error;
use crate::keys::BehindKey;
use crate::record::{Fields, Task};
use crate::run::Call;
use crate::store::Store;

/// Which tasks to list. Running ones are found by their holders: `Store::list_running`.
#[derive(Clone, Debug)]
pub enum Index<'a> {
    /// Of one queue and status; not `running`, and not `scheduled`.
    Queue(&'a QueueName, Status),
    /// Those that wait for their time, of all queues of the shard or of one.
    Scheduled(Option<&'a QueueName>),
    /// One that is written behind, by the time of creation: of a kind, a tag, a worker. It may lag a moment.
    Behind(&'a BehindKey),
}

/// From which end of the index a list begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Pending: in claim order. Scheduled: the next due first. Finished: the oldest first.
    Up,
    Down,
}

/// The place at which a page ended. It stays good whatever is added or removed meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    pub score: u64,
    pub id: TaskId,
}

impl fmt::Display for After {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.score, self.id)
    }
}

impl FromStr for After {
    type Err = Error;

    fn from_str(text: &str) -> Result<After, Error> {
        let parsed =
            text.split_once(':').and_then(|(score, id)| Some((score.parse().ok()?, id.parse().ok()?)));
        let (score, id) =
            parsed.ok_or_else(|| Error::invalid("a cursor", "it was not given out by a list"))?;
        Ok(After { score, id })
    }
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// So many entries from the end at which the order begins. What comes and goes meanwhile shifts the ranks. With a
    /// filter by queue, entries of other queues count too.
    Rank(u64),
    /// Behind the page before.
    After(After),
}

impl Default for Start {
    fn default() -> Self {
        Start::Rank(0)
    }
}

impl From<Option<After>> for Start {
    fn from(after: Option<After>) -> Self {
        after.map_or_else(Start::default, Start::After)
    }
}

/// A page of an index.
#[derive(Clone, Debug)]
pub struct List<'a> {
    pub index: Index<'a>,
    pub order: Order,
    pub start: Start,
    pub limit: u64,
}

/// The tasks of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// How many the index has; with a filter by queue, of all queues.
    pub total: u64,
    pub tasks: Vec<Task>,
    /// Where the next page begins, if there is one.
    pub next: Option<After>,
}

impl Store {
    /// A page of the tasks of one status; their long payloads and results are left out.
    pub async fn list(&self, shard: Shard, list: &List<'_>) -> Result<Listed, Error> {
        let (rank, after) = match list.start {
            Start::Rank(rank) => (rank, None),
            Start::After(after) => (0, Some(after)),
        };
        page(rank, list.limit)?;
        let keys = self.keys(shard)?;
        let (index, queue) = match list.index {
            Index::Queue(_, Status::Running | Status::Scheduled) => {
                return Err(Error::invalid("a list", "this status has no index in its queue"));
            }
            Index::Queue(queue, status) => (keys.queue_index(queue, status), None),
            Index::Scheduled(queue) => (keys.scheduled(), queue),
            Index::Behind(key) => (keys.behind(key), None),
        };
        let mut call = Call::new("task/list", [keys.meta(), index]);
        call.arg(if list.order == Order::Up { "up" } else { "down" }).arg(rank);
        call.optional(after.map(|after| after.score)).optional(after.map(|after| after.id.to_string()));
        call.arg(list.limit).arg(queue.map_or("", QueueName::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (total, more) = (reply.parse()?, reply.flag()?);
        let (score, id) = (reply.optional()?, reply.optional()?);
        let next = score.zip(id).filter(|_| more).map(|(score, id)| After { score, id });
        Ok(Listed { total, tasks: read_listed(&mut reply)?, next })
    }
}

/// How many tasks, then each with its fields.
pub(super) fn read_listed(reply: &mut crate::reply::Reply) -> Result<Vec<Task>, Error> {
    let count: usize = reply.parse()?;
    let read = |_| {
        let id = reply.parse()?;
        Task::read(id, &mut Fields::new(format!("task {id}"), reply.fields()?))
    };
    (0..count).map(read).collect()
}
