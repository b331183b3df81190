//! Kinds: what is said of one, and holds for its tasks.

use baton_core::{Kind as Name, Principal, Reasons};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, number, schemas, text};

/// What holds for tasks of a kind that say nothing themselves; where nothing is said here either, what is usual.
///
/// Priority, time and counts are given to a task when it is submitted, and it keeps them. The waits after a failure and the
/// reasons that are not worth another attempt are looked up when it fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "max_attempts": 8, "backoff_ms": 500, "backoff_cap_ms": 60_000, "non_retryable": ["bad_input", "http 4*"]
}))]
pub struct PutKind {
    /// 0 to 9, 9 first.
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
    /// The first wait after a failure is at most this.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 86_400_000)]
    pub backoff_ms: Option<u64>,
    /// No wait after a failure is longer. At least `backoff_ms`.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 86_400_000)]
    pub backoff_cap_ms: Option<u64>,
    /// With each further failure the wait is so many times as long: 2 unless said otherwise, 1 for always the same.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10)]
    pub backoff_factor: Option<u64>,
    /// Reasons of failures that are not worth another attempt, as the holder reports them; with a star at its end one stands
    /// for all that begin so.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::reasons)]
    pub non_retryable: Vec<Reasons>,
    /// How long the result of a completed task is kept; unless said, as long as the task.
    #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 315_360_000_000_u64)]
    pub result_ttl_ms: Option<u64>,
}

/// A kind of which something is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Kind {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::kind)]
    pub kind: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_crashes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_cap_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_factor: Option<u64>,
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::reasons)]
    pub non_retryable: Vec<Reasons>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_ttl_ms: Option<u64>,
    /// Rises with every change: the ETag.
    pub version: u64,
    #[schema(schema_with = schemas::time)]
    pub created_at: Timestamp,
    #[schema(schema_with = schemas::time)]
    pub changed_at: Timestamp,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub changed_by: Option<Principal>,
}

/// A page of kinds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Kinds {
    pub kinds: Vec<Kind>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many there are on all pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u64>,
}
