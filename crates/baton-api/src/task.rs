//! Tasks: what a submitter sends, and what everyone reads.

use std::collections::BTreeMap;

use baton_core::{FlowId, Kind, OnParentFailure, QueueName, Status, TaskId};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::Problem;
use crate::series::Recent;
use crate::{Json, Timestamp, number, object, schemas, text};

pub use crate::new_task::NewTask;

/// What to do when a task that has not ended carries the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDuplicate {
    /// Answer that task.
    Return,
    /// Refuse with `duplicate_key`.
    Reject,
    /// Cancel that task, whose reason then names the new one. While it runs, refuse with `duplicate_key`.
    Replace,
}

/// A task, as it is now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Task {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub id: TaskId,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::kind)]
    pub kind: Kind,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::queue)]
    pub queue: QueueName,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::status)]
    pub status: Status,
    pub priority: u8,
    /// Rises by one with each move: the ETag of the task.
    pub version: u64,
    /// Left out in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub payload: Option<Json>,
    /// What it completed with. Left out in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub result: Option<Json>,
    #[schema(schema_with = schemas::time)]
    pub created_at: Timestamp,
    /// When it will become claimable, while it is scheduled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub run_at: Option<Timestamp>,
    /// Since when it can be claimed, or could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub pending_at: Option<Timestamp>,
    /// When its last run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub finished_at: Option<Timestamp>,
    /// How long it waited until its last run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// How long its last run took, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_ms: Option<u64>,
    /// Attempts that have failed.
    pub attempt: u64,
    pub max_attempts: u64,
    /// Holders that vanished while they ran it.
    pub crashes: u64,
    pub max_crashes: u64,
    pub timeout_ms: u64,
    /// How long its result is kept once it has completed, where not as long as the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_ttl_ms: Option<u64>,
    /// Until when its result is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub result_expires_at: Option<Timestamp>,
    /// It completed with a result, and the time is over for which that was kept. Not said in lists.
    #[serde(default, skip_serializing_if = "is_false")]
    pub result_expired: bool,
    /// How long its result may answer another submission of the same kind, queue and payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_ttl_ms: Option<u64>,
    /// It answers a submission that made no task, as this one had completed with the same words. Only said there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cached: bool,
    /// The flow it belongs to.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::flow)]
    pub flow: Option<FlowId>,
    /// What it is called within its flow.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many tasks it waits for or waited for.
    #[serde(default, skip_serializing_if = "number::is_zero")]
    pub parents: u64,
    /// How many tasks wait for it or waited for it.
    #[serde(default, skip_serializing_if = "number::is_zero")]
    pub children: u64,
    /// For how many of its parents it still waits; those that ended badly and hold it are among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_parents: Option<u64>,
    /// What it does when a parent ends badly; `hold` where nothing is said.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::on_parent_failure)]
    pub on_parent_failure: Option<OnParentFailure>,
    /// Who runs it, or ran it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<String>,
    /// The number under which that worker got it: it only rises for a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// What the last run that failed had to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it failed, was released or cancelled, in a word or a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What it shares with others of its queue: groups can have limits, and take turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Its whole life, where `include=history` asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<HistoryEntry>>,
    /// How many moves its history has: each is a version.
    #[serde(default)]
    pub history_count: u64,
}

fn is_false(said: &bool) -> bool {
    !said
}

fn is_none_of(count: &u64) -> bool {
    *count == 0
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    #[schema(minimum = 0, maximum = 1)]
    pub fraction: f64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// Up to 1,000 tasks at once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTasks {
    /// A value that is out of bounds refuses its task alone; anything else that is wrong refuses all of them.
    #[serde(deserialize_with = "object::list::deserialize")]
    #[schema(schema_with = unbounded)]
    pub tasks: Vec<NewTask>,
}

/// An array of tasks without the bounds of numbers and lists: they are judged task by task.
fn unbounded() -> Schema {
    let mut each = NewTask::schema();
    if let RefOr::T(Schema::Object(task)) = &mut each {
        for (name, member) in &mut task.properties {
            match member {
                RefOr::T(Schema::Object(number)) if name == "priority" => {
                    (number.minimum, number.maximum) = (None, None);
                }
                RefOr::T(Schema::Object(number)) if number.maximum.is_some() => {
                    (number.minimum, number.maximum) = (Some(0.into()), Some(usize::MAX.into()));
                    number.format = None;
                }
                RefOr::T(Schema::Array(list)) => list.max_items = None,
                _ => {}
            }
        }
    }
    ArrayBuilder::new().items(each).min_items(Some(1)).max_items(Some(1000)).into()
}

