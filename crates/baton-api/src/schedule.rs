//! Schedules: tasks at given times.

use baton_core::schedule::{Denied, Missed, Overlap};
use baton_core::{Kind, Principal, QueueName, ScheduleName, Tag, TaskId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Json, Timestamp, number, schemas, text};

/// A schedule to be: `cron` or `every_ms`, and what its tasks are.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "nightly", "cron": "0 3 * * *", "zone": "Europe/Berlin", "kind": "report.build", "payload": {}
}))]
pub struct NewSchedule {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::schedule)]
    pub name: ScheduleName,
    /// Five fields (minute, hour, day of the month, month, weekday), or six with the second in front; or `@daily` and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::cron_or_null)]
    pub cron: Option<String>,
    /// Instead of `cron`: every so many ms, counted from when the schedule is made.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 315_360_000_000_u64)]
    pub every_ms: Option<u64>,
    /// The time zone of `cron`; `UTC` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::zone_or_null)]
    pub zone: Option<String>,
    /// What becomes of times that passed by more than a minute before anybody saw to them: `skip` leaves them out, `once`
    /// makes one task for all of them, `all` one for each, of the oldest sixty.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::missed_or_null)]
    pub missed: Option<Missed>,
    /// `skip`: no task while the one before it has not ended.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::overlap_or_null)]
    pub overlap: Option<Overlap>,
    /// What is to be done: it names the handler.
    #[serde(with = "text")]
    #[schema(schema_with = schemas::kind)]
    pub kind: Kind,
    /// Any JSON up to 16 KiB, handed to the handler byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub payload: Option<Json>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::queue_or_null)]
    pub queue: Option<QueueName>,
    /// 0 to 9, 9 first; 5 unless said otherwise.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 9)]
    pub priority: Option<i64>,
    /// How long one run may take.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 86_400_000)]
    pub timeout_ms: Option<u64>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub max_attempts: Option<u64>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub max_crashes: Option<u64>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 86_400_000)]
    pub backoff_ms: Option<u64>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 86_400_000)]
    pub backoff_cap_ms: Option<u64>,
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::tags)]
    pub tags: Vec<Tag>,
}

impl NewSchedule {
    /// One with every default, and no times yet.
    pub fn new(name: ScheduleName, kind: Kind) -> NewSchedule {
        NewSchedule {
            name,
            cron: None,
            every_ms: None,
            zone: None,
            missed: None,
            overlap: None,
            kind,
            payload: None,
            queue: None,
            priority: None,
            timeout_ms: None,
            max_attempts: None,
            max_crashes: None,
            backoff_ms: None,
            backoff_cap_ms: None,
            tags: Vec::new(),
        }
    }
}

/// What of a schedule is to be otherwise; what is left out stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "cron": "30 3 * * *" }))]
pub struct PatchSchedule {
    /// In the place of the times that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::cron_or_null)]
    pub cron: Option<String>,
    /// In the place of the times that it has; counted from now.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 315_360_000_000_u64)]
    pub every_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::zone_or_null)]
    pub zone: Option<String>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::missed_or_null)]
    pub missed: Option<Missed>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::overlap_or_null)]
    pub overlap: Option<Overlap>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::kind_or_null)]
    pub kind: Option<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub payload: Option<Json>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::queue_or_null)]
    pub queue: Option<QueueName>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 9)]
    pub priority: Option<i64>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 86_400_000)]
    pub timeout_ms: Option<u64>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub max_attempts: Option<u64>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub max_crashes: Option<u64>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 86_400_000)]
    pub backoff_ms: Option<u64>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 86_400_000)]
    pub backoff_cap_ms: Option<u64>,
    /// In the place of those that it has.
    #[serde(default, with = "text::list_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::tags_or_null)]
    pub tags: Option<Vec<Tag>>,
}

/// Times to be, for a look at them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "cron": "0 3 * * *", "zone": "Europe/Berlin" }))]
pub struct PreviewTimes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::cron_or_null)]
    pub cron: Option<String>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 315_360_000_000_u64)]
    pub every_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::zone_or_null)]
    pub zone: Option<String>,
}

/// A time that is to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NextTime {
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    /// The same as the clocks of its zone show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
}

/// The next times, if they were those of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    pub next: Vec<NextTime>,
}

/// How a schedule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleState {
    Active,
    Paused,
    /// It has no time to come.
    Ended,
}

impl ScheduleState {
    pub fn as_str(self) -> &'static str {
        match self {
            ScheduleState::Active => "active",
            ScheduleState::Paused => "paused",
            ScheduleState::Ended => "ended",
        }
    }
}

/// What makes tasks at given times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::schedule)]
    pub name: ScheduleName,
    pub state: ScheduleState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_ms: Option<u64>,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::missed)]
    pub missed: Missed,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::overlap)]
    pub overlap: Overlap,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::kind)]
    pub kind: Kind,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::queue)]
    pub queue: QueueName,
    #[schema(value_type = serde_json::Value)]
    pub payload: Json,
    pub priority: u64,
    pub timeout_ms: u64,
    pub max_attempts: u64,
    pub max_crashes: u64,
    pub backoff_ms: u64,
    pub backoff_cap_ms: u64,
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::tags)]
    pub tags: Vec<Tag>,
    /// The next five times; none while it is paused.
    pub next: Vec<NextTime>,
    /// For how long its next time has passed and nobody has seen to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue_ms: Option<u64>,
    /// The last of its times that was seen to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub last_due_at: Option<Timestamp>,
    /// When it last made a task, and which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub last_fired_at: Option<Timestamp>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::task)]
    pub last_task: Option<TaskId>,
    /// Tasks that it made.
    pub fired: u64,
    /// Times for which it made none, because they were missed, the task before had not ended, or its owner may not have tasks
    /// made there.
    pub skipped: u64,
    /// Why its last time was skipped, if that is what became of its owner: `owner_unknown` if the user or his API key is gone,
    /// `owner_disabled`, or `owner_forbidden` if he may not write to the queue. Absent as soon as it is seen to again.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::denied)]
    pub denied: Option<Denied>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub denied_at: Option<Timestamp>,
    /// The user whose rights it needs at each of its times: whoever made or changed it last. Nobody, where there were no logins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The API key that he did it with: then the key must be allowed to, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub paused_at: Option<Timestamp>,
    #[schema(schema_with = schemas::time)]
    pub created_at: Timestamp,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub created_by: Option<Principal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub changed_at: Option<Timestamp>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub changed_by: Option<Principal>,
    /// Rises with every change that somebody makes, not when it makes tasks. The `ETag` is this.
    pub version: u64,
}

/// A page of schedules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Schedules {
    pub schedules: Vec<Schedule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u64>,
}

/// The task that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Triggered {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub task: TaskId,
}
