//! Queues in numbers.

use std::collections::BTreeMap;

use baton_core::QueueName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, number, schemas, text};

mod keep;
mod patch;

pub use keep::Keep;
pub use patch::{PatchQueue, PatchRetention};

/// A queue, summed over all shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Queue {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::queue)]
    pub name: QueueName,
    pub paused: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub paused_at: Option<Timestamp>,
    /// Tasks by status.
    pub tasks: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_pending_age_ms: Option<u64>,
    /// Live workers that claim from it.
    pub workers: u64,
    /// It has work, and nobody claims it.
    pub unattended: bool,
    /// Pending ones that wait because as many of their group run as may.
    #[serde(default, skip_serializing_if = "number::is_zero")]
    pub waiting_for_group: u64,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub retention: Retention,
    /// Rises with each change of limits and retention.
    #[serde(default)]
    pub version: u64,
}

/// What a queue allows; what is not there is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Tasks that run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Tasks of one group that run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_concurrency: Option<u64>,
    /// Groups take turns.
    #[serde(default)]
    pub fair: bool,
    /// A task that waits so long counts as one of the next priority, and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aging_ms: Option<u64>,
}

/// At most `count` starts in any `per_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    #[serde(deserialize_with = "number::whole")]
    #[schema(minimum = 1, maximum = 100_000)]
    pub count: u64,
    #[serde(deserialize_with = "number::whole")]
    #[schema(minimum = 1, maximum = 86_400_000)]
    pub per_ms: u64,
}

/// How long tasks are kept that have ended: so many ms, or `forever`; by how they ended where that differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Retention {
    /// Seven days unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Keep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Keep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Keep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Keep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Keep>,
}

/// A page of queues.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Queues {
    pub queues: Vec<Queue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u64>,
}

/// What an autoscaler asks for: scale on `load`, so that busy workers count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backlog {
    /// Tasks that wait.
    pub backlog: u64,
    /// Tasks that wait or run.
    pub load: u64,
    pub oldest_age_ms: u64,
    /// Live workers that claim from it, and their slots.
    pub workers: u64,
    pub slots: u64,
}