/// What became of each task of a batch, in the order in which they were sent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Submissions {
    pub tasks: Vec<Submission>,
    /// How many are new.
    pub created: u64,
    /// How many were refused.
    pub refused: u64,
}

/// What became of one task of a batch: it has an id and a status, or a problem.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Submission {
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::task)]
    pub id: Option<TaskId>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::status)]
    pub status: Option<Status>,
    /// False where the task was there before: the same `key`, or a repeat.
    pub created: bool,
    /// It had completed with the same kind, queue and payload, and answers with its result.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cached: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// A page of tasks.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Tasks {
    pub tasks: Vec<Task>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many tasks there are on all pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u64>,
    /// How many tasks were looked at, where a filter has no index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<u64>,
    /// True where the look ended before the list did: `next_cursor` goes on; and where an index may have forgotten some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
    /// How many of those looked at have payloads that no search looks into: of more than 16 KiB.
    #[serde(default, skip_serializing_if = "is_none_of")]
    pub unread: u64,
    /// Where some come from an index that is written behind the work: how long ago the first change was that it lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind_ms: Option<u64>,
}

/// How many tasks there are.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    #[schema(schema_with = schemas::time)]
    pub timestamp: Timestamp,
    /// By status, over all queues.
    pub tasks: BTreeMap<String, u64>,
    /// By queue, then by status.
    pub queues: BTreeMap<String, BTreeMap<String, u64>>,
    /// completed / (completed + failed + timeout), of the tasks that are still kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<f64>,
    /// What live workers hold, for credentials that read workers and every queue.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub workers: BTreeMap<String, u64>,
    /// What happened within `last`.
    #[serde(default)]
    pub recent: Recent,
    /// Per second, over the last `1m`, `5m` and `1h`.
    #[serde(default)]
    pub rates: BTreeMap<String, BTreeMap<String, f64>>,
    /// `recent` and `rates` are written behind: so old may be what is not in them yet.
    #[serde(default)]
    pub behind_ms: u64,
}

/// One step of a task's life.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    pub version: u64,
    /// `submit`, `claim`, `complete`, `retry`, `reclaim`, …
    pub event: String,
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What else belongs to this step, as `name=value` words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// A task's life so far.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct History {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub id: TaskId,
    pub history: Vec<HistoryEntry>,
    pub history_count: u64,
    /// Steps of a very long life that are no longer kept, from its middle.
    pub truncated: u64,
}

/// A page of the lines that a task's handler wrote.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Logs {
    pub logs: Vec<LogLine>,
    /// Read on after this place, also when there is nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One line of a task's log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// Its place.
    pub id: String,
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    pub level: Level,
    /// The attempt that wrote it: the first is 1, and one more where it failed.
    pub attempt: u64,
    pub text: String,
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Critical => "critical",
        }
    }
}

/// Why a task is where it is, in one sentence, and what would move it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub id: TaskId,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::status)]
    pub status: Status,
    /// A stable word: `queue_paused`, `no_worker`, `waiting`, `scheduled`, `running`, …
    pub code: String,
    pub sentence: String,
    /// The next thing to do, as a command line; absent where there is nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What was lately reported of it and not believed, the latest first: ten at most that differ, each with its last time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_writes: Vec<RefusedWrite>,
}

/// A report by somebody who does not hold the task, or holds it no more. It changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedWrite {
    /// When it came for the last time.
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    pub worker: String,
    /// The fence that it named: of a run that is over, or of none.
    #[schema(schema_with = schemas::fence)]
    pub fence: u64,
    /// What it wanted: `complete`, `fail`, `fail_for_good`, `time_out`, `release`, `progress` or `log`.
    pub verb: String,
    /// As what it was refused: `fenced`, `already_finished` or `not_running`.
    pub code: String,
}

/// Why an operator does something; goes into the task's history.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Operate {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 256, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    pub reason: String,
}

/// A new place in the queue.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reprioritise {
    #[serde(deserialize_with = "number::whole")]
    #[schema(minimum = 0, maximum = 9)]
    pub priority: i64,
}

/// The other end of an edge: the task that must have completed first, or ended where the child's policy is `run`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub parent: TaskId,
}
