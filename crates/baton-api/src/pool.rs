//! Pools of workers, the supervisors that attend to them, and what brings a fleet back.

use std::collections::BTreeMap;

use baton_core::{PoolName, Principal, SupervisorId, WorkerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::health::WorkerCounts;
use crate::{Timestamp, number, schemas, text};

/// A set of equal workers, kept alive by supervisors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pool {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::pool)]
    pub name: PoolName,
    pub state: PoolState,
    /// What stands between it and the state `steady`, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// How many workers it is to have, on all hosts together.
    pub desired: u64,
    /// False: it was told to have none, whatever `desired` says.
    pub running: bool,
    /// Its workers by state.
    pub workers: WorkerCounts,
    /// Nobody has set it by hand: it is as its supervisors are configured.
    pub configured: bool,
    #[schema(schema_with = schemas::time)]
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub changed_at: Option<Timestamp>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub changed_by: Option<Principal>,
    /// The earliest first; those that fell silent are kept for ten minutes.
    pub supervisors: Vec<Supervisor>,
}

/// How a pool does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PoolState {
    /// It has the workers that it is to have.
    Steady,
    /// It is on the way there.
    Converging,
    /// It does not come there by itself: a supervisor has given up on workers that died again and again, or all
    /// supervisors together cannot keep so many. Start the pool once the cause is mended.
    Degraded,
    /// It was told to have no workers.
    Stopped,
    /// It is to have workers, and no supervisor lives that would start them.
    Unattended,
}

impl PoolState {
    pub fn as_str(self) -> &'static str {
        match self {
            PoolState::Steady => "steady",
            PoolState::Converging => "converging",
            PoolState::Degraded => "degraded",
            PoolState::Stopped => "stopped",
            PoolState::Unattended => "unattended",
        }
    }
}

/// A process that keeps a share of a pool's workers alive on one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Supervisor {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::supervisor)]
    pub id: SupervisorId,
    /// As it says: `steady`, `converging`, `degraded` or `draining`; `silent` where nothing was heard of it for ten seconds.
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How many workers of the pool are its to keep, and how many it could keep.
    pub share: u64,
    pub most: u64,
    /// Its workers that are ready, on their way, and ending.
    pub live: u64,
    pub starting: u64,
    pub draining: u64,
    /// Places in which workers died again and again, so that it starts none there any more.
    pub gave_up: u64,
    /// Workers that it replaced after a failure.
    pub restarts: u64,
    /// How the last worker failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[schema(schema_with = schemas::time)]
    pub joined_at: Timestamp,
    pub heartbeat_age_ms: u64,
}

/// A page of pools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pools {
    pub pools: Vec<Pool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u64>,
}

/// What a pool is to be; what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutPool {
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1000)]
    pub desired: Option<u64>,
    /// `true` also lets begin anew what was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
}

/// How many workers the pool `default` is to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    #[serde(deserialize_with = "number::whole")]
    #[schema(minimum = 0, maximum = 1000)]
    pub count: u64,
}

/// What a recovery did, and how the fleet stands after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Recovery {
    /// Tasks that were taken from silent workers and wait again, or have failed as poison.
    pub reclaimed: u64,
    /// Scheduled tasks that were due and wait now.
    pub matured: u64,
    /// All tasks by status, afterwards.
    pub tasks: BTreeMap<String, u64>,
    pub workers: WorkerCounts,
    /// Workers that are silent and still hold tasks; these come back when the lease is over.
    pub silent: Vec<Silent>,
    pub took_ms: u64,
}

/// A worker that has not been heard of since its lease began, and what waits for the end of that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Silent {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::worker)]
    pub worker: WorkerId,
    pub holds: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub lease_expires_at: Option<Timestamp>,
}
