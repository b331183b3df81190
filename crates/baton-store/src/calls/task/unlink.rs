//! Faces `lua/task/unlink.lua`. Repeatable: an edge that is gone is not removed again, and the call is remembered by its op id.

use baton_core::{OpId, Principal, Status, TaskId, Version};

use super::super::Refused;
use crate::error::Error;
use crate::store::Store;

/// An edge that is not wanted any more.
#[derive(Clone, Debug)]
pub struct Unlink<'a> {
    pub parent: TaskId,
    pub child: TaskId,
    pub by: Option<&'a Principal>,
    /// The caller's idempotency key; without one, one is drawn for the retries of this call.
    pub op: Option<&'a OpId>,
}

/// The answer to an unlink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// There is no such edge now; and this is where the child is. `was_there` tells whether there was one.
    Edge {
        was_there: bool,
        status: Status,
        version: Version,
        replayed: bool,
    },
    Refused(Refused),
}

impl Store {
    /// Makes a task no longer wait for another one. One that waited for nothing else goes on in the same step.
    pub async fn unlink(&self, unlink: &Unlink<'_>) -> Result<Unlinked, Error> {
        let call = self.edge_call("task/unlink", unlink.parent, unlink.child, unlink.by, unlink.op)?;
        let mut reply = self.run(&call).await?;
        let replayed = match reply.text()?.as_str() {
            "unlinked" => false,
            "replayed" => true,
            "refused" => return Ok(Unlinked::Refused(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        };
        let was_there = match reply.text()?.as_str() {
            "" => true,
            "none" => false,
            other => return Err(reply.fault(format!("it answered {other:?} of the edge"))),
        };
        Ok(Unlinked::Edge { was_there, status: reply.parse()?, version: reply.parse()?, replayed })
    }
}
