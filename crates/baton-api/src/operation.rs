//! One act on many tasks, and the operations that such acts become; what becomes of whole queues; the trail of operators.

use std::collections::BTreeMap;

use baton_core::operation::{Act, OperationState};
use baton_core::{DedupeKey, FlowId, Kind, OperationId, Principal, QueueName, Status, Tag, TaskId, WorkerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::task::Task;
use crate::{Timestamp, number, schemas, text};

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What is to be done, and to which tasks: those named by `ids`, or those that fit `filter`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "action": "rerun", "filter": { "queue": ["mail"], "status": ["failed"] }, "dry_run": true }))]
pub struct NewAction {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::act)]
    pub action: Act,
    /// At most 1,000 tasks.
    #[serde(default, with = "text::list_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::ids_or_null)]
    pub ids: Option<Vec<TaskId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<TaskFilter>,
    /// Only say how many tasks there are, and show some.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
    /// The new one, of `reprioritise`: 0 to 9, 9 first.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 9)]
    pub priority: Option<i64>,
    /// Why, for the histories of the tasks: at most 256 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 256)]
    pub reason: String,
}

impl NewAction {
    /// An act on no tasks yet.
    pub fn new(action: Act) -> NewAction {
        NewAction { action, ids: None, filter: None, dry_run: false, priority: None, reason: String::new() }
    }
}

/// All tasks that failed in one way, once more.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RerunGroup {
    /// Only say how many tasks there are, and show some.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
    /// Why, for the histories of the tasks: at most 256 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 256)]
    pub reason: String,
}

/// Which tasks. Values of one member are alternatives; all members that are there must fit. Tasks that are submitted after
/// an operation began never fit it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskFilter {
    /// Those in which a task takes the action, unless it says otherwise; what completed is rerun only if it is named here.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::statuses)]
    pub status: Vec<Status>,
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::queues)]
    pub queue: Vec<QueueName>,
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::kinds)]
    pub kind: Vec<Kind>,
    /// Who runs it, or ran it last.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::workers)]
    pub worker: Vec<WorkerId>,
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::tags_of_filter)]
    pub tag: Vec<Tag>,
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::keys)]
    pub key: Vec<DedupeKey>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::flow_or_null)]
    pub flow: Option<FlowId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time_or_null)]
    pub created_after: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time_or_null)]
    pub created_before: Option<Timestamp>,
    /// A search, as `GET /tasks?q=` takes it: `error:refused attempt:>2 -tag:keep`. It takes the right to read these tasks, too.
    /// Lengths of time are counted back from when the action begins.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 1024)]
    pub q: String,
    /// Must be true where nothing but `status` is said, or only what the tasks are not, for that fits the tasks of all queues.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all: bool,
}

/// What an action would be done to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Foreseen {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::act)]
    pub action: Act,
    /// Always true: nothing was done.
    pub dry_run: bool,
    /// How many tasks there are for it now; with `truncated` as far as was looked.
    pub matched: u64,
    /// How many tasks were looked at.
    pub scanned: u64,
    pub truncated: bool,
    /// Of those it cannot be told whether they fit the search, as their payloads are larger than 16 KiB. Nothing is done to
    /// them.
    #[serde(default)]
    pub unread: u64,
    /// Some of them.
    pub sample: Vec<Task>,
}

/// One act on many tasks, and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Operation {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::operation)]
    pub id: OperationId,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::act)]
    pub action: Act,
    /// `running`, `cancelling`, and at the end `ended` or `cancelled`.
    #[serde(with = "text")]
    #[schema(schema_with = schemas::operation_state)]
    pub state: OperationState,
    /// As it was asked for; none where tasks were named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<TaskFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many tasks there were when it began, where that could be told without looking at each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// How many were found so far; of these it was done to so many, and so many refused it, by the code of the refusal.
    pub matched: u64,
    pub done: u64,
    #[serde(default)]
    pub refused: BTreeMap<String, u64>,
    /// Those of which it could not be told whether they fit the search, as their payloads are larger than 16 KiB. Nothing was
    /// done to them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unread: u64,
    /// How many of the expected ones are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    #[schema(schema_with = schemas::time)]
    pub created_at: Timestamp,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub created_by: Option<Principal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub changed_at: Option<Timestamp>,
    /// Who called it off.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cancelled_by: Option<Principal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub ended_at: Option<Timestamp>,
}

/// The answer to an action: what it would be done to, or what it has become.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Acted {
    Foreseen(Foreseen),
    Operation(Box<Operation>),
}

/// A page of operations, the latest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Operations {
    pub operations: Vec<Operation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A queue on its way to rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Drained {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::queue)]
    pub queue: QueueName,
    /// Nothing of it runs any more.
    pub drained: bool,
    /// How many of its tasks still run.
    pub running: u64,
    /// How many wait until it is resumed.
    pub pending: u64,
}

/// Everything of a queue that has not ended is to be cancelled.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Purge {
    /// The name of the queue once more, against mistakes.
    pub confirm: String,
    /// Why, for the histories of the tasks: at most 256 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 256)]
    pub reason: String,
}

/// One thing that an operator did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrailEntry {
    pub id: String,
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    /// As this API calls it: `pause_queue`; or the act of an operation that is over.
    pub action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The address that it was asked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// A queue, a pool, a schedule, a user, a key, an operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The status of the answer, with the code of a problem; or the state in which an operation came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// To how many tasks an operation did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Why, in the words of whoever asked, where that can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The id of the request, as it stands in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A page of the trail, the latest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Trail {
    pub entries: Vec<TrailEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
