//! What a gateway says of itself.

use std::collections::BTreeMap;

use baton_core::PoolName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::pool::PoolState;
use crate::{Timestamp, schemas, text};

/// `/health`: from a snapshot that is at most 2 s old; it never waits for Redis. Where there are logins, what is optional is
/// only for those who may read the metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    pub status: HealthStatus,
    /// Why it is not healthy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    pub version: String,
    #[schema(schema_with = schemas::time)]
    pub timestamp: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_ms: Option<u64>,
    /// `none`: everyone who reaches this gateway may do everything; `required`: a credential is needed.
    pub auth: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkerCounts>,
    /// Pools of workers, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolHealth>,
    /// Tasks by status, over all queues.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tasks: BTreeMap<String, u64>,
    /// Queues that have work and no live worker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unattended: Vec<String>,
}

/// How the gateway does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    Healthy,
    Degraded,
    Unhealthy,
}

/// The way to Redis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Redis {
    pub connected: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Its memory is used up: new tasks are refused, and those that it has still run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub full: bool,
}

/// Workers by state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkerCounts {
    pub total: u64,
    pub idle: u64,
    pub busy: u64,
    pub quiet: u64,
    pub offline: u64,
}

/// How a pool of workers does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolHealth {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::pool)]
    pub name: PoolName,
    pub state: PoolState,
    /// How many workers it is to have.
    pub desired: u64,
    /// How many of its workers are ready.
    pub live: u64,
}

/// `/ready`: one line per check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ready {
    pub ready: bool,
    pub checks: Vec<Check>,
}

/// One thing that must be so before work is sent here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    pub name: String,
    pub ok: bool,
    pub detail: String,
}

/// `/api/v1/capabilities`: the limits, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Capabilities {
    pub version: String,
    pub shards: u16,
    pub limits: BTreeMap<String, u64>,
}
