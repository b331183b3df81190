//! A Redis, a store, and engines that run closures.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use baton_core::{Kind, LeaseLength, Shard, Status, TaskId, WorkerId};
use baton_store::calls::task::{HistoryRead, NewTask, Submission, SubmitAnswer};
use baton_store::history::Entry;
use baton_store::{Options as StoreOptions, Store, Task};
use baton_testkit::{Launch, PrivateRedis};
use baton_worker::{End, Ended, Engine, EngineError, Handlers, Options, Run};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// No test waits this long: it only turns a hang into a failure.
const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Place {
    pub(crate) redis: PrivateRedis,
    pub(crate) store: Store,
}

impl Place {
    pub(crate) async fn start() -> Place {
        Place::launch(Launch::default()).await
    }

    pub(crate) async fn launch(launch: Launch) -> Place {
        let redis = launch.start().await;
        let store = open(&redis.url()).await;
        Place { redis, store }
    }

    pub(crate) async fn submit(&self, kind: &str, payload: &str) -> TaskId {
        self.submit_task(|task| task.payload = payload.into(), kind).await
    }

    pub(crate) async fn submit_task(&self, change: impl FnOnce(&mut NewTask), kind: &str) -> TaskId {
        let mut task = NewTask::new(self.store.draw(Shard::FIRST), self::kind(kind), *b"null");
        change(&mut task);
        let id = task.id;
        let answer =
            self.store.submit(&Submission { tasks: &[task], by: None, op: None }).await.expect("an answer");
        assert!(matches!(answer, SubmitAnswer::Tasks { .. }), "{answer:?}");
        id
    }

    pub(crate) async fn read(&self, task: TaskId) -> Task {
        let read = self.store.read_tasks(task.shard(), &[task], true).await.expect("an answer");
        read.into_iter().next().flatten().expect("the task")
    }

    pub(crate) async fn status(&self, task: TaskId) -> Status {
        self.read(task).await.status()
    }

    pub(crate) async fn until_status(&self, task: TaskId, status: Status) -> Task {
        until(&format!("{task} is {status:?}"), async || self.status(task).await == status).await;
        self.read(task).await
    }

    /// Waits until the only worker has renewed its lease so often.
    pub(crate) async fn renewals(&self, shard: Shard, times: usize) {
        let mut last = None;
        for _ in 0..=times {
            until("the lease is renewed", async || {
                let page = self.store.workers(shard, 0, 1).await.expect("an answer");
                let until_ms = page.workers.first().and_then(|worker| worker.lease_until_ms);
                let renewed = until_ms > last;
                if renewed {
                    last = until_ms.map(|until_ms| until_ms + 500);
                }
                renewed
            })
            .await;
        }
    }

    /// The steps of a task's life, as words.
    pub(crate) async fn steps(&self, task: TaskId) -> Vec<String> {
        self.history(task).await.into_iter().map(|entry| entry.step).collect()
    }

    pub(crate) async fn history(&self, task: TaskId) -> Vec<Entry> {
        match self.store.history(task).await.expect("an answer") {
            HistoryRead::Entries { entries, .. } => entries,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) async fn open(url: &str) -> Store {
    let (store, _) = Store::open(StoreOptions::new(url.parse().expect("a URL"))).await.expect("a store");
    store
}

pub(crate) fn kind(name: &str) -> Kind {
    Kind::new(name).expect("a kind")
}

pub(crate) fn handlers<F, R>(name: &str, handler: F) -> Handlers
where
    F: Fn(Run) -> R + Send + Sync + 'static,
    R: Future<Output = End> + Send + 'static,
{
    let mut handlers = Handlers::default();
    handlers.add(kind(name), handler).expect("one handler");
    handlers
}

/// Completes with nothing.
pub(crate) fn noop() -> Handlers {
    handlers("noop", async |_run: Run| End::Complete(b"null".to_vec()))
}

pub(crate) fn options(number: u32) -> Options {
    let mut options = Options::new(WorkerId::new(&format!("worker-{number:03}-test")).expect("an id"));
    options.lease = LeaseLength::from_ms(2_000).expect("a lease");
    options.grace = Duration::from_millis(300);
    options.drain = Duration::from_secs(10);
    options
}

/// A worker at work.
pub(crate) struct Worker {
    pub(crate) drain: CancellationToken,
    pub(crate) now: CancellationToken,
    ended: JoinHandle<Result<Ended, EngineError>>,
}

impl Worker {
    pub(crate) fn start(store: &Store, handlers: Handlers, options: Options) -> Worker {
        let engine = Engine::new(store.clone(), handlers, options).expect("an engine");
        let (drain, now) = (CancellationToken::new(), CancellationToken::new());
        let ended = tokio::spawn(engine.run(drain.clone(), now.clone()));
        Worker { drain, now, ended }
    }

    pub(crate) async fn ended(self) -> Result<Ended, EngineError> {
        tokio::time::timeout(LONG, self.ended)
            .await
            .expect("the worker does not end")
            .expect("the worker broke")
    }

    /// Drops the future that runs it.
    pub(crate) fn forsake(self) {
        self.ended.abort();
    }

    pub(crate) async fn drain(self) -> Ended {
        self.drain.cancel();
        self.ended().await.expect("a good end")
    }
}

/// How often something happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(crate) fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn down(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    /// For handlers: waits until it has happened this often.
    pub(crate) async fn reaches(&self, often: usize) {
        while self.get() < often {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let reached = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, reached).await.unwrap_or_else(|_| panic!("it never happened: {what}"));
}
