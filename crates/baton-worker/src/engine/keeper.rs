//! The lease keeper: renews what is held in a shard, and ends what it can no longer vouch for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use baton_store::Error;
use baton_store::calls::worker::{Directive, Renew, Renewal, Renewed};

use super::desk::{Desk, pause};
use super::{Core, clock, turn};

/// Renewals also carry cancellations to what runs, and what operators say to the worker: nobody should wait ten seconds
/// for theirs.
const HEAR_EVERY: Duration = Duration::from_secs(2);
/// How late the end of trust may be noticed.
const WATCH_EVERY: Duration = Duration::from_millis(100);

/// Renews for as long as the worker lives, drain included.
pub(super) async fn renew(core: Arc<Core>, desk: Arc<Desk>) {
    let (mut failures, mut told) = (0, Told::default());
    loop {
        let every = Duration::from_millis(core.options.lease.renew_every_ms()).min(HEAR_EVERY);
        if failures == 0 {
            tokio::select! {
                () = tokio::time::sleep(clock::jittered(every).min(every)) => {}
                () = core.stopped.cancelled() => return,
            }
        }
        if core.stopped.is_cancelled() {
            return;
        }
        if desk.unknown.load(Ordering::Relaxed) {
            // The loop of the desk registers.
            desk.wake.notify_one();
            (failures, told) = (0, Told::default());
            continue;
        }
        match renew_once(&core, &desk, &mut told).await {
            Ok(()) => failures = 0,
            Err(error) => {
                tracing::warn!(shard = %desk.shard, error = &error as &dyn std::error::Error, "a renewal failed");
                failures += 1;
                pause(&core, failures).await;
            }
        }
    }
}

/// What this worker's record says of what it got done.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Told {
    done: u64,
    failed: u64,
}

async fn renew_once(core: &Core, desk: &Desk, told: &mut Told) -> Result<(), Error> {
    let listed = desk.book().holding(&[]);
    let sent_ms = clock::now_ms();
    let now = Told { done: core.pulse.done(), failed: core.pulse.failed() };
    let counters = [("done", now.done.to_string()), ("failed", now.failed.to_string())];
    let renew = Renew {
        worker: &core.options.worker,
        boot: &core.options.boot,
        holding: &listed,
        alone: false,
        // A record that has them already is not written again.
        about: if now == *told { &[] } else { &counters },
    };
    match core.store.renew(desk.shard, &renew).await? {
        Renewed::Until(Renewal { lease, directive, gone, unknown, .. }) => {
            *told = now;
            core.pulse.beat();
            turn::accept(desk, &listed, &gone, lease.trusted_until_ms(sent_ms));
            follow(core, desk, directive);
            if !unknown.is_empty() && !knows_all(desk, &unknown) {
                desk.reconcile.store(true, Ordering::Relaxed);
                desk.wake.notify_one();
            }
        }
        Renewed::Refused(refused) => turn::take_refusal(core, desk, &refused),
    }
    Ok(())
}

/// A claim whose answer came meanwhile may have brought what the renewal did not list.
fn knows_all(desk: &Desk, unknown: &[baton_core::TaskId]) -> bool {
    let held = desk.book().holding(&[]);
    unknown.iter().all(|task| held.iter().any(|pair| pair.task == *task))
}

/// Every shard says the same directive. Where they differ, because one was told later or lost what it knew, the worker
/// is quiet until none says so.
fn follow(core: &Core, desk: &Desk, directive: Option<Directive>) {
    let quiet = directive == Some(Directive::Quiet);
    if desk.quiet.swap(quiet, Ordering::Relaxed) != quiet {
        tracing::info!(shard = %desk.shard, quiet, "told by an operator");
        core.desks.iter().for_each(|desk| desk.look());
    }
    if directive == Some(Directive::Stop) && !core.draining.is_cancelled() {
        tracing::info!("told by an operator to end");
        core.draining.cancel();
        core.desks.iter().for_each(|desk| desk.wake.notify_one());
    }
}

/// Ends runs whose lease may be over. Its own loop, because a renewal that hangs is when it matters.
pub(super) async fn watch(core: Arc<Core>, desk: Arc<Desk>) {
    while !core.stopped.is_cancelled() {
        let lapses_at_ms = desk.book().lapses_at_ms();
        let left = lapses_at_ms.map(|at| Duration::from_millis(at.saturating_sub(clock::now_ms())));
        // A machine that slept wakes this timer late, and the clock has gone on: so it looks often, not once.
        let wait = left.map_or(WATCH_EVERY, |left| left.clamp(Duration::from_millis(5), WATCH_EVERY));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = core.stopped.cancelled() => return,
        }
        core.pulse.note_held(core.held());
        let lapsed = desk.book().lapse(clock::now_ms());
        if lapsed > 0 {
            tracing::warn!(shard = %desk.shard, lapsed, "nobody renewed the lease in time: its runs are told to end");
        }
    }
}
