//! What the gateway says of its API: the front page for programs, and the limits.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use baton_api::health::Capabilities;
use baton_core::{Code, limits};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::tasks::BATCH_TASKS_MAX;
use crate::app::App;
use crate::problem::Fail;
use crate::{guard, hold};

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(capabilities))
}

/// For programs that ask at the door.
pub(crate) fn front() -> serde_json::Value {
    serde_json::json!({ "name": "baton", "version": VERSION, "docs": "/docs", "health": "/health" })
}

pub(super) async fn nothing() -> Fail {
    Fail::new(Code::NotFound)
}

/// The limits of this API
///
/// By name, in bytes, ms or pieces.
#[utoipa::path(
    get, path = "/capabilities", tag = "gateway", operation_id = "capabilities",
    security(("bearer" = [])),
    responses((status = 200, description = "The limits", body = Capabilities))
)]
pub(crate) async fn capabilities(State(app): State<App>) -> Json<Capabilities> {
    let limits: [(&str, u64); 32] = [
        ("payload_bytes", limits::PAYLOAD_BYTES_MAX),
        ("result_bytes", limits::RESULT_BYTES_MAX),
        ("error_bytes", limits::ERROR_BYTES_MAX),
        ("reason_bytes", limits::REASON_BYTES_MAX),
        ("header_bytes", guard::HEADER_BYTES_MAX as u64),
        ("batch_tasks", BATCH_TASKS_MAX as u64),
        ("batch_bytes", 32 * 1024 * 1024),
        ("flow_tasks", limits::FLOW_TASKS_MAX),
        ("flow_edges", limits::FLOW_EDGES_MAX),
        ("flow_bytes", 32 * 1024 * 1024),
        ("parents", limits::PARENTS_MAX),
        ("page", 500),
        ("page_size", 100),
        ("wait_s", hold::WAIT_S_MAX),
        ("claim_tasks", limits::CLAIM_TASKS_MAX),
        ("claim_queues", limits::CLAIM_QUEUES_MAX),
        ("held_tasks", limits::HELD_TASKS_MAX),
        ("lease_ms", limits::LEASE_MS_MAX),
        ("timeout_ms", limits::TIMEOUT_MS_MAX),
        ("max_attempts", limits::MAX_ATTEMPTS_MAX),
        ("tags", limits::TAGS_MAX),
        ("action_ids", limits::OPERATION_IDS_MAX),
        ("schedules", limits::SCHEDULES_MAX),
        ("schedule_payload_bytes", limits::SCHEDULE_PAYLOAD_BYTES_MAX),
        ("log_lines", limits::LOG_LINES_MAX),
        ("kinds", limits::KINDS_MAX),
        ("queue_concurrency", limits::CONCURRENCY_MAX),
        ("queue_rate_count", limits::RATE_COUNT_MAX),
        ("queue_rate_ms", limits::RATE_MS_MAX),
        ("query_bytes", limits::QUERY_BYTES_MAX),
        ("query_terms", limits::QUERY_TERMS_MAX),
        ("query_payload_bytes", limits::QUERY_PAYLOAD_BYTES),
    ];
    let limits: BTreeMap<String, u64> =
        limits.into_iter().map(|(name, most)| (name.to_owned(), most)).collect();
    Json(Capabilities { version: VERSION.to_owned(), shards: app.store.shards().get(), limits })
}
