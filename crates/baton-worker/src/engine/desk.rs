//! One shard of a worker: registering there, and leaving.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use baton_core::{Boot, Refusal, Shard};
use baton_store::calls::worker::{Deregistered, Register, Registered};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

use super::book::Book;
use super::{Core, EngineError, clock, hints, keeper, parents, spawn_vital, turn};

/// The longest wait between two tries while Redis is away.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Desk {
    pub(super) shard: Shard,
    book: Mutex<Book>,
    /// There is something to report, or to claim, or to end.
    pub(super) wake: Notify,
    /// A look at the queues makes sense.
    pub(super) look: AtomicBool,
    /// Something is held that we do not know: ask for it even when no slot is free.
    pub(super) reconcile: AtomicBool,
    /// The record of this worker is missing or names another boot.
    pub(super) unknown: AtomicBool,
    /// An operator wants no more claims: so this shard says.
    pub(super) quiet: AtomicBool,
    /// The last claim brought less than was wanted: there is nothing more, and a hint is worth waiting for.
    pub(super) dry: AtomicBool,
    /// There will be a look soon, because a limit lets something start then.
    pub(super) looks_again: AtomicBool,
    /// A turn has ended.
    pub(super) turned: Notify,
    /// Turns at reading what parents resulted in. Where one shard is silent, runs of the others do not wait for it.
    pub(super) reads: Semaphore,
}

impl Desk {
    pub(super) fn new(shard: Shard) -> Desk {
        Desk {
            shard,
            book: Mutex::default(),
            wake: Notify::new(),
            look: AtomicBool::new(true),
            reconcile: AtomicBool::new(false),
            unknown: AtomicBool::new(true),
            quiet: AtomicBool::new(false),
            dry: AtomicBool::new(false),
            looks_again: AtomicBool::new(false),
            turned: Notify::new(),
            reads: Semaphore::new(parents::READS_AT_ONCE),
        }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn look(&self) {
        self.look.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }
}

/// Starts the loops of a shard. The one that is answered ends when everything is settled and nothing is claimed any more.
pub(super) fn open(core: Arc<Core>, desk: Arc<Desk>) -> JoinHandle<()> {
    let both = || (Arc::clone(&core), Arc::clone(&desk));
    let ((renewing, at), (watching, its), (listening, one)) = (both(), both(), both());
    spawn_vital(&core, "renewals", keeper::renew(renewing, at));
    spawn_vital(&core, "the watch over leases", keeper::watch(watching, its));
    spawn_vital(&core, "the wait for hints", hints::listen(listening, one));
    spawn_vital(&Arc::clone(&core), "the claim loop", turn::work(core, desk))
}

/// Makes this boot the current one of its worker in this shard. Answers whether it is.
pub(super) async fn register(core: &Core, desk: &Desk) -> bool {
    let about: Vec<(&str, &str)> =
        core.options.about.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut expects: Option<Boot> = None;
    // Twice: the first answer may name the boot that we follow.
    for _ in 0..2 {
        let register = Register {
            worker: &core.options.worker,
            boot: &core.options.boot,
            expects: expects.as_ref(),
            lease: core.options.lease,
            about: &about,
        };
        match core.store.register(desk.shard, &register).await {
            Ok(Registered::Current { taken_over, .. }) => {
                if taken_over > 0 {
                    desk.reconcile.store(true, Ordering::Relaxed);
                }
                desk.unknown.store(false, Ordering::Relaxed);
                return true;
            }
            Ok(Registered::Refused(refused)) => match (refused.refusal, refused.detail) {
                (Refusal::Conflict, Some(current)) => {
                    expects = current.parse().ok();
                    if expects.as_ref().is_some_and(|boot| !core.options.follows.allows(boot)) {
                        core.abort(EngineError::Superseded(core.options.worker.clone()));
                        return false;
                    }
                }
                (Refusal::Conflict, None) => expects = None,
                (Refusal::SchemaTooNew, _) => core.abort(EngineError::SchemaTooNew),
                (Refusal::Superseded, _) => core.abort(EngineError::Superseded(core.options.worker.clone())),
                (refusal, _) => tracing::warn!(shard = %desk.shard, %refusal, "not registered"),
            },
            Err(error) => {
                tracing::debug!(shard = %desk.shard, error = &error as &dyn std::error::Error, "not registered yet");
                return false;
            }
        }
    }
    false
}

/// Waits before the next try: longer each time, never longer than a second, and not once the worker stops.
pub(super) async fn pause(core: &Core, failures: u32) {
    let wait = Duration::from_millis(25 << failures.min(6)).min(PATIENCE);
    tokio::select! {
        () = tokio::time::sleep(clock::jittered(wait)) => {}
        () = core.stopped.cancelled() => {}
    }
}

/// Takes leave. What a handler that does not end still holds is left to the end of its lease.
pub(super) async fn close(core: Arc<Core>, desk: Arc<Desk>) {
    let unsettled = desk.book().len();
    if unsettled > 0 {
        tracing::warn!(shard = %desk.shard, unsettled, "it ends with tasks that are not settled: their lease runs out");
    }
    if unsettled > 0 || desk.unknown.load(Ordering::Relaxed) {
        return;
    }
    let leave = core.store.deregister(desk.shard, &core.options.worker, &core.options.boot);
    // Redis may be away: then the record ages by itself.
    match tokio::time::timeout(Duration::from_secs(2), leave).await {
        Ok(Ok(Deregistered::Left)) | Err(_) => {}
        Ok(Ok(Deregistered::Refused(refused))) => {
            tracing::debug!(refusal = %refused.refusal, "did not take leave")
        }
        Ok(Err(error)) => tracing::debug!(%error, "did not take leave"),
    }
}
