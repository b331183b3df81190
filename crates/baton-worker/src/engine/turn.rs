//! The loop of a desk: report what has ended, claim what fits, in one trip.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use baton_core::{Refusal, Status, limits};
use baton_store::Error;
use baton_store::calls::task::{
    Claim, Claimed, Grant, Grants, Next, Outcome, Report, Settle, SettleAnswer, Settled,
};
use baton_store::calls::{Pair, Refused};

use super::desk::{Desk, pause, register};
use super::{Core, EngineError, clock, runs};

/// An idle worker looks again this often, whatever hints say: they may be lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a task whose kind has no handler here stays away from its queue.
const NO_HANDLER_DELAY_MS: u64 = 5_000;
/// The same for a task whose earlier run has not ended in this process.
const STILL_ALIVE_DELAY_MS: u64 = 1_000;
/// The same for a task that must run alone where something else runs, which Redis cannot know.
const NOT_ALONE_DELAY_MS: u64 = 1_000;

/// Works until the worker drains and nothing is held any more, or it stops.
pub(super) async fn work(core: Arc<Core>, desk: Arc<Desk>) {
    let mut failures = 0;
    loop {
        if !wait(&core, &desk).await {
            return;
        }
        // A worker that ends asks once more for what it may hold without knowing it.
        let last = core.draining.is_cancelled();
        if desk.unknown.load(Ordering::Relaxed) && !register(&core, &desk).await {
            desk.reconcile.fetch_and(!last, Ordering::Relaxed);
            pause(&core, failures).await;
            failures += 1;
            continue;
        }
        gather(&desk).await;
        match turn(&core, &desk).await {
            Ok(true) => failures = 0,
            Ok(false) => {
                pause(&core, failures).await;
                failures += 1;
            }
            Err(error) => {
                tracing::warn!(shard = %desk.shard, error = &error as &dyn std::error::Error, "a turn failed");
                desk.look.store(true, Ordering::Relaxed);
                desk.reconcile.store(!last, Ordering::Relaxed);
                pause(&core, failures).await;
                failures += 1;
            }
        }
        desk.turned.notify_waiters();
    }
}

/// Waits for something to do. False: there will be nothing any more.
async fn wait(core: &Core, desk: &Desk) -> bool {
    let look_again = tokio::time::sleep(clock::jittered(LOOK_EVERY));
    tokio::pin!(look_again);
    loop {
        let reconciles = desk.reconcile.load(Ordering::Relaxed);
        let nothing_held = !reconciles && desk.book().is_empty();
        if core.stopped.is_cancelled() || (core.draining.is_cancelled() && nothing_held) {
            return false;
        }
        let looks = desk.look.load(Ordering::Relaxed) && core.has_room();
        if looks || reconciles || desk.unknown.load(Ordering::Relaxed) || desk.book().has_reports() {
            return true;
        }
        tokio::select! {
            () = desk.wake.notified() => {}
            () = core.slots.freed.notified() => {}
            () = core.stopped.cancelled() => {}
            () = &mut look_again => {
                desk.look.store(true, Ordering::Relaxed);
                look_again.set(tokio::time::sleep(clock::jittered(LOOK_EVERY)));
            }
        }
    }
}

/// Runs that end together are reported together: lets those that are ready come in, and waits for none.
async fn gather(desk: &Desk) {
    if desk.book().has_reports() {
        for _ in 0..2 {
            tokio::task::yield_now().await;
        }
    }
}

/// What one turn asked for, to read its answer by.
struct Asked {
    sent_ms: u64,
    listed: Vec<Pair>,
    reserved: usize,
}

/// Answers whether the next turn may follow at once.
async fn turn(core: &Arc<Core>, desk: &Arc<Desk>) -> Result<bool, Error> {
    let reconcile = desk.reconcile.swap(false, Ordering::Relaxed);
    let looked = desk.look.swap(false, Ordering::Relaxed);
    let reserved = match core.may_claim() {
        true => core.slots.reserve(limits::CLAIM_TASKS_MAX as usize, clock::now_ms()),
        false => 0,
    };
    let (reports, listed) = {
        let book = desk.book();
        let reports = book.reports();
        let listed = book.holding(&reports);
        (reports, listed)
    };
    let asked = Asked { sent_ms: clock::now_ms(), listed, reserved };
    if reserved == 0 && reports.is_empty() && !reconcile {
        // Somebody else took the slots meanwhile. The look is not forgotten.
        desk.look.fetch_or(looked, Ordering::Relaxed);
        return Ok(true);
    }
    let answered = match reports.is_empty() {
        true => claim(core, desk, &asked).await.map(Some),
        false => settle(core, desk, &asked, &reports, reserved > 0 || reconcile).await,
    };
    match answered {
        Ok(Some(claimed)) => Ok(absorb(core, desk, asked, claimed)),
        Ok(None) => {
            core.slots.give_back(asked.reserved);
            Ok(true)
        }
        Err(error) => {
            core.slots.give_back(asked.reserved);
            Err(error)
        }
    }
}

