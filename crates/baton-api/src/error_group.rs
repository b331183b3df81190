//! Failures in groups: those that differ only in numbers, ids and the like are one.

use std::collections::BTreeMap;

use baton_core::{Fingerprint, Kind, Principal, TaskId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::task::Task;
use crate::{Timestamp, number, schemas, text};

/// Failures of one kind of task, with one reason, whose messages are the same but for what differs from task to task. Attempts
/// that another one followed count, too.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorGroup {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::fingerprint)]
    pub fingerprint: Fingerprint,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::kind)]
    pub kind: Kind,
    /// The type of the error, as its handler calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What all messages have in common; what differs is `<n>`, `<id>`, `<text>`, `<path>`, `<url>` or `<address>`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How often it was seen, in the queues that the credential may read.
    pub count: u64,
    #[schema(schema_with = schemas::time)]
    pub first_seen: Timestamp,
    #[schema(schema_with = schemas::time)]
    pub last_seen: Timestamp,
    /// How often in each queue.
    pub queues: BTreeMap<String, u64>,
    /// How often each worker saw it, for credentials that read every queue: the first fifty that did.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub workers: BTreeMap<String, u64>,
    /// How often in each of the last 24 hours, the present one last, for credentials that read every queue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_day: Vec<u64>,
    /// One of the messages as it was, and its task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::task)]
    pub sample_task: Option<TaskId>,
    /// Somebody knows of it, and it is left out of what asks for attention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silenced: Option<Silence>,
    /// Its latest tasks that are still kept, the last one to fail first; only where one group is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Vec<Task>>,
}

/// Groups of failures, the last one seen first. Of each shard the 500 latest are kept, for 30 days.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorGroups {
    pub errors: Vec<ErrorGroup>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many there are that fit.
    pub total: u64,
    /// How old what is not in them yet may be.
    pub behind_ms: u64,
}

/// Who silenced a group until when, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Silence {
    #[schema(schema_with = schemas::time)]
    pub since: Timestamp,
    /// Absent: until it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub until: Option<Timestamp>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub by: Option<Principal>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// For how long a group is to be silent, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceError {
    /// From a minute to a year. Where nothing is said: until it is taken back.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60_000, maximum = 31_536_000_000_u64)]
    pub for_ms: Option<u64>,
    /// For others who look at the group, and for the trail: at most 256 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 256)]
    pub reason: String,
}
