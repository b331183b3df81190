//! The three pages.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_api::Timestamp;
use baton_api::health::{self as api, HealthStatus, PoolHealth, Ready};
use baton_api::pool::Pool;
use baton_auth::Action;
use baton_core::Status;
use baton_service::metrics::CONTENT_TYPE;

use super::fleet::Fleet;
use super::pulse::Pulse;
use super::trouble::troubles;
use super::{gauges, ready as checks};
use crate::app::App;
use crate::extract::Visitor;
use crate::{clock, convert};

/// Answers that take longer are worth a word.
const SLOW: Duration = Duration::from_millis(250);
/// Numbers that are older were not read when they should have been.
const STALE_MS: u64 = 5_000;

/// How does this gateway do?
///
/// Answered out of what was last seen, never by asking Redis: it is 200 for as long as the process runs, so that a probe
/// of liveness does not restart gateways because Redis is away. Where there are logins, only who may read the metrics gets
/// more than status, version and time.
#[utoipa::path(
    get, path = "/health", tag = "gateway", operation_id = "health",
    security(()),
    responses((status = 200, description = "the process runs; `status` says how it does", body = api::Health))
)]
pub(super) async fn health(State(app): State<App>, Visitor(grant): Visitor) -> Json<api::Health> {
    let pulse = app.health.pulse.borrow().clone();
    let fleet = app.health.fleet.borrow().clone();
    let fleet = fleet.as_deref();
    let (status, reasons) = judge(&pulse, fleet, app.draining.is_cancelled());
    let public = api::Health {
        status,
        reasons: Vec::new(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        timestamp: Timestamp::from_ms(pulse.at_ms),
        uptime_ms: None,
        auth: if app.settings.open { "none" } else { "required" }.to_owned(),
        redis: None,
        workers: None,
        pools: Vec::new(),
        tasks: BTreeMap::new(),
        unattended: Vec::new(),
    };
    if grant.is_none_or(|grant| grant.must(Action::MetricsRead).is_err()) {
        return Json(public);
    }
    Json(api::Health {
        reasons,
        uptime_ms: Some(app.health.began.elapsed().as_millis() as u64),
        redis: Some(api::Redis {
            connected: pulse.latency.is_some(),
            full: fleet.is_some_and(|fleet| fleet.is_full),
            latency_ms: pulse.latency.map(|latency| latency.as_micros() as f64 / 1_000.0),
        }),
        workers: Some(fleet.map(|fleet| fleet.workers.clone()).unwrap_or_default()),
        pools: fleet.iter().flat_map(|fleet| &fleet.pools).map(pool).collect(),
        tasks: tasks(fleet),
        unattended: fleet.map(unattended).unwrap_or_default(),
        ..public
    })
}

fn judge(pulse: &Pulse, fleet: Option<&Fleet>, draining: bool) -> (HealthStatus, Vec<String>) {
    let mut reasons = Vec::new();
    if draining {
        reasons.push("this gateway is about to end".to_owned());
    }
    if let Some(latency) = pulse.latency.filter(|latency| *latency > SLOW) {
        reasons.push(format!("Redis took {} ms to answer", latency.as_millis()));
    }
    match fleet.map(|fleet| pulse.at_ms.saturating_sub(fleet.at_ms)) {
        Some(age_ms) if age_ms > STALE_MS => {
            reasons.push(format!("queues and workers were last read {} s ago", age_ms / 1_000));
        }
        Some(_) => {}
        None => reasons.push("queues and workers have not been read yet".to_owned()),
    }
    reasons.extend(fleet.map(troubles).unwrap_or_default().into_values());
    if let Some(keys) = fleet.map(|fleet| fleet.evicted_keys).filter(|keys| *keys > 0) {
        reasons.push(format!("Redis has thrown {keys} keys away for want of memory: tasks may be lost"));
    }
    if pulse.latency.is_none() {
        reasons.insert(0, pulse.trouble.clone().unwrap_or("Redis has not been asked yet".to_owned()));
        return (HealthStatus::Unhealthy, reasons);
    }
    let status = if reasons.is_empty() { HealthStatus::Healthy } else { HealthStatus::Degraded };
    (status, reasons)
}

fn pool(pool: &Pool) -> PoolHealth {
    PoolHealth {
        name: pool.name.clone(),
        state: pool.state,
        desired: pool.desired,
        live: convert::pool::ready(pool),
    }
}

fn tasks(fleet: Option<&Fleet>) -> BTreeMap<String, u64> {
    let mut tasks: BTreeMap<String, u64> = Status::ALL.iter().map(|status| (status.to_string(), 0)).collect();
    for (status, count) in fleet.iter().flat_map(|fleet| &fleet.queues).flat_map(|queue| &queue.tasks) {
        *tasks.entry(status.clone()).or_default() += count;
    }
    tasks
}

fn unattended(fleet: &Fleet) -> Vec<String> {
    fleet.queues.iter().filter(|queue| queue.unattended).map(|queue| queue.name.to_string()).collect()
}

/// Should work be sent here?
///
/// A line for each check: Redis answers a script within 250 ms, the scripts are those of this release, the namespace is
/// the one that is meant, and this gateway is not about to end.
#[utoipa::path(
    get, path = "/ready", tag = "gateway", operation_id = "ready",
    security(()),
    responses(
        (status = 200, description = "yes", body = Ready),
        (status = 503, description = "no: at least one check fails", body = Ready),
    )
)]
pub(super) async fn ready(State(app): State<App>) -> Response {
    let ready = checks::check(&app).await;
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ready)).into_response()
}

/// Numbers for Prometheus
///
/// What this process saw is to be added up over gateways; what begins with `baton_fleet_` is read out of Redis, is the same
/// in all of them, and is not.
#[utoipa::path(
    get, path = "/metrics", tag = "gateway", operation_id = "metrics",
    security(("bearer" = ["metrics:read"])),
    responses((status = 200, description = "metrics in the text format 0.0.4", content_type = "text/plain; version=0.0.4",
        body = String))
)]
pub(super) async fn metrics(State(app): State<App>) -> Response {
    if let Some(fleet) = &*app.health.fleet.borrow() {
        gauges::age(clock::now_ms().saturating_sub(fleet.at_ms) as f64 / 1_000.0);
    }
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], app.health.metrics.render()).into_response()
}