async fn claim(core: &Core, desk: &Desk, asked: &Asked) -> Result<Claimed, Error> {
    let (queues, in_order) = core.options.order.next(&core.options.queues, clock::chance);
    let claim = Claim {
        worker: &core.options.worker,
        boot: &core.options.boot,
        // Only registering makes a boot current, because it also says who this is.
        expects: Some(&core.options.boot),
        lease: core.options.lease,
        queues: &queues,
        in_order,
        max: asked.reserved as u64,
        only: None,
        holding: &asked.listed,
    };
    core.store.claim(desk.shard, &claim).await
}

async fn settle(
    core: &Core,
    desk: &Desk,
    asked: &Asked,
    reports: &[Report],
    claims: bool,
) -> Result<Option<Claimed>, Error> {
    let (queues, in_order) = core.options.order.next(&core.options.queues, clock::chance);
    let next = Next { queues: &queues, in_order, max: asked.reserved as u64, holding: &asked.listed };
    let settle = Settle {
        worker: &core.options.worker,
        boot: Some(&core.options.boot),
        reports,
        claim: claims.then_some(next),
    };
    match core.store.settle(desk.shard, &settle).await? {
        SettleAnswer::Reports { each, claimed } => {
            for (report, settled) in reports.iter().zip(each) {
                let grant = desk.book().acknowledge(&(report.task, report.fence));
                note_settled(core, report, &settled, grant.as_deref());
            }
            Ok(claimed)
        }
        SettleAnswer::Refused(refused) => Ok(Some(Claimed::Refused(refused))),
    }
}

fn note_settled(core: &Core, report: &Report, settled: &Settled, grant: Option<&Grant>) {
    let (Settled::Now { status, .. }, Some(grant)) = (settled, grant) else {
        return note_refused(report, settled);
    };
    let (queue, kind) = (grant.queue.to_string(), grant.kind.to_string());
    let failed = matches!(report.outcome, Outcome::Fail { .. } | Outcome::TimeOut { .. });
    match status {
        Status::Completed => core.pulse.note_done(),
        _ if failed => core.pulse.note_failed(),
        _ => {}
    }
    if status.is_terminal() {
        let labels = [("queue", queue), ("kind", kind), ("status", status.to_string())];
        metrics::counter!("baton_tasks_finished_total", &labels).increment(1);
    } else if failed {
        metrics::counter!("baton_task_retries_total", "queue" => queue, "kind" => kind).increment(1);
    }
}

fn note_refused(report: &Report, settled: &Settled) {
    if let Settled::Refused { refusal, status } = settled {
        metrics::counter!("baton_fenced_total", "call" => "settle").increment(1);
        let status = status.map(|status| status.as_str());
        tracing::warn!(task = %report.task, fence = report.fence.0, %refusal, status, "a report was refused");
    }
}

/// Takes an answer in. In this order: trust that has lapsed ends, then the answer prolongs, drops and grants. False if
/// the claim was refused: asking again at once would be refused again.
fn absorb(core: &Arc<Core>, desk: &Arc<Desk>, asked: Asked, claimed: Claimed) -> bool {
    let grants = match claimed {
        Claimed::Tasks(grants) => grants,
        Claimed::Refused(refused) => {
            core.slots.give_back(asked.reserved);
            take_refusal(core, desk, &refused);
            return false;
        }
    };
    core.pulse.beat();
    let until_ms = grants.lease.trusted_until_ms(asked.sent_ms);
    accept(desk, &asked.listed, &grants.gone, until_ms);
    if grants.solo_waiting {
        core.slots.make_way(clock::now_ms());
    }
    if let Some(ms) = grants.again_in_ms {
        look_again_in(desk, ms);
    }
    note_claim(&asked, &grants);
    let (wanted, count) = (asked.reserved, grants.tasks.len());
    let mut reserved = asked.reserved;
    for grant in grants.tasks {
        take_grant(core, desk, grant, until_ms, &mut reserved);
    }
    core.slots.give_back(reserved);
    if wanted > 0 {
        // Where it gave all that fitted, there may be more.
        desk.dry.store(count < wanted, Ordering::Relaxed);
        desk.look.fetch_or(count >= wanted, Ordering::Relaxed);
    }
    true
}

