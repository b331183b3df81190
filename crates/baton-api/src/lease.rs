//! What a holder says of a task it holds. Worker and fence are in every body: anything else is `fenced`.

use baton_core::{Boot, Fence, Status, TaskId, WorkerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::task::Level;
use crate::{Json, Timestamp, number, object, schemas, text};

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
            #[serde(with = "number::fence")]
            #[schema(schema_with = schemas::fence)]
            pub fence: Fence,
            $($(#[$attribute])* pub $field: $type,)*
        }
    };
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
        #[schema(max_length = 256, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
        reason: String,
        /// True: no further attempt makes sense.
        #[serde(default)]
        permanent: bool,
        /// True: the run took longer than `timeout_ms` allows.
        #[serde(default)]
        timed_out: bool,
        /// The wait before the next attempt, instead of the task's backoff.
        #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
        #[schema(maximum = 315_360_000_000_u64)]
        retry_in_ms: Option<u64>,
    }
}

report! {
    /// The holder gives the task back; it burns no attempt.
    Release {
        #[serde(default, skip_serializing_if = "String::is_empty")]
        #[schema(max_length = 256, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
        reason: String,
        /// Not to be claimed again before this many ms.
        #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
        #[schema(maximum = 315_360_000_000_u64)]
        delay_ms: Option<u64>,
    }
}

report! {
    /// How far the run is.
    Note {
        #[serde(deserialize_with = "object::deserialize")]
        progress: NewProgress,
    }
}

report! {
    /// Lines for the task's log.
    Append {
        #[serde(deserialize_with = "object::list::deserialize")]
        #[schema(min_items = 1, max_items = 100)]
        logs: Vec<NewLine>,
    }
}

report! {
    /// Prolongs the lease, if this task is all that the worker holds.
    Beat {
        /// Which life of the worker; the current one unless it is said.
        #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
        #[schema(schema_with = schemas::boot_or_null)]
        boot: Option<Boot>,
    }
}

/// How far the run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgress {
    #[schema(minimum = 0, maximum = 1)]
    pub fraction: f64,
    /// What does not fit into 59 bytes is cut off.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    pub text: String,
}

/// One line to be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    #[serde(default = "info", deserialize_with = "object::word")]
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
    #[serde(with = "number::fence")]
    #[schema(schema_with = schemas::fence)]
    pub fence: Fence,
}

/// A pair that is not held: stop working on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gone {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub task: TaskId,
    #[serde(with = "number::fence")]
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
