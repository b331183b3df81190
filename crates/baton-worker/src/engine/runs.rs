//! One run: its handler, its end, and everything that can end it early.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use baton_store::calls::task::Grant;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::book::{Cause, Key};
use super::desk::Desk;
use super::outcome::outcome_of;
use super::{Core, clock, parents, voice};
use crate::handler::{End, Handler, Reporter, Run};

/// Starts a granted task. It takes `slots` until its handler has ended.
pub(super) fn start(
    core: &Arc<Core>,
    desk: &Arc<Desk>,
    grant: Arc<Grant>,
    handler: Arc<dyn Handler>,
    trusted_until_ms: u64,
    slots: usize,
) {
    let cancel = desk.book().start(&grant, trusted_until_ms);
    let reporter = Reporter::new(Arc::clone(&grant), core.words.clone());
    let deadline = clock::after(Duration::from_millis(grant.timeout_ms));
    let span = tracing::info_span!("task", task = %grant.task, kind = %grant.kind, queue = %grant.queue,
        attempt = grant.attempt, fence = grant.fence.0);
    let run = Run {
        worker: core.options.worker.clone(),
        deadline,
        cancel: cancel.clone(),
        reporter: reporter.clone(),
        parents: Arc::default(),
        grant: Arc::clone(&grant),
    };
    let (runtime, inside) = (core.runtime.clone(), span.clone());
    // The call itself is inside as well: a handler may panic before its future exists.
    let begin = move |parents| runtime.spawn(begin(handler, Run { parents, ..run }).instrument(inside));
    // One that needs nothing more begins now, and not when its turn comes on this busy thread.
    let first = if grant.parents == 0 { First::Began(begin(Arc::default())) } else { First::Reads(begin) };
    let (core, desk) = (Arc::clone(core), Arc::clone(desk));
    super::spawn_vital(
        &Arc::clone(&core),
        "a run",
        async move {
            let began_ms = clock::now_ms();
            let handler = match first {
                First::Began(handler) => Ok(handler),
                First::Reads(begin) => parents::read(&core, &desk, &grant, &cancel).await.map(begin),
            };
            let end = match handler {
                Ok(handler) => live(&core, &desk, &grant, handler, &cancel, deadline).await,
                Err(end) => Some(end),
            };
            note_end(&grant, end.as_ref(), clock::now_ms() - began_ms);
            // What it said comes before how it ended: a log of a task that has ended takes no lines.
            voice::flush(&core, &reporter).await;
            desk.book().end(&(grant.task, grant.fence), end.and_then(outcome_of));
            core.slots.give_back(slots);
            desk.wake.notify_one();
        }
        .instrument(span),
    );
}

/// What a run begins with.
enum First<B> {
    /// Its handler.
    Began(JoinHandle<End>),
    /// What its parents resulted in, and with that its handler.
    Reads(B),
}

/// A runtime that is busy may come to a run when its lease is long over.
async fn begin(handler: Arc<dyn Handler>, run: Run) -> End {
    if run.cancel.is_cancelled() {
        return End::Release { reason: "it was told to end before it began".to_owned(), delay_ms: None };
    }
    handler.run(run).await
}

/// Waits for the end of a handler. `None` if it was dropped because it did not end when told.
async fn live(
    core: &Core,
    desk: &Desk,
    grant: &Grant,
    mut handler: JoinHandle<End>,
    cancel: &CancellationToken,
    deadline: Instant,
) -> Option<End> {
    let key = (grant.task, grant.fence);
    let out_of_time = async {
        tokio::time::sleep_until(deadline).await;
        desk.book().cancel(&key, Cause::TimedOut);
    };
    tokio::pin!(out_of_time);
    let ended = tokio::select! {
        end = &mut handler => Some(said(end)),
        () = cancel.cancelled() => None,
        () = &mut out_of_time => None,
    };
    match ended {
        // It goes on elsewhere, and its slot stays taken until it is reported there or its time is over.
        Some(Some(End::Elsewhere)) => {
            tokio::select! { () = cancel.cancelled() => {} () = &mut out_of_time => {} }
            None
        }
        Some(end) => end,
        None => stop(handler, grace(core, desk, &key)).await.filter(|end| *end != End::Elsewhere),
    }
}

/// How long a handler that was told to end may take. Where the lease may be over it is less than the margin by which we
/// stop early: when somebody else starts the task, nothing of it runs here that can be dropped.
fn grace(core: &Core, desk: &Desk, key: &Key) -> Duration {
    let margin = Duration::from_millis(core.options.lease.margin_ms());
    if desk.book().keeps(key) { core.options.grace } else { core.options.grace.min(margin / 2) }
}

/// The handler was told to end.
async fn stop(mut handler: JoinHandle<End>, grace: Duration) -> Option<End> {
    if let Ok(end) = tokio::time::timeout(grace, &mut handler).await {
        return said(end);
    }
    // Dropped at its next pause. One that never pauses keeps its slot and its task: we do not say that it ended.
    handler.abort();
    said(handler.await)
}

/// A panic is a failed attempt with its message.
fn said(end: Result<End, JoinError>) -> Option<End> {
    match end {
        Ok(end) => Some(end),
        Err(error) if error.is_panic() => {
            let error = format!("the handler panicked: {}", message(&*error.into_panic()));
            Some(End::Retry { error, reason: "panic".to_owned(), in_ms: None })
        }
        Err(_) => None,
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}

fn note_end(grant: &Grant, end: Option<&End>, run_ms: u64) {
    let word = match end {
        Some(End::Complete(_)) => "completed",
        Some(End::Retry { .. }) => "retry",
        Some(End::Fail { .. }) => "failed",
        Some(End::TimeOut { .. }) => "timeout",
        Some(End::Release { .. }) => "released",
        Some(End::Elsewhere) | None => "dropped",
    };
    let (queue, kind) = (grant.queue.to_string(), grant.kind.to_string());
    metrics::counter!("baton_runs_total", "queue" => queue.clone(), "kind" => kind.clone(), "end" => word)
        .increment(1);
    metrics::histogram!("baton_task_run_seconds", "queue" => queue, "kind" => kind)
        .record(run_ms as f64 / 1_000.0);
    tracing::debug!(end = word, run_ms, "run ended");
}
