//! The engine: claims tasks, keeps their leases, runs their handlers, reports their ends.
//!
//! Everything that speaks to Redis runs in a runtime of its own, on a thread of its own, with connections of its own.
//! Handlers run in the runtime of the caller. A handler that computes for minutes without a pause may starve that
//! runtime; leases are renewed and reports are made all the same.
//!
//! For each shard there is a *desk*: the book of what is held there, and a loop that is woken when there is something
//! to report or to claim. One claim, or report with a claim, is under way per desk at a time; renewals go beside it.

mod book;
pub(crate) mod clock;
mod desk;
mod hints;
mod keeper;
mod order;
mod outcome;
mod parents;
mod runs;
mod slots;
mod turn;
mod voice;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use baton_core::{Boot, LeaseLength, QueueName, WorkerId, limits};
use baton_store::Store;
use baton_store::ticker::Ticker;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::handler::{Handlers, Said};
use book::Cause;
use desk::Desk;
pub use order::{QueueOrder, Weighted};
use slots::Slots;

/// How an engine works.
#[derive(Clone, Debug)]
pub struct Options {
    pub worker: WorkerId,
    /// This life of the worker; drawn anew for each process.
    pub boot: Boot,
    pub follows: Follows,
    pub queues: Vec<QueueName>,
    pub order: QueueOrder,
    /// Runs at once.
    pub slots: usize,
    pub lease: LeaseLength,
    /// How long a handler that was told to end may take.
    pub grace: Duration,
    /// How long runs may go on once the worker is to end.
    pub drain: Duration,
    /// What people want to know of this worker, in its record.
    pub about: Vec<(String, String)>,
}

/// Whose place a worker may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Follows {
    /// That of whoever has its id: people gave it, and see to it that nobody else has it.
    Anyone,
    /// That of this life, which is surely over; without one, nobody's.
    Only(Option<Boot>),
}

impl Follows {
    fn allows(&self, current: &Boot) -> bool {
        match self {
            Follows::Anyone => true,
            Follows::Only(boot) => boot.as_ref() == Some(current),
        }
    }
}

impl Options {
    /// The defaults: the queue `default`, eight slots, a lease of 30 s.
    pub fn new(worker: WorkerId) -> Options {
        Options {
            worker,
            boot: draw_boot(),
            follows: Follows::Anyone,
            queues: vec![QueueName::default()],
            order: QueueOrder::default(),
            slots: 8,
            lease: LeaseLength::default(),
            grace: Duration::from_secs(5),
            drain: Duration::from_secs(30),
            about: Vec::new(),
        }
    }
}

/// A name for one life of a worker.
pub fn draw_boot() -> Boot {
    #[expect(
        clippy::expect_used,
        reason = "without chance two lives would meet; and hex digits are always a name"
    )]
    let boot = getrandom::u64()
        .map(|chance| Boot::new(&format!("{chance:016x}")))
        .expect("chance")
        .expect("hex digits");
    boot
}

