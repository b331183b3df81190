//! Time series: what happened when, and how long it took.

use std::collections::BTreeMap;

use baton_core::QueueName;
use baton_core::series::Metric;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, schemas, text};

/// Some metrics over one span of time. They are written behind: `behind_ms` says how old what is not in them yet may be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeriesAnswer {
    /// The queue that was asked for; absent where it is all of them that the credential may read.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::queue)]
    pub queue: Option<QueueName>,
    /// The beginning of the first point.
    #[schema(schema_with = schemas::time)]
    pub from: Timestamp,
    /// The end of the last point, which may still be to come.
    #[schema(schema_with = schemas::time)]
    pub to: Timestamp,
    /// How much time a point stands for.
    pub step_ms: u64,
    pub behind_ms: u64,
    pub series: Vec<Series>,
}

/// One metric.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Series {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::metric)]
    pub metric: Metric,
    /// One for each step, also where nothing happened. How many tasks there were in a status is not known of the time before
    /// somebody looked first, and has no points there.
    pub points: Vec<Point>,
}

/// What happened from `at` on, until the next point begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Point {
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    /// How often it happened, how many runs were measured, or how many tasks there were in the end.
    pub count: u64,
    /// Of `wait` and `run`, where something was measured.
    #[serde(flatten)]
    pub measured: Measured,
}

/// How long something took. A percentile is at most an eighth away from the time that it stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Measured {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<u64>,
}

/// What happened lately, whether its tasks are still kept or not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Recent {
    /// How far back it goes.
    pub span_ms: u64,
    /// `submitted`, `started`, `completed`, `failed`, `timeout`, `cancelled`, `retried`, `crashed`.
    pub counts: BTreeMap<String, u64>,
    /// completed / (completed + failed + timeout)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<f64>,
    /// From when a task could be claimed to when it was.
    pub wait: Measured,
    /// From the claim to the report.
    pub run: Measured,
}
