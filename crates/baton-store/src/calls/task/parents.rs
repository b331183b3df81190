//! Faces `lua/task/parents.lua`. It only reads.
//!
//! What the parents of a task resulted in is read page by page when a run is about to start, and not kept: a parent that
//! is rerun later has another result then, and a child that is rerun sees that one.

use std::collections::BTreeMap;

use baton_core::{Status, TaskId, TaskRef, limits};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// Parents that one call reads.
const PAGE: u64 = 500;
/// Parents that a run is told of: they are read within some milliseconds. A task that gathers more than these
/// reads by itself, piece by piece.
pub const TOLD_PARENTS_MAX: u64 = 1_000;
/// Their results together. What a run gets then is at most twice what the largest payload is, so that whoever has room
/// for a task has room for this.
pub const TOLD_BYTES_MAX: u64 = limits::RESULT_BYTES_MAX;

/// The parents of a task, in the order of its flow, and then in that in which they were linked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parents {
    pub each: Vec<Parent>,
    /// There are more of them, or results for which there was no room, or one whose retention is over.
    pub truncated: bool,
}

/// One parent, as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    pub id: TaskId,
    /// What it is called within its flow.
    pub name: Option<TaskRef>,
    pub status: Status,
    /// `None` where it did not complete, or with nothing, or where there was no room.
    pub result: Option<Vec<u8>>,
}

/// What is read so far.
struct Reading {
    parents: Parents,
    /// How many bytes of results still fit.
    room: usize,
    /// A result did not fit: nothing more is fetched that would most likely be left out.
    full: bool,
}

impl Parents {
    /// Each under the word by which its child knows it: its name; or its id where it has none, where another parent has
    /// the same (it is of another flow), or where the name looks like an id. So no two have the same word.
    pub fn named(&self) -> impl Iterator<Item = (String, &Parent)> {
        let mut often: BTreeMap<&TaskRef, u32> = BTreeMap::new();
        self.each.iter().filter_map(|parent| parent.name.as_ref()).for_each(|name| {
            *often.entry(name).or_default() += 1;
        });
        self.each.iter().map(move |parent| {
            let tells =
                |name: &&TaskRef| often.get(name) == Some(&1) && name.as_str().parse::<TaskId>().is_err();
            let name = parent.name.as_ref().filter(tells);
            (name.map_or_else(|| parent.id.to_string(), TaskRef::to_string), parent)
        })
    }
}

impl Reading {
    fn new() -> Reading {
        Reading { parents: Parents::default(), room: TOLD_BYTES_MAX as usize, full: false }
    }

    fn take(&mut self, id: TaskId, status: Option<Status>, name: Option<TaskRef>, result: Vec<u8>) {
        let Some(status) = status else {
            self.parents.truncated = true;
            return;
        };
        let result = Some(result).filter(|result| !result.is_empty());
        let fits = result.as_ref().is_none_or(|result| result.len() <= self.room);
        if !fits {
            (self.full, self.parents.truncated) = (true, true);
        }
        let result = result.filter(|_| fits);
        self.room -= result.as_ref().map_or(0, Vec::len);
        self.parents.each.push(Parent { id, name, status, result });
    }
}

impl Store {
    /// What the parents of a task resulted in: of a thousand of them at most, and with results of 1 MiB at most. It only
    /// reads, so it may be repeated.
    pub async fn parents(&self, task: TaskId) -> Result<Parents, Error> {
        let mut reading = Reading::new();
        let mut next = Some(0);
        while let Some(first) = next.filter(|first| *first < TOLD_PARENTS_MAX) {
            next = self.read_parents(task, first, &mut reading).await?;
        }
        reading.parents.truncated |= next.is_some();
        Ok(reading.parents)
    }

    /// A page of them; answers where the next one begins.
    async fn read_parents(
        &self,
        task: TaskId,
        first: u64,
        reading: &mut Reading,
    ) -> Result<Option<u64>, Error> {
        let keys = self.keys(task.shard())?;
        let mut call = Call::new("task/parents", [keys.meta(), keys.task_parents(task)]);
        call.arg(first).arg(PAGE.min(TOLD_PARENTS_MAX - first)).arg(if reading.full { "" } else { "1" });
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "parents" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let next = reply.optional()?;
        while !reply.is_empty() {
            let (id, status, name) = (reply.parse()?, reply.optional()?, reply.optional()?);
            reading.take(id, status, name, reply.bytes()?);
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(number: u16, name: &str) -> Parent {
        let draw = baton_core::id::Draw { now_ms: 1, counter: number, random: 0 };
        let id = TaskId::draw(draw, baton_core::Shard::FIRST);
        Parent { id, name: name.parse().ok(), status: Status::Completed, result: None }
    }

    #[test]
    fn every_parent_has_a_word_of_its_own() {
        let mut each = vec![parent(1, "extract"), parent(2, ""), parent(3, "load"), parent(4, "load")];
        each.push(parent(5, &each[0].id.to_string()));
        let parents = Parents { each: each.clone(), truncated: false };
        let words: Vec<String> = parents.named().map(|(word, _)| word).collect();
        let id = |at: usize| each[at].id.to_string();
        assert_eq!(words, ["extract".to_owned(), id(1), id(2), id(3), id(4)]);
    }
}
