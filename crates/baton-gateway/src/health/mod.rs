//! What the gateway says of itself: `/health` for those who would restart it, `/ready` for those who send it work, and
//! `/metrics` for those who look at numbers.
//!
//! Two loops look at Redis and keep what they saw. `/health` and `/metrics` answer from that and wait for nothing: a
//! probe of liveness must not restart gateways because Redis is away. Only `/ready` asks while it is asked.

mod fleet;
mod gauges;
mod manager;
mod pages;
mod pulse;
mod ready;
mod trouble;

use std::sync::Arc;

use baton_service::metrics::Metrics;
use baton_store::Store;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, Settings};
use crate::clock;
use fleet::Fleet;
pub(crate) use manager::tell;
use pulse::Pulse;

/// The handle that routes hold.
#[derive(Clone, Debug)]
pub struct Health {
    began: Instant,
    metrics: Metrics,
    pulse: watch::Receiver<Pulse>,
    fleet: watch::Receiver<Option<Arc<Fleet>>>,
}

impl Health {
    /// Starts looking. It goes on while the gateway drains, because that is when people ask how it does; it ends with
    /// the last handle.
    pub fn start(store: &Store, settings: &Settings) -> Health {
        let metrics = baton_service::metrics::install();
        baton_service::metrics::build_info(env!("CARGO_PKG_VERSION"));
        gauges::mode(settings.open);
        let (pulse_sender, pulse) = watch::channel(Pulse::default());
        let (fleet_sender, fleet) = watch::channel(None);
        tokio::spawn(pulse::keep(store.clone(), pulse_sender));
        tokio::spawn(fleet::keep(store.clone(), metrics.clone(), fleet_sender));
        Health { began: clock::instant(), metrics, pulse, fleet }
    }

    /// What this process measured, as Prometheus has it.
    pub(crate) fn rendered(&self) -> String {
        self.metrics.render()
    }
}

/// `GET /health`, `GET /ready` and `GET /metrics`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(pages::health))
        .routes(routes!(pages::ready))
        .routes(routes!(pages::metrics))
}
