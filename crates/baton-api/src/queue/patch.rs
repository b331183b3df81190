//! What of a queue is to be otherwise. What is left out stays as it is; null takes a limit away.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{Keep, Limits, Rate, Retention};
use crate::number;

#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "concurrency": 20, "rate": { "count": 100, "per_ms": 60000 } }))]
pub struct PatchQueue {
    /// Tasks that run at once.
    #[serde(default, deserialize_with = "number::change", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000)]
    pub concurrency: Option<Option<u64>>,
    #[serde(default, deserialize_with = "change", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Rate>)]
    pub rate: Option<Option<Rate>>,
    /// Tasks of one group that run at once.
    #[serde(default, deserialize_with = "number::change", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000)]
    pub group_concurrency: Option<Option<u64>>,
    /// Groups take turns; not together with `aging_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fair: Option<bool>,
    /// A task that waits so long counts as one of the next priority, and so on.
    #[serde(default, deserialize_with = "number::change", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 2_592_000_000_u64)]
    pub aging_ms: Option<Option<u64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<PatchRetention>,
}

/// How long tasks are kept that have ended, by how they ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchRetention {
    /// For all of which nothing else is said.
    #[serde(default, deserialize_with = "change", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Keep>)]
    pub default: Option<Option<Keep>>,
    #[serde(default, deserialize_with = "change", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Keep>)]
    pub completed: Option<Option<Keep>>,
    #[serde(default, deserialize_with = "change", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Keep>)]
    pub failed: Option<Option<Keep>>,
    #[serde(default, deserialize_with = "change", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Keep>)]
    pub timeout: Option<Option<Keep>>,
    #[serde(default, deserialize_with = "change", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Keep>)]
    pub cancelled: Option<Option<Keep>>,
}

/// Absent and null differ.
fn change<'de, T: Deserialize<'de>, D: Deserializer<'de>>(input: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(input).map(Some)
}

impl PatchQueue {
    /// What the queue allows afterwards.
    pub fn limits(&self, stands: &Limits) -> Limits {
        Limits {
            concurrency: self.concurrency.unwrap_or(stands.concurrency),
            rate: self.rate.unwrap_or(stands.rate),
            group_concurrency: self.group_concurrency.unwrap_or(stands.group_concurrency),
            fair: self.fair.unwrap_or(stands.fair),
            aging_ms: self.aging_ms.unwrap_or(stands.aging_ms),
        }
    }

    /// How long what has ended is kept afterwards.
    pub fn retention(&self, stands: &Retention) -> Retention {
        let Some(asked) = &self.retention else { return *stands };
        Retention {
            default: asked.default.unwrap_or(stands.default),
            completed: asked.completed.unwrap_or(stands.completed),
            failed: asked.failed.unwrap_or(stands.failed),
            timeout: asked.timeout.unwrap_or(stands.timeout),
            cancelled: asked.cancelled.unwrap_or(stands.cancelled),
        }
    }
}
