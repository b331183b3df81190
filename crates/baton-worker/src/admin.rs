//! What a worker says to probes: it is ready when a claim or a renewal came through lately, not when a socket is open.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use baton_service::admin::{self, Admin, Inspect};
use baton_service::metrics::Metrics;
use tokio_util::sync::CancellationToken;

use crate::engine::Pulse;

/// A worker none of whose calls came through for this long is not to be relied on.
const DEAF_AFTER: Duration = Duration::from_secs(30);

struct Worker {
    pulse: Pulse,
    draining: CancellationToken,
    metrics: Metrics,
}

impl Inspect for Worker {
    fn ready(&self) -> Result<String, String> {
        if self.draining.is_cancelled() {
            return Err("it is about to end".to_owned());
        }
        match self.pulse.since_answer() {
            None => Err("nothing has come through to Redis yet".to_owned()),
            Some(since) if since > DEAF_AFTER => {
                Err(format!("nothing has come through to Redis for {} s", since.as_secs()))
            }
            Some(since) => Ok(format!("Redis answered {} ms ago", since.as_millis())),
        }
    }

    fn metrics(&self) -> String {
        self.metrics.render()
    }
}

/// Answers probes until the handle is dropped.
pub(crate) async fn serve(
    address: SocketAddr,
    pulse: Pulse,
    draining: CancellationToken,
    metrics: Metrics,
) -> io::Result<Admin> {
    admin::serve(address, Arc::new(Worker { pulse, draining, metrics })).await
}
