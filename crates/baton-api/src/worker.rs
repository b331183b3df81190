//! Workers over HTTP: register, claim, heartbeat, leave; and how they are listed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use baton_core::{Boot, Kind, QueueName, Status, TaskId, WorkerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::lease::{Gone, Pair};
use crate::{Json, Timestamp, number, object, schemas, text};

/// A worker introduces itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// `worker-<number>-<kind>`; without it one is allocated.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::worker_or_null)]
    pub worker_id: Option<WorkerId>,
    /// This life of the worker: drawn at random when the process starts, and kept until it ends.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::boot_or_null)]
    pub boot: Option<Boot>,
    /// The boot that this one follows.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::boot_or_null)]
    pub expects: Option<Boot>,
    /// The last part of an allocated id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z0-9][a-z0-9-]*$", max_length = 32, example = "default")]
    pub kind: Option<String>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 3_600_000)]
    pub lease_ms: Option<u64>,
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::names)]
    pub queues: Vec<QueueName>,
    /// The kinds of task it has handlers for.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::kinds)]
    pub kinds: Vec<Kind>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 150)]
    pub slots: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    pub host: Option<String>,
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(format = Int64, maximum = 4_294_967_295_u64)]
    pub pid: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    pub version: Option<String>,
}

/// What a worker needs to know to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Registered {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::worker)]
    pub id: WorkerId,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::boot)]
    pub boot: Boot,
    pub lease_ms: u64,
    /// Send a heartbeat at least this often.
    pub renew_every_ms: u64,
    /// Tasks that an earlier boot held and this one holds now: the next claim brings them.
    pub taken_over: u64,
}

/// Asks for tasks. Safe to repeat: what an earlier answer brought and `holding` does not list comes again.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The registration's own unless it is said.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::boot_or_null)]
    pub boot: Option<Boot>,
    /// For a boot that never registered: the boot that it follows.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::boot_or_null)]
    pub expects: Option<Boot>,
    /// The registration's own unless it is said.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::names)]
    pub queues: Vec<QueueName>,
    /// In which order the queues are emptied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<QueueOrder>,
    /// How many tasks; 0 only asks for what is held without being listed. Without it one bare task is answered.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 100)]
    pub max: Option<u64>,
    /// Everything that was claimed and is not acknowledged as settled, finished or not.
    #[serde(default, deserialize_with = "object::list::deserialize", skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 150)]
    pub holding: Vec<Pair>,
}

/// What comes first where a claim names several queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueOrder {
    /// By priority, then by age, whatever queue it is in; so it is unless it is said.
    Priority,
    /// Nothing of a queue while one named before it has something.
    Listed,
}

/// A claim of one task by its id.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimOne {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::worker)]
    pub worker: WorkerId,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::boot_or_null)]
    pub boot: Option<Boot>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::boot_or_null)]
    pub expects: Option<Boot>,
    #[serde(default, deserialize_with = "object::list::deserialize", skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 150)]
    pub holding: Vec<Pair>,
}

/// A task under the worker's lease.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Claimed {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub id: TaskId,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::kind)]
    pub kind: Kind,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::queue)]
    pub queue: QueueName,
    #[schema(value_type = serde_json::Value)]
    pub payload: Json,
    /// Show it with everything said of this task; hand it to stores that can refuse an older one.
    #[schema(schema_with = schemas::fence)]
    pub fence: u64,
    /// Attempts that have failed before.
    pub attempt: u64,
    pub max_attempts: u64,
    pub crashes: u64,
    pub priority: u8,
    pub timeout_ms: u64,
    #[schema(schema_with = schemas::time)]
    pub lease_expires_at: Timestamp,
    /// It was given before, and the answer did not arrive.
    pub redelivered: bool,
    /// One more crash and it is set aside: run it only while nothing else runs in this process, or release it.
    pub solo: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The tasks it waited for, by their ref within the flow, or else by their id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parents: BTreeMap<String, ParentEnd>,
    /// True where there are more parents, or longer results, than one answer has room for: the first ones are there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parents_truncated: bool,
}

/// How a task that another one waited for ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ParentEnd {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub id: TaskId,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::status)]
    pub status: Status,
    /// What it completed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub result: Option<Json>,
}

/// What a claim with `max` brought.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Claims {
    pub tasks: Vec<Claimed>,
    #[schema(schema_with = schemas::time)]
    pub lease_expires_at: Timestamp,
    pub renew_every_ms: u64,
    /// Pairs that were listed and are not held: stop working on them.
    pub gone: Vec<Gone>,
    /// A task waits that must run alone: settle everything, and it will be given.
    pub solo_waiting: bool,
}

/// Either answer to a claim: with `max` the envelope, without it one bare task.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ClaimAnswer {
    Many(Claims),
    One(Claimed),
}

/// A sign of life.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::boot_or_null)]
    pub boot: Option<Boot>,
    #[serde(default, deserialize_with = "object::list::deserialize", skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 150)]
    pub holding: Vec<Pair>,
}

/// What a worker learns from a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alive {
    #[schema(schema_with = schemas::time)]
    pub lease_expires_at: Timestamp,
    pub renew_every_ms: u64,
    /// Stop these.
    pub gone: Vec<Gone>,
    /// Held without being listed: the next claim brings them.
    #[serde(with = "text::list")]
    #[schema(value_type = Vec<String>)]
    pub unknown: Vec<TaskId>,
    /// `quiet`: claim no more. `stop`: end.
    pub directives: Vec<Directive>,
}

/// What an operator tells a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Directive {
    Quiet,
    Stop,
}

/// A worker leaves; what it holds goes back to its queues.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::boot_or_null)]
    pub boot: Option<Boot>,
}

/// What happened to a worker that was to leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Left {
    /// Tasks that went back to their queues.
    pub released: u64,
}

/// A worker, as its record has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Worker {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::worker)]
    pub id: WorkerId,
    pub state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<String>,
    /// Tasks it holds.
    pub holds: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    pub lease_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub lease_expires_at: Option<Timestamp>,
    #[schema(schema_with = schemas::time)]
    pub registered_at: Timestamp,
    /// Since its last sign of life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_age_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directive: Option<Directive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The pool whose supervisor keeps it alive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Tasks that completed in this life of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// Attempts that failed in this life of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<u64>,
    /// How the life before this one ended, if it was not meant to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The tasks it holds; only where one worker is asked for.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub tasks: Vec<TaskId>,
    /// What else it said of itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub about: BTreeMap<String, String>,
}

/// How a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It lives and holds nothing.
    Idle,
    Busy,
    /// It was told to claim no more.
    Quiet,
    /// It has left, or its lease is over.
    Offline,
}

impl State {
    pub const ALL: [State; 4] = [State::Idle, State::Busy, State::Quiet, State::Offline];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Busy => "busy",
            State::Quiet => "quiet",
            State::Offline => "offline",
        }
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<State, UnknownState> {
        let found = State::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| UnknownState(text.chars().take(32).collect()))
    }
}

/// No state of a worker is called so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownState(String);

impl fmt::Display for UnknownState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "read {:?} as the state of a worker: it is idle, busy, quiet or offline", self.0)
    }
}

impl std::error::Error for UnknownState {}

/// A page of workers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Workers {
    pub workers: Vec<Worker>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u64>,
}
