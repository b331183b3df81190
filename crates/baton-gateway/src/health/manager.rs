//! What the service manager hears of this gateway: that it is ready, that it is not stuck, and that it ends.

use std::net::SocketAddr;
use std::time::Duration;

use baton_service::notify;
use tokio::sync::watch;

use super::pulse::Pulse;
use super::ready;
use crate::app::App;

/// A gateway whose Redis is away answers too, and says so itself: no reason to hold up what is started after it.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// Tells for as long as it is polled. Each look at Redis is a sign of life, whatever was seen: a watchdog that restarts
/// gateways because Redis is away helps nobody.
pub(crate) async fn tell(app: App, address: SocketAddr) {
    let mut looks = app.health.pulse.clone();
    tokio::select! {
        _ = tokio::time::timeout(READY_WITHIN, until_ready(&app, looks.clone())) => {}
        () = app.draining.cancelled() => {}
    }
    notify::ready();
    let (watched, mut said, mut stopping) = (notify::watchdog().is_some(), String::new(), false);
    loop {
        let line = line(address, &looks.borrow_and_update(), stopping);
        if line != said {
            notify::status(&line);
            said = line;
        }
        if watched {
            notify::alive();
        }
        tokio::select! {
            looked = looks.changed() => if looked.is_err() { return },
            () = app.draining.cancelled(), if !stopping => {
                stopping = true;
                notify::stopping();
            }
        }
    }
}

/// Asks with each look at Redis.
async fn until_ready(app: &App, mut looks: watch::Receiver<Pulse>) {
    while !ready::check(app).await.ready && looks.changed().await.is_ok() {}
}

fn line(address: SocketAddr, pulse: &Pulse, stopping: bool) -> String {
    match &pulse.trouble {
        _ if stopping => "takes nothing new, and finishes what runs".to_owned(),
        None => format!("answers at http://{address}"),
        Some(trouble) => format!("answers at http://{address}, but not from Redis: {trouble}"),
    }
}
