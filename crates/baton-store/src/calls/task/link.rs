//! Faces `lua/task/link.lua`. Repeatable: an edge that is there is not made again, and the call is remembered by its op id.

use baton_core::{OpId, Principal, Status, TaskId, Version};

use super::super::{Refused, digest};
use super::edges::EdgeState;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// An edge to be: `child` is not to start before `parent` has completed.
#[derive(Clone, Debug)]
pub struct Link<'a> {
    pub parent: TaskId,
    pub child: TaskId,
    pub by: Option<&'a Principal>,
    /// The caller's idempotency key; without one, one is drawn for the retries of this call.
    pub op: Option<&'a OpId>,
}

/// The answer to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linked {
    /// The edge is there; and this is where the child is now.
    Edge {
        state: EdgeState,
        status: Status,
        version: Version,
        replayed: bool,
    },
    Refused(Refused),
}

impl Store {
    /// Makes one task wait for another one of its shard. One that is pending or scheduled is blocked in the same step.
    pub async fn link(&self, link: &Link<'_>) -> Result<Linked, Error> {
        if link.parent.shard() != link.child.shard() {
            let refusal = baton_core::Refusal::CrossShardLink;
            return Ok(Linked::Refused(Refused { refusal, detail: None }));
        }
        let call = self.edge_call("task/link", link.parent, link.child, link.by, link.op)?;
        let mut reply = self.run(&call).await?;
        let replayed = match reply.text()?.as_str() {
            "linked" => false,
            "replayed" => true,
            "refused" => return Ok(Linked::Refused(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        };
        Ok(Linked::Edge { state: reply.parse()?, status: reply.parse()?, version: reply.parse()?, replayed })
    }

    /// The frame of a call on one edge.
    pub(super) fn edge_call(
        &self,
        script: &'static str,
        parent: TaskId,
        child: TaskId,
        by: Option<&Principal>,
        op: Option<&OpId>,
    ) -> Result<Call, Error> {
        let keys = self.keys(child.shard())?;
        let (parent, child) = (parent.to_string(), child.to_string());
        let asked = digest([script, &parent, &child].map(str::as_bytes));
        let drawn = self.draw_op();
        let mut call = Call::new(script, [keys.meta(), keys.events(), keys.op(op.unwrap_or(&drawn))]);
        call.arg(self.now_argument()).arg(asked).arg(by.map_or("", Principal::as_str));
        call.arg(super::super::keep_ms(op)).arg(parent).arg(child);
        Ok(call)
    }
}
