//! How far a stream is written down. One entry may have a hundred tasks, each of which leads to dozens of writes, so a
//! piece may end within it.

use std::fmt;
use std::str::FromStr;

use crate::calls::shard::facts::{Facts, Read};
use crate::event::StreamId;

/// All up to this entry, and a part of the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) entry: Option<StreamId>,
    pub(crate) part: Option<Part>,
}

/// The first tasks of an entry: its id and how many, as the shard keeps it. It holds for this entry alone: if that is trimmed
/// away meanwhile, the rest of its tasks is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) entry: StreamId,
    pub(crate) tasks: u64,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.entry, self.tasks)
    }
}

impl FromStr for Part {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Part, Self::Err> {
        let fault = || crate::Error::fault("meta", format!("{text:?} is no part of an entry"));
        let (entry, tasks) = text.split_once(' ').ok_or_else(fault)?;
        Ok(Part { entry: entry.parse()?, tasks: tasks.parse().map_err(|_| fault())? })
    }
}

fn tasks_of(read: &Read) -> usize {
    read.entry.as_ref().map_or(0, |entry| entry.tasks.len())
}

/// How many tasks the piece has.
pub(super) fn tasks(facts: &Facts) -> usize {
    facts.entries.iter().map(tasks_of).sum()
}

/// Cuts the piece behind so many tasks.
pub(super) fn keep(facts: &mut Facts, tasks: usize) {
    let mut left = tasks;
    let mut entries = 0;
    for read in &mut facts.entries {
        if left == 0 {
            break;
        }
        entries += 1;
        let more = tasks_of(read) > left;
        if let Some(entry) = read.entry.as_mut().filter(|_| more) {
            entry.tasks.truncate(left);
            read.ends = false;
        }
        left -= tasks_of(read);
    }
    facts.entries.truncate(entries);
}

/// Where it ends.
pub(super) fn after(facts: &Facts) -> Place {
    let ends = facts.entries.iter().rev().find(|read| read.ends).map(|read| read.id);
    let cut = facts.entries.last().filter(|read| !read.ends);
    let part = cut.map(|read| Part { entry: read.id, tasks: read.done + tasks_of(read) as u64 });
    Place { entry: ends.or(facts.place.entry), part }
}
