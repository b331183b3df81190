//! A store on a private Redis whose time the test tells, with the invariants checked when the test is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_core::{Boot, Fence, Kind, QueueName, Shard, TaskId, WorkerId};
use baton_store::calls::Pair;
use baton_store::calls::task::{
    Claim, Claimed, Grant, NewTask, Outcome, Report, Settle, SettleAnswer, Settled, Submission, SubmitAnswer,
    Submitted,
};
use baton_store::calls::worker::{Register, Registered};
use baton_store::{Options, Store, Task};

use crate::invariants;
use crate::server::{Launch, PrivateRedis};
use crate::snapshot::Snapshot;

/// When tests begin: a round number that reads well in a printed snapshot.
pub const START_MS: u64 = 1_700_000_000_000;

/// One life of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    pub worker: WorkerId,
    pub boot: Boot,
}

impl Life {
    /// Worker `number` in its `boot`-th life.
    pub fn new(number: u32, boot: u32) -> Life {
        Life {
            worker: WorkerId::new(&format!("worker-{number:03}-test")).expect("a worker id"),
            boot: Boot::new(&format!("b{boot}")).expect("a boot"),
        }
    }
}

pub fn queue(name: &str) -> QueueName {
    QueueName::new(name).expect("a queue name")
}

pub fn kind(name: &str) -> Kind {
    Kind::new(name).expect("a kind")
}

/// A store of one shard, on a server of its own.
#[derive(Debug)]
pub struct Fixture {
    pub redis: PrivateRedis,
    pub store: Store,
    clock: Arc<AtomicU64>,
}

/// Runs a test against a fresh store, and checks the invariants of what it leaves behind.
pub async fn with_store(test: impl AsyncFnOnce(&mut Fixture)) {
    with_launch(Launch::default(), test).await;
}

/// The same on a server started with options of its own.
pub async fn with_launch(launch: Launch, test: impl AsyncFnOnce(&mut Fixture)) {
    let mut fixture = Fixture::start(launch).await;
    test(&mut fixture).await;
    fixture.assert_invariants().await;
}

impl Fixture {
    pub async fn start(launch: Launch) -> Fixture {
        let redis = launch.start().await;
        let clock = Arc::new(AtomicU64::new(START_MS));
        let mut options = Options::new(redis.url().parse().expect("a URL"));
        options.injected_ms = Some(Arc::clone(&clock));
        let (store, _) = Store::open(options).await.expect("a store on a private Redis");
        Fixture { redis, store, clock }
    }

    pub fn now_ms(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// Lets time pass, or go back.
    pub fn pass_ms(&self, ms: i64) {
        self.clock.fetch_add(ms as u64, Ordering::SeqCst);
    }

    /// Everything but the hints, which are no truth: whoever waits takes them away.
    pub async fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.whole_snapshot().await;
        snapshot.0.retain(|key, _| !key.contains("}:hints:"));
        snapshot
    }

    pub async fn whole_snapshot(&self) -> Snapshot {
        Snapshot::take(&mut self.redis.connection().await, "baton:").await
    }

    pub async fn assert_invariants(&self) {
        invariants::assert_hold(&self.whole_snapshot().await, "baton:{0}:");
    }

    pub fn new_task(&self, name: &str) -> NewTask {
        NewTask::new(self.store.draw(Shard::FIRST), kind(name), *b"{}")
    }

    /// Submits these and answers their ids; each must be created.
    pub async fn submit(&self, tasks: &[NewTask]) -> Vec<TaskId> {
        let submission = Submission { tasks, by: None, op: None };
        match self.store.submit(&submission).await.expect("an answer") {
            SubmitAnswer::Tasks { each, .. } => each
                .into_iter()
                .map(|one| match one {
                    Submitted::Created { id, .. } => id,
                    other => panic!("not created: {other:?}"),
                })
                .collect(),
            SubmitAnswer::Refused(refused) => panic!("refused: {refused:?}"),
        }
    }

    /// Submits `count` tasks with every default.
    pub async fn submit_many(&self, count: usize) -> Vec<TaskId> {
        let tasks: Vec<NewTask> = (0..count).map(|_| self.new_task("noop")).collect();
        self.submit(&tasks).await
    }

    pub async fn register(&self, life: &Life, expects: Option<&Boot>) -> Registered {
        let register = Register {
            worker: &life.worker,
            boot: &life.boot,
            expects,
            lease: Default::default(),
            about: &[("kind", "test")],
        };
        self.store.register(Shard::FIRST, &register).await.expect("an answer")
    }

    /// Claims up to `max` tasks of the queue `default` for a life that holds what is listed.
    pub async fn try_claim(&self, life: &Life, max: u64, holding: &[Pair]) -> Claimed {
        let claim = Claim {
            worker: &life.worker,
            boot: &life.boot,
            expects: None,
            lease: Default::default(),
            queues: &[QueueName::default()],
            in_order: false,
            max,
            only: None,
            holding,
        };
        self.store.claim(Shard::FIRST, &claim).await.expect("an answer")
    }

    /// The same for a life that holds nothing and is not refused.
    pub async fn claim(&self, life: &Life, max: u64) -> Vec<Grant> {
        match self.try_claim(life, max, &[]).await {
            Claimed::Tasks(grants) => grants.tasks,
            Claimed::Refused(refused) => panic!("refused: {refused:?}"),
        }
    }

    pub async fn report(&self, life: &Life, task: TaskId, fence: Fence, outcome: Outcome) -> Settled {
        let reports = [Report { task, fence, outcome }];
        let settle = Settle { worker: &life.worker, boot: Some(&life.boot), reports: &reports, claim: None };
        match self.store.settle(task.shard(), &settle).await.expect("an answer") {
            SettleAnswer::Reports { mut each, .. } => each.remove(0),
            SettleAnswer::Refused(refused) => panic!("refused: {refused:?}"),
        }
    }

    pub async fn complete(&self, life: &Life, grant: &Grant) -> Settled {
        self.report(life, grant.task, grant.fence, Outcome::Complete { result: Vec::new() }).await
    }

    /// The task, with its payload and result; it must exist.
    pub async fn read(&self, task: TaskId) -> Task {
        let mut tasks = self.store.read_tasks(task.shard(), &[task], true).await.expect("an answer");
        tasks.remove(0).expect("the task exists")
    }
}
