//! Faces `lua/task/sides.lua`. It only reads.

use baton_core::audit::Fields;
use baton_core::{TaskId, limits};

use super::super::page;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The lists of edges of a task.
pub const LISTS: [&str; 4] = ["parents", "children", "waiting", "parked"];

/// An edge as the task at its other end has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherSide {
    /// As it stands in the list.
    pub task: String,
    pub exists: bool,
    pub is_draft: bool,
    /// It knows the task on its side; of one that waits: it is a child.
    pub knows: bool,
    pub has_waiting: bool,
    pub has_parked: bool,
    /// It waits, and is parked too.
    pub in_both: bool,
}

/// A page of one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    pub total: u64,
    /// The end of the task is being passed on.
    pub is_passing: bool,
    /// Some words of its record; empty where there is none.
    pub fields: Fields,
    pub others: Vec<OtherSide>,
}

impl Store {
    /// A page of one of the lists, from this rank on.
    pub async fn sides(&self, task: TaskId, list: &str, first: u64, limit: u64) -> Result<Sides, Error> {
        page(first, limit)?;
        if !LISTS.contains(&list) {
            return Err(Error::invalid("a list of edges", format!("{list:?} is none")));
        }
        let keys = self.keys(task.shard())?;
        let of = format!("{}:{list}", keys.task(task));
        let mut call = Call::new("task/sides", [keys.meta(), of, keys.cascades()]);
        call.arg(task.to_string()).arg(list).arg(first).arg(limit.min(limits::PAGE_MAX));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "sides" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut sides = Sides {
            total: reply.parse()?,
            is_passing: reply.flag()?,
            fields: reply.record()?,
            others: Vec::new(),
        };
        while !reply.is_empty() {
            let (task, letters) = (reply.lossy()?, reply.text()?);
            let has = |letter: char| letters.contains(letter);
            sides.others.push(OtherSide {
                task,
                exists: has('x'),
                is_draft: has('d'),
                knows: has('k'),
                has_waiting: has('w'),
                has_parked: has('p'),
                in_both: has('b'),
            });
        }
        Ok(sides)
    }
}
