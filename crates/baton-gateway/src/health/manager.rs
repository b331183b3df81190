//! What the service manager hears of this gateway: that it is ready, that it is not stuck, and that it ends.

use std::net::SocketAddr;
use std::time::Duration;

use baton_service::notify;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::pulse::Pulse;
use super::ready;
use crate::app::App;

/// A gateway whose Redis is away answers too, and says so itself: no reason to hold up what is started after it.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// Tells for as long as it is polled. Each look at Redis is a sign of life, whatever was seen: a watchdog that restarts
/// gateways because Redis is away helps nobody.
pub(crate) async fn tell(app: App, address: SocketAddr) {
    let mut looks = app.health.pulse.clone();
    in_good_time(until_ready(&app, looks.clone()), &app.draining).await;
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

/// Waits for what makes it ready, but neither for ever nor when it is to end.
async fn in_good_time(ready: impl Future<Output = ()>, draining: &CancellationToken) {
    tokio::select! {
        _ = tokio::time::timeout(READY_WITHIN, ready) => {}
        () = draining.cancelled() => {}
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

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;
    use crate::clock;

    async fn waits(until: impl Future<Output = ()>, draining: &CancellationToken) -> Duration {
        let begun = clock::instant();
        in_good_time(until, draining).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn readiness_is_waited_for_but_not_for_ever() {
        let draining = CancellationToken::new();
        assert_eq!(waits(ready(()), &draining).await, Duration::ZERO);
        let soon = tokio::time::sleep(Duration::from_secs(2));
        assert_eq!(waits(soon, &draining).await, Duration::from_secs(2));
        assert_eq!(waits(pending(), &draining).await, READY_WITHIN);
        draining.cancel();
        assert_eq!(waits(pending(), &draining).await, Duration::ZERO);
    }
}
