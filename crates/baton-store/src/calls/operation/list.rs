//! Faces `lua/operation/list.lua`. It only reads.

use std::collections::BTreeMap;
use std::str::FromStr;

use baton_core::operation::{Act, OperationState};
use baton_core::{OperationId, Principal, Priority, QueueName, Refusal, Shard, TaskId};

use super::super::page;
use super::step::{Counts, REFUSED};
use crate::error::Error;
use crate::record::{Fields, priority};
use crate::run::Call;
use crate::store::Store;

/// An operation, as its record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub id: OperationId,
    pub act: Act,
    pub state: OperationState,
    pub priority: Option<Priority>,
    pub reason: String,
    /// As it was asked for; none where the tasks were named.
    pub filter: Option<String>,
    /// All queues in which its tasks lie; empty where that may be any.
    pub queues: Vec<QueueName>,
    /// How many tasks there are, where that was known beforehand; and those that were found so far.
    pub expected: Option<u64>,
    pub matched: u64,
    pub counts: Counts,
    /// Rises with every piece.
    pub step: u64,
    /// Behind the piece that is under way.
    pub place: Option<String>,
    pub created_ms: u64,
    pub created_by: Option<Principal>,
    pub changed_ms: Option<u64>,
    pub cancelled_by: Option<Principal>,
    pub ended_ms: Option<u64>,
    /// The tasks that were named, and those of the piece that is under way. Only where one operation is read.
    pub tasks: Vec<TaskId>,
    pub piece: Vec<TaskId>,
}

/// A page of operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operations {
    pub total: u64,
    pub operations: Vec<Operation>,
}

/// Words with a space between.
fn each<T: FromStr>(fields: &mut Fields, name: &str) -> Result<Vec<T>, Error> {
    let text: String = fields.or(name, String::new())?;
    let parse = |word: &str| {
        word.parse().map_err(|_| Error::fault("an operation", format!("its {name} cannot be read: {word:?}")))
    };
    text.split_whitespace().map(parse).collect()
}

fn counts(fields: &mut Fields) -> Result<Counts, Error> {
    let mut refused = BTreeMap::new();
    for refusal in Refusal::ALL {
        if let Some(count) = fields.optional(&format!("{REFUSED}{refusal}"))? {
            refused.insert(*refusal, count);
        }
    }
    Ok(Counts { done: fields.or("done", 0)?, refused, unread: fields.or("unread", 0)? })
}

fn operation(id: OperationId, fields: &mut Fields) -> Result<Operation, Error> {
    let act: Act = fields.required("action")?;
    Ok(Operation {
        act,
        state: fields.required("state")?,
        priority: if act == Act::Reprioritise { Some(priority(fields)?) } else { None },
        reason: fields.or("reason", String::new())?,
        filter: fields.optional("filter")?,
        queues: each(fields, "queues")?,
        expected: fields.optional("expected")?,
        matched: fields.or("matched", 0)?,
        counts: counts(fields)?,
        step: fields.required("step")?,
        place: fields.optional("place")?,
        created_ms: fields.required("created_ms")?,
        created_by: fields.optional("created_by")?,
        changed_ms: fields.optional("changed_ms")?,
        cancelled_by: fields.optional("cancelled_by")?,
        ended_ms: fields.optional("ended_ms")?,
        tasks: each(fields, "ids")?,
        piece: each(fields, "piece")?,
        id,
    })
}

impl Store {
    /// A page of the operations, the latest first.
    pub async fn operations(&self, before: Option<&OperationId>, limit: u64) -> Result<Operations, Error> {
        page(0, limit)?;
        self.read_operations("before", before, limit).await
    }

    pub async fn operation(&self, id: &OperationId) -> Result<Option<Operation>, Error> {
        Ok(self.read_operations("only", Some(id), 1).await?.operations.pop())
    }

    async fn read_operations(
        &self,
        which: &str,
        id: Option<&OperationId>,
        limit: u64,
    ) -> Result<Operations, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("operation/list", [keys.meta(), keys.operations()]);
        call.arg(which).arg(id.map_or("", OperationId::as_str)).arg(limit);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (total, mut operations) = (reply.parse()?, Vec::new());
        while !reply.is_empty() {
            let id: OperationId = reply.parse()?;
            let mut fields = Fields::new(format!("operation {id}"), reply.fields()?);
            operations.push(operation(id, &mut fields)?);
        }
        Ok(Operations { total, operations })
    }
}
