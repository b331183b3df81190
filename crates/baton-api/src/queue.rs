//! Queues in numbers.

use std::collections::BTreeMap;

use baton_core::QueueName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, schemas, text};

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
