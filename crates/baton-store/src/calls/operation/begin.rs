//! Faces `lua/operation/begin.lua`. Repeatable: a repeat carries the same id, and finds the record.

use baton_core::operation::Act;
use baton_core::{OpId, OperationId, Principal, Priority, QueueName, Shard, TaskId, limits};

use super::super::{Refused, bounded, digest};
use super::words;
use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// What is to be done, and to which tasks.
#[derive(Clone, Debug)]
pub struct BeginOperation<'a> {
    pub id: &'a OperationId,
    pub act: Act,
    /// Only for `reprioritise`.
    pub priority: Option<Priority>,
    pub reason: &'a str,
    /// Tasks that are named; empty where a filter finds them.
    pub tasks: &'a [TaskId],
    /// As it was asked for; this room does not read it.
    pub filter: &'a str,
    /// Where looking for them begins.
    pub place: &'a str,
    /// All queues in which the tasks lie; empty where that may be any.
    pub queues: &'a [QueueName],
    /// How many tasks there are, where that is known beforehand.
    pub expected: Option<u64>,
    pub by: Option<&'a Principal>,
    /// Whoever began it has no right to administer: its end is on the trail only if it was large.
    pub quiet: bool,
    pub op: Option<&'a OpId>,
    pub lease_ms: u64,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationBegun {
    /// Another id than the one given, if it was begun before.
    Done {
        id: OperationId,
        replayed: bool,
    },
    Refused(Refused),
}

impl OperationBegun {
    /// The detail of a refusal for there being too many of them.
    pub const LIMIT: &'static str = "limit";
}

fn fields(begin: &BeginOperation<'_>) -> Vec<(&'static str, String)> {
    let mut fields = vec![("action", begin.act.to_string()), ("place", begin.place.to_owned())];
    let mut say = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    say("priority", begin.priority.map(|priority| priority.to_string()));
    say("expected", begin.expected.map(|expected| expected.to_string()));
    say("created_by", begin.by.map(ToString::to_string));
    say("quiet", begin.quiet.then(|| "1".to_owned()));
    let queues: Vec<&str> = begin.queues.iter().map(QueueName::as_str).collect();
    let texts = [
        ("reason", begin.reason.to_owned()),
        ("filter", begin.filter.to_owned()),
        ("queues", queues.join(" ")),
    ];
    texts.into_iter().filter(|(_, text)| !text.is_empty()).for_each(|(name, text)| say(name, Some(text)));
    fields
}

impl Store {
    /// Notes an operation. Nothing is done to any task yet.
    pub async fn begin_operation(&self, begin: &BeginOperation<'_>) -> Result<OperationBegun, Error> {
        bounded("a reason", begin.reason.len(), limits::REASON_BYTES_MAX)?;
        bounded("tasks of an operation", begin.tasks.len(), limits::OPERATION_IDS_MAX)?;
        bounded("a filter", begin.filter.len(), limits::OPERATION_FILTER_BYTES_MAX)?;
        let keys = self.keys(Shard::FIRST)?;
        let mut names =
            vec![keys.meta(), keys.operations(), keys.operations_live(), keys.operation(begin.id)];
        names.extend(begin.op.map(|op| keys.op(op)));
        let (fields, ids) = (fields(begin), words(begin.tasks));
        let priority = begin.priority.map_or(String::new(), |priority| priority.to_string());
        let parts = [begin.act.as_str(), &priority, begin.reason, begin.filter, &ids];
        let mut call = Call::new("operation/begin", names);
        call.arg(self.now_argument()).arg(begin.id.as_str()).arg(digest(parts.map(str::as_bytes)));
        call.arg(begin.lease_ms).arg(ids).arg(fields.len());
        for (name, value) in fields {
            call.arg(name).arg(value);
        }
        read(self.run(&call).await?)
    }

    /// An id for an operation to be.
    pub fn draw_operation(&self) -> Result<OperationId, Error> {
        let id = self.draw(Shard::FIRST).to_string();
        OperationId::new(&id).map_err(|error| Error::invalid("an operation", error.to_string()))
    }
}

fn read(mut reply: Reply) -> Result<OperationBegun, Error> {
    match reply.text()?.as_str() {
        "begun" => Ok(OperationBegun::Done { id: reply.parse()?, replayed: false }),
        "replayed" => Ok(OperationBegun::Done { id: reply.parse()?, replayed: true }),
        "refused" => Ok(OperationBegun::Refused(Refused::read(&mut reply)?)),
        other => Err(reply.fault(format!("it answered {other:?}"))),
    }
}