/// A limit lets something start in so many ms. One look at that time is enough, however often it is said.
fn look_again_in(desk: &Arc<Desk>, ms: u64) {
    if ms >= LOOK_EVERY.as_millis() as u64 || desk.looks_again.swap(true, Ordering::Relaxed) {
        return;
    }
    let desk = Arc::clone(desk);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        desk.looks_again.store(false, Ordering::Relaxed);
        desk.look();
    });
}

/// What every answer to a holder does to its book.
pub(super) fn accept(desk: &Desk, listed: &[Pair], gone: &[baton_store::calls::Gone], until_ms: u64) {
    let mut book = desk.book();
    let lapsed = book.lapse(clock::now_ms());
    if lapsed > 0 {
        tracing::warn!(shard = %desk.shard, lapsed, "the lease may have run out: what ran under it is told to end");
    }
    book.drop_gone(gone);
    book.trust(listed, until_ms);
    for gone in gone {
        tracing::info!(task = %gone.task, fence = gone.fence.0, why = gone.why, "not held any more");
    }
}

fn note_claim(asked: &Asked, grants: &Grants) {
    for grant in &grants.tasks {
        let result = if grant.redelivered { "redelivered" } else { "granted" };
        metrics::counter!("baton_claims_total", "queue" => grant.queue.to_string(), "result" => result)
            .increment(1);
    }
    if grants.tasks.is_empty() && asked.reserved > 0 {
        metrics::counter!("baton_claims_total", "queue" => "", "result" => "empty").increment(1);
    }
}

/// Starts a grant, or gives it back where it cannot run here and now.
fn take_grant(core: &Arc<Core>, desk: &Arc<Desk>, grant: Grant, until_ms: u64, reserved: &mut usize) {
    let grant = Arc::new(grant);
    let key = (grant.task, grant.fence);
    let decline = |reason: String, delay_ms| {
        desk.book().decline(&grant, Outcome::Release { reason, delay_ms }, until_ms);
        desk.wake.notify_one();
    };
    if desk.book().knows(&key) {
        return;
    }
    if until_ms <= clock::now_ms() {
        return decline("the claim was answered too late".to_owned(), None);
    }
    if core.draining.is_cancelled() || core.stopped.is_cancelled() {
        return decline("the worker ends".to_owned(), None);
    }
    let Some(handler) = core.handlers.get(&grant.kind) else {
        metrics::counter!("baton_unhandled_total", "queue" => grant.queue.to_string()).increment(1);
        return decline(format!("no handler for {} here", grant.kind), Some(NO_HANDLER_DELAY_MS));
    };
    if desk.book().is_alive(grant.task) {
        return decline("its earlier run has not ended here".to_owned(), Some(STILL_ALIVE_DELAY_MS));
    }
    let slots = match grant.solo {
        true => core.slots.take_all(*reserved).inspect(|_| *reserved = 0),
        false if *reserved > 0 => {
            *reserved -= 1;
            Some(1)
        }
        false => core.slots.take_one().then_some(1),
    };
    match slots {
        Some(slots) => runs::start(core, desk, Arc::clone(&grant), handler, until_ms, slots),
        None if grant.solo => {
            core.slots.make_way(clock::now_ms());
            decline("it must run alone, and something else runs".to_owned(), Some(NOT_ALONE_DELAY_MS));
        }
        None => decline("no slot is free for it".to_owned(), None),
    }
}

/// A refusal that concerns the holder, whatever it asked for.
pub(super) fn take_refusal(core: &Core, desk: &Desk, refused: &Refused) {
    let shard = desk.shard;
    match refused.refusal {
        Refusal::Superseded => core.abort(EngineError::Superseded(core.options.worker.clone())),
        Refusal::SchemaTooNew => core.abort(EngineError::SchemaTooNew),
        Refusal::LeaseLost => {
            tracing::warn!(%shard, "the lease was lost: what ran under it is told to end");
            desk.book().cancel_all(&super::book::Cause::LeaseLost);
            // Only a claim gives it a lease again, also where nothing is wanted.
            desk.reconcile.store(true, Ordering::Relaxed);
            desk.look.store(true, Ordering::Relaxed);
        }
        Refusal::UnknownWorker | Refusal::Conflict => {
            tracing::warn!(%shard, refusal = %refused.refusal, "this worker is not on record: it registers again");
            desk.unknown.store(true, Ordering::Relaxed);
            desk.look.store(true, Ordering::Relaxed);
        }
        refusal => tracing::error!(%shard, %refusal, "a claim was refused"),
    }
    desk.wake.notify_one();
}
