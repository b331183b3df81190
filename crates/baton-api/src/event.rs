//! The live feed: what happened, one event per task and move.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, schemas};

/// One thing that happened. Members that do not belong to it are absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Of tasks `submit`, `claim`, `complete`, `retry`, `reclaim`, `progress`, …; of queues `pause` and `resume`; of workers
    /// `register`, `deregister`, `quiet`, `stop`, `go_on`. Of pools, which come with the workers: `scale` (`why` is the
    /// size), `start`, `halt`, `remove`, and of their supervisors `attend` and `part` (`why` is the supervisor).
    /// Of schedules, which come with the queues of their tasks: `schedule_put`, `schedule_fire` (`why` counts the tasks, and says
    /// `denied=` and a reason where the owner may not have them made),
    /// `schedule_trigger`, `schedule_pause`, `schedule_resume`, `schedule_remove`.
    /// Of kinds, which come with the workers: `kind_put`, `kind_remove`.
    /// Of webhooks, which come with the queues: `webhook_put`, `webhook_pause`, `webhook_resume`, `webhook_rotate`,
    /// `webhook_disable` (`why` says the reason), `webhook_remove`.
    pub event: String,
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The status that it comes to, where the event alone says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A page of what happened, the latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Events {
    pub events: Vec<Event>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many events were looked at for this page.
    pub looked_at: u64,
}

/// One server-sent event of the feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sent {
    /// Send it as `Last-Event-ID` to go on after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `task`, `queue`, `worker`, `counts`, or `reset`: something was missed, read anew.
    pub event: String,
    /// JSON: an `Event`; of `counts`, tasks of all queues by status; of `reset`, `{}`.
    #[schema(content_media_type = "application/json")]
    pub data: String,
}

/// A frame of the WebSocket feed: the same as an SSE event, in one JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Frame {
    /// Send it as `last_event_id` to go on after it.
    pub id: String,
    /// `task`, `queue`, `worker`, `counts`, or `reset`: something was missed, read anew.
    pub topic: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Event>,
    /// Of the topic `counts`: tasks of all queues by status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<BTreeMap<String, u64>>,
}
