//! What runs a task: the contract between the engine, which holds leases, and handlers, which do the work.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use baton_core::{Kind, WorkerId};
use baton_store::calls::task::Parents;
use baton_store::calls::task::{Grant, Level};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// One run of one task, as its handler gets it.
#[derive(Clone, Debug)]
pub struct Run {
    pub grant: Arc<Grant>,
    pub worker: WorkerId,
    /// When the run is ended by the engine, whatever it is doing.
    pub deadline: Instant,
    /// Fires when the run must end: the lease was lost, the task cancelled, the time is over, or the worker drains. The
    /// handler has `Options::grace` from then on, or less where the lease is in doubt; afterwards its future is dropped. Nobody waits for what it answers,
    /// except while the worker drains.
    pub cancel: CancellationToken,
    pub reporter: Reporter,
    /// What it waited for.
    pub parents: Arc<Parents>,
}

impl Run {
    /// A run without an engine and without parents, for trying a handler by itself: what the handler says comes out of
    /// the second half.
    pub fn detached(grant: Grant, worker: WorkerId, deadline: Instant) -> (Run, Heard) {
        let grant = Arc::new(grant);
        let (words, heard) = mpsc::channel(DETACHED_WORDS);
        let reporter = Reporter::new(Arc::clone(&grant), words);
        let (cancel, parents) = (CancellationToken::new(), Arc::default());
        (Run { grant, worker, deadline, cancel, reporter, parents }, Heard(heard))
    }
}

/// What a detached run may say before somebody listens.
const DETACHED_WORDS: usize = 16_384;

/// What the handler of a detached run says, in order.
#[derive(Debug)]
pub struct Heard(mpsc::Receiver<Said>);

/// One thing that the handler of a detached run said.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    Progress { fraction: f64, text: String },
    Line { level: Level, text: Vec<u8> },
}

impl Heard {
    /// Waits for the next word; `None` when the run and all its reporters are gone.
    pub async fn next(&mut self) -> Option<Word> {
        loop {
            match self.0.recv().await?.what {
                What::Progress { fraction, text } => return Some(Word::Progress { fraction, text }),
                What::Line { level, text } => return Some(Word::Line { level, text }),
                // Everything before it was heard; whoever waits may have left.
                What::Flush(waiting) => drop(waiting.send(())),
            }
        }
    }
}

/// How a run ended, as its handler says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With the bytes of its result: one JSON value, or nothing.
    Complete(Vec<u8>),
    /// It failed, and may be tried again: after the task's backoff, or after this time.
    Retry { error: String, reason: String, in_ms: Option<u64> },
    /// It failed, and no further attempt makes sense.
    Fail { error: String, reason: String },
    /// It took too long.
    TimeOut { error: String },
    /// The task goes back, unharmed: now, or to be claimed after this time.
    Release { reason: String, delay_ms: Option<u64> },
    /// Somebody else will report: the run goes on elsewhere, under the same fence, until it does.
    Elsewhere,
}

/// What a handler says while it runs. Cheap to clone; never waits: what comes faster than it can be written is thinned
/// out by the engine (progress) or counted and dropped with a line that says so (logs).
#[derive(Clone, Debug)]
pub struct Reporter {
    grant: Arc<Grant>,
    words: mpsc::Sender<Said>,
    spoken: Arc<AtomicBool>,
}

/// One thing that a handler said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) grant: Arc<Grant>,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    Progress {
        fraction: f64,
        text: String,
    },
    Line {
        level: Level,
        text: Vec<u8>,
    },
    /// Somebody waits until all that came before is written.
    Flush(oneshot::Sender<()>),
}

impl Reporter {
    pub(crate) fn new(grant: Arc<Grant>, words: mpsc::Sender<Said>) -> Reporter {
        Reporter { grant, words, spoken: Arc::default() }
    }

    /// Did the handler say anything?
    pub(crate) fn has_spoken(&self) -> bool {
        self.spoken.load(Ordering::Relaxed)
    }

    pub(crate) fn flush(&self, done: oneshot::Sender<()>) -> Said {
        Said { grant: Arc::clone(&self.grant), what: What::Flush(done) }
    }

    /// How far the run is, from 0 to 1.
    pub fn progress(&self, fraction: f64, text: impl Into<String>) {
        self.say(What::Progress { fraction: fraction.clamp(0.0, 1.0), text: text.into() });
    }

    /// A line for the task's log.
    pub fn log(&self, level: Level, text: impl Into<Vec<u8>>) {
        self.say(What::Line { level, text: text.into() });
    }

    fn say(&self, what: What) {
        self.spoken.store(true, Ordering::Relaxed);
        let said = Said { grant: Arc::clone(&self.grant), what };
        if self.words.try_send(said).is_err() {
            metrics::counter!("baton_worker_words_dropped_total").increment(1);
        }
    }
}

/// A future that a handler made.
pub type Running = Pin<Box<dyn Future<Output = End> + Send>>;

/// Does what tasks of one kind ask for.
pub trait Handler: Send + Sync + 'static {
    fn run(&self, run: Run) -> Running;
}

impl<F, R> Handler for F
where
    F: Fn(Run) -> R + Send + Sync + 'static,
    R: Future<Output = End> + Send + 'static,
{
    fn run(&self, run: Run) -> Running {
        Box::pin(self(run))
    }
}

/// The handlers of a worker, by kind.
#[derive(Clone, Default)]
pub struct Handlers {
    by_kind: BTreeMap<Kind, Arc<dyn Handler>>,
}

/// Two handlers for one kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("take a second handler for the kind {0}: one kind has one handler")]
pub struct Doubled(pub Kind);

impl Handlers {
    pub fn add(&mut self, kind: Kind, handler: impl Handler) -> Result<(), Doubled> {
        if self.by_kind.contains_key(&kind) {
            return Err(Doubled(kind));
        }
        self.by_kind.insert(kind, Arc::new(handler));
        Ok(())
    }

    /// Keeps the handlers of these kinds and no others. `Err` names one that there is no handler for.
    pub fn keep_only(&mut self, kinds: &[Kind]) -> Result<(), Kind> {
        if let Some(missing) = kinds.iter().find(|kind| !self.by_kind.contains_key(kind)) {
            return Err(missing.clone());
        }
        self.by_kind.retain(|kind, _| kinds.contains(kind));
        Ok(())
    }

    pub fn get(&self, kind: &Kind) -> Option<Arc<dyn Handler>> {
        self.by_kind.get(kind).cloned()
    }

    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.by_kind.keys()
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.by_kind.keys()).finish()
    }
}
