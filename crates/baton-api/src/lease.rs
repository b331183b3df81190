//! What a holder says of a task it holds. Worker and fence are in every body: anything else is `fenced`.

use baton_core::{Boot, Fence, Status, TaskId, WorkerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::task::{Level, Progress};
use crate::{Json, Timestamp, schemas, text};

macro_rules! report {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            #[serde(with = "text")]
            #[schema(schema_with = schemas::worker)]
            pub worker: WorkerId,
            /// As the claim answered it.
            #[serde(with = "number")]
            #[schema(schema_with = schemas::fence)]
            pub fence: Fence,
            $($(#[$attribute])* pub $field: $type,)*
        }
    };
}

/// Fences are numbers in JSON.
mod number {
    use super::*;

    pub(super) fn serialize<S: serde::Serializer>(fence: &Fence, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u64(fence.0)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Fence, D::Error> {
        u64::deserialize(input).map(Fence)
    }
}

report! {
    /// The task is done.
    Complete {
        /// Any JSON; at most a MiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<serde_json::Value>)]
        result: Option<Json>,
    }
}

report! {
    /// The run failed.
    Fail {
        /// What happened; at most 4 kB.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        #[schema(max_length = 4096)]
        error: String,
        /// The same in a word, by which failures are grouped.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        #[schema(max_length = 256)]
        reason: String,
        /// True: no further attempt makes sense.
        #[serde(default)]
        permanent: bool,
        /// True: the run took longer than `timeout_ms` allows.
        #[serde(default)]
        timed_out: bool,
        /// The wait before the next attempt, instead of the task's backoff.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_in_ms: Option<u64>,
    }
}

report! {
    /// The holder gives the task back; it burns no attempt.
    Release {
        #[serde(default, skip_serializing_if = "String::is_empty")]
        #[schema(max_length = 256)]
        reason: String,
        /// Not to be claimed again before this many ms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delay_ms: Option<u64>,
    }
}

report! {
    /// How far the run is.
    Note {
        progress: Progress,
    }
}

report! {
    /// Lines for the task's log.
    Append {
        #[schema(min_items = 1, max_items = 100)]
        logs: Vec<NewLine>,
    }
}

report! {
    /// Prolongs the lease, if this task is all that the worker holds.
    Beat {
        /// Which life of the worker; the current one unless it is said.
        #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
        #[schema(schema_with = schemas::boot)]
        boot: Option<Boot>,
    }
}

/// One line to be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    #[serde(default = "info")]
    pub level: Level,
    #[schema(max_length = 4096)]
    pub text: String,
}

fn info() -> Level {
    Level::Info
}

/// The outcome that is recorded. A repeat of the same report gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub id: TaskId,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::status)]
    pub status: Status,
    pub version: u64,
    /// True where this report had been recorded before.
    pub replayed: bool,
}

/// A task, and the fence under which its holder has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub task: TaskId,
    #[serde(with = "number")]
    #[schema(schema_with = schemas::fence)]
    pub fence: Fence,
}

/// A pair that is not held: stop working on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gone {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub task: TaskId,
    #[serde(with = "number")]
    #[schema(schema_with = schemas::fence)]
    pub fence: Fence,
    /// The status it is in now, or the code that a report of it would be refused with.
    pub why: String,
}

/// The answer to the heartbeat of one lease.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Beaten {
    #[schema(schema_with = schemas::time)]
    pub lease_expires_at: Timestamp,
    pub renew_every_ms: u64,
}