/// Why an engine does not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("run with {0} slots: it goes from 1 to {max}", max = limits::HELD_TASKS_MAX)]
    Slots(usize),
    #[error("claim from {0} queues: it goes from 1 to {max}", max = limits::CLAIM_QUEUES_MAX)]
    Queues(usize),
    #[error("go on as {0}: a later process of that id is current")]
    Superseded(WorkerId),
    #[error("work with this namespace: a newer release owns it")]
    SchemaTooNew,
    #[error("use the store")]
    Store(#[from] baton_store::Error),
    #[error("start the thread that keeps leases")]
    Thread(#[source] std::io::Error),
    #[error("keep {0} going: it broke")]
    Broken(&'static str),
}

/// How an engine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Runs that would not end; their leases run out, and others take the tasks over.
    pub abandoned: usize,
}

/// Signs of life, for whoever supervises the process.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<PulseInner>);

#[derive(Debug, Default)]
struct PulseInner {
    answered_ms: AtomicU64,
    holds: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
}

impl Pulse {
    /// How long ago a claim or a renewal last came through; `None` before the first.
    pub fn since_answer(&self) -> Option<Duration> {
        let at = self.0.answered_ms.load(Ordering::Relaxed);
        (at > 0).then(|| Duration::from_millis(clock::now_ms().saturating_sub(at)))
    }

    /// Tasks that it holds now.
    pub fn holds(&self) -> u64 {
        self.0.holds.load(Ordering::Relaxed)
    }

    /// Tasks that completed here in this life.
    pub fn done(&self) -> u64 {
        self.0.done.load(Ordering::Relaxed)
    }

    /// Attempts that failed here in this life.
    pub fn failed(&self) -> u64 {
        self.0.failed.load(Ordering::Relaxed)
    }

    fn beat(&self) {
        self.0.answered_ms.store(clock::now_ms(), Ordering::Relaxed);
    }

    fn note_held(&self, tasks: usize) {
        self.0.holds.store(tasks as u64, Ordering::Relaxed);
    }

    fn note_done(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }

    fn note_failed(&self) {
        self.0.failed.fetch_add(1, Ordering::Relaxed);
    }
}

/// A worker: one holder of leases.
#[derive(Debug)]
pub struct Engine {
    store: Store,
    handlers: Handlers,
    options: Options,
    pulse: Pulse,
}

/// What the parts of an engine share.
#[derive(Debug)]
struct Core {
    store: Store,
    handlers: Handlers,
    options: Options,
    /// Where handlers run.
    runtime: Handle,
    slots: Slots,
    desks: Vec<Arc<Desk>>,
    words: mpsc::Sender<Said>,
    pulse: Pulse,
    /// Claim no more, and end when everything is settled.
    draining: CancellationToken,
    /// Stop now: every loop ends.
    stopped: CancellationToken,
    why: std::sync::Mutex<Option<EngineError>>,
}

impl Core {
    fn may_claim(&self) -> bool {
        !self.draining.is_cancelled() && !self.desks.iter().any(|desk| desk.quiet.load(Ordering::Relaxed))
    }

    /// Is a claim worth its trip?
    fn has_room(&self) -> bool {
        self.slots.free(clock::now_ms()) > 0 && self.may_claim()
    }

    /// Stops at once: this life is over, and what it held is somebody else's.
    fn abort(&self, why: EngineError) {
        let mut slot = self.why.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        slot.get_or_insert(why);
        for desk in &self.desks {
            desk.book().cancel_all(&Cause::LeaseLost);
        }
        self.stopped.cancel();
    }

    fn failure(&self) -> Option<EngineError> {
        self.why.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    /// Tasks that are held, in all shards.
    fn held(&self) -> usize {
        self.desks.iter().map(|desk| desk.book().len()).sum()
    }

    fn alive(&self) -> usize {
        self.desks.iter().map(|desk| desk.book().alive()).sum()
    }
}

impl Engine {
    pub fn new(store: Store, handlers: Handlers, options: Options) -> Result<Engine, EngineError> {
        if !(1..=limits::HELD_TASKS_MAX as usize).contains(&options.slots) {
            return Err(EngineError::Slots(options.slots));
        }
        if !(1..=limits::CLAIM_QUEUES_MAX as usize).contains(&options.queues.len()) {
            return Err(EngineError::Queues(options.queues.len()));
        }
        Ok(Engine { store, handlers, options, pulse: Pulse::default() })
    }

    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Works until `drain` fires and everything is settled, or `now` fires: then what runs is told to end at once.
    pub async fn run(self, drain: CancellationToken, now: CancellationToken) -> Result<Ended, EngineError> {
        let runtime = Handle::current();
        // Who drops this future wants the worker to end, and cannot say so any more.
        let now = now.child_token();
        let _dropped = now.clone().drop_guard();
        let (done, ended) = tokio::sync::oneshot::channel();
        let body = move || {
            let own = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let outcome = match own {
                Ok(own) => own.block_on(self.keep(runtime, drain, now)),
                Err(error) => Err(EngineError::Thread(error)),
            };
            // Nobody listens any more when the caller was dropped.
            let _ = done.send(outcome);
        };
        std::thread::Builder::new()
            .name("baton-leases".to_owned())
            .spawn(body)
            .map_err(EngineError::Thread)?;
        let lost = || EngineError::Thread(std::io::Error::other("the thread that keeps leases ended early"));
        ended.await.unwrap_or_else(|_| Err(lost()))
    }

    async fn keep(
        self,
        runtime: Handle,
        drain: CancellationToken,
        now: CancellationToken,
    ) -> Result<Ended, EngineError> {
        let store = self.store.apart()?;
        let (words, said) = mpsc::channel(voice::ROOM);
        let desks = store.shards().all().map(|shard| Arc::new(Desk::new(shard))).collect();
        let core = Arc::new(Core {
            slots: Slots::new(self.options.slots),
            handlers: self.handlers,
            options: self.options,
            runtime,
            desks,
            words,
            pulse: self.pulse,
            draining: drain.child_token(),
            stopped: CancellationToken::new(),
            why: std::sync::Mutex::default(),
            store,
        });
        let _end = core.stopped.clone().drop_guard();
        spawn_vital(&core, "what handlers say", voice::write(Arc::clone(&core), said));
        let ticker = Ticker::new(core.store.apart()?).run(core.stopped.clone().cancelled_owned());
        spawn_vital(&core, "the ticker", ticker);
        let loops: Vec<_> =
            core.desks.iter().map(|desk| desk::open(Arc::clone(&core), Arc::clone(desk))).collect();
        finish(&core, loops, &now).await
    }
}

/// Starts what the worker cannot do without. If it breaks, the worker ends and says so: one that claims nothing, or
/// renews nothing, must not look alive.
fn spawn_vital(
    core: &Arc<Core>,
    what: &'static str,
    task: impl Future<Output = ()> + Send + 'static,
) -> tokio::task::JoinHandle<()> {
    let vital = Vital { core: Arc::clone(core), what };
    tokio::spawn(async move {
        let _vital = vital;
        task.await;
    })
}

struct Vital {
    core: Arc<Core>,
    what: &'static str,
}

impl Drop for Vital {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.core.abort(EngineError::Broken(self.what));
        }
    }
}

