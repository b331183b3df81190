//! A flow as it lies in Redis, read into domain types.

use std::collections::BTreeMap;

use baton_core::{FlowId, FlowState, Principal, Status, TaskRef};

use super::Fields;
use crate::calls::flow::Work;
use crate::error::Error;

/// Tasks that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    pub id: FlowId,
    pub name: Option<TaskRef>,
    pub state: FlowState,
    pub tasks: u64,
    pub edges: u64,
    /// How many of its tasks are in which status, where any are.
    pub counts: BTreeMap<Status, u64>,
    pub created_ms: u64,
    /// When the last of it ended, once everything has.
    pub finished_ms: Option<u64>,
    pub submitted_by: Option<Principal>,
    /// What is being done with all of it.
    pub doing: Option<Work>,
}

impl Flow {
    /// `cascading`: the end of some task of the shard is still being passed on.
    pub(crate) fn read(id: FlowId, fields: &mut Fields, cascading: bool) -> Result<Flow, Error> {
        let mut counts = BTreeMap::new();
        for status in Status::ALL {
            let count = fields.or(status.as_str(), 0)?;
            if count > 0 {
                counts.insert(*status, count);
            }
        }
        let doing = fields.optional("doing")?;
        let count = |status| counts.get(&status).copied().unwrap_or_default();
        let blocked = count(Status::Blocked) > 0;
        Ok(Flow {
            id,
            name: fields.optional("name")?,
            state: FlowState::of(count, doing.is_some() || (cascading && blocked)),
            tasks: fields.required("tasks")?,
            edges: fields.or("edges", 0)?,
            created_ms: fields.required("created_ms")?,
            finished_ms: fields.optional("finished_ms")?,
            submitted_by: fields.optional("submitted_by")?,
            doing,
            counts,
        })
    }
}
