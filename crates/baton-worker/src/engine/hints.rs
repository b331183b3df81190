//! Waits for hints, so that an idle worker starts a task within milliseconds and asks nobody meanwhile.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Core;
use super::desk::{Desk, pause};

/// How long one wait for a hint lasts.
const WAIT: Duration = Duration::from_secs(2);

/// A hint is handed to one waiter. So a worker waits only while it has room and found nothing, and passes on what it
/// cannot use.
pub(super) async fn listen(core: Arc<Core>, desk: Arc<Desk>) {
    let mut failures = 0;
    while !core.draining.is_cancelled() && !core.stopped.is_cancelled() {
        let turned = desk.turned.notified();
        if !core.has_room() || !desk.dry.load(Ordering::Relaxed) {
            tokio::select! {
                () = core.slots.freed.notified() => {}
                () = turned => {}
                () = tokio::time::sleep(WAIT) => {}
                () = core.draining.cancelled() => return,
                () = core.stopped.cancelled() => return,
            }
            continue;
        }
        let wait = core.store.wait_for_hint(desk.shard, &core.options.queues, WAIT);
        let answer = tokio::select! {
            answer = wait => answer,
            () = core.draining.cancelled() => return,
            () = core.stopped.cancelled() => return,
        };
        match answer {
            Ok(Some(queue)) if !core.has_room() => {
                failures = 0;
                if let Err(error) = core.store.pass_hint(desk.shard, &queue).await {
                    tracing::debug!(%error, "a hint was not passed on: others look by themselves");
                }
            }
            Ok(Some(_)) => {
                failures = 0;
                let turned = desk.turned.notified();
                desk.look();
                // The claim may fill the last slot: wait for it before the next hint is taken from somebody else.
                let _ = tokio::time::timeout(WAIT, turned).await;
            }
            Ok(None) => failures = 0,
            Err(error) => {
                tracing::debug!(%error, "no hints for a while");
                failures += 1;
                pause(&core, failures).await;
            }
        }
    }
}