/// Waits until the worker is to end, lets runs end, and takes leave.
async fn finish(
    core: &Arc<Core>,
    loops: Vec<tokio::task::JoinHandle<()>>,
    now: &CancellationToken,
) -> Result<Ended, EngineError> {
    tokio::select! {
        () = core.draining.cancelled() => {}
        () = now.cancelled() => core.draining.cancel(),
        () = core.stopped.cancelled() => {}
    }
    core.desks.iter().for_each(|desk| desk.wake.notify_one());
    if !core.stopped.is_cancelled() {
        let settled = futures_all(loops);
        tokio::pin!(settled);
        let patience = tokio::time::sleep(core.options.drain);
        tokio::select! {
            () = &mut settled => {}
            () = core.stopped.cancelled() => {}
            () = async { tokio::select! { () = patience => {} () = now.cancelled() => {} } } => {
                core.desks.iter().for_each(|desk| desk.book().cancel_all(&Cause::Drain));
                // A little longer than handlers have, so that what they say last is still reported.
                let last = core.options.grace + core.options.grace / 2 + Duration::from_millis(500);
                let _ = tokio::time::timeout(last, &mut settled).await;
            }
        }
    }
    core.stopped.cancel();
    if let Some(failure) = core.failure() {
        wait_for_handlers(core).await;
        return Err(failure);
    }
    let abandoned = core.alive();
    let leave = |desk: &Arc<Desk>| tokio::spawn(desk::close(Arc::clone(core), Arc::clone(desk)));
    futures_all(core.desks.iter().map(leave).collect()).await;
    Ok(Ended { abandoned })
}

async fn futures_all(loops: Vec<tokio::task::JoinHandle<()>>) {
    for each in loops {
        if let Err(error) = each.await {
            tracing::error!(%error, "a loop of the worker broke");
        }
    }
}

/// Handlers of a life that is over get their grace to stop touching the world.
async fn wait_for_handlers(core: &Arc<Core>) {
    let gone = async {
        while core.alive() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(core.options.grace + Duration::from_secs(1), gone).await;
}
