//! One server, several stores on connections of their own, and a clock that all of them share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_core::{QueueName, Shard, TaskId};
use baton_store::calls::Pair;
use baton_store::calls::shard::{Tick, Ticked};
use baton_store::calls::task::{
    Cancel, Claim, Claimed, Grant, NewTask, Outcome, Report, Settle, SettleAnswer, Settled, Submission,
    SubmitAnswer, Submitted,
};
use baton_store::calls::{Answered, Operated};
use baton_store::{Options, Store};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Life, PrivateRedis, Snapshot, invariants, kind};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

pub(super) struct Arena {
    pub redis: PrivateRedis,
    pub stores: Vec<Store>,
    clock: Arc<AtomicU64>,
}

/// Runs a race on `stores` connections and checks what it leaves behind.
pub(super) async fn race_on(stores: usize, race: impl AsyncFnOnce(&Arena)) {
    let arena = Arena::start(stores).await;
    race(&arena).await;
    invariants::assert_hold(&arena.snapshot().await, "baton:{0}:");
}

/// Lets the other side of a race go first by about so much.
pub(super) async fn hold_back(turns: usize) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

impl Arena {
    pub(super) async fn start(stores: usize) -> Arena {
        let redis = PrivateRedis::start().await;
        let clock = Arc::new(AtomicU64::new(START_MS));
        let mut arena = Arena { redis, stores: Vec::new(), clock };
        for _ in 0..stores {
            let mut options = Options::new(arena.redis.url().parse().expect("a URL"));
            options.injected_ms = Some(Arc::clone(&arena.clock));
            let (store, _) = Store::open(options).await.expect("a store on a private Redis");
            arena.stores.push(store);
        }
        arena
    }

    pub(super) async fn snapshot(&self) -> Snapshot {
        Snapshot::take(&mut self.redis.connection().await, "baton:").await
    }

    pub(super) fn pass_ms(&self, ms: u64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// All of them set off at the same moment, spread over the connections; answers in the order of their numbers.
    pub(super) async fn together<T: Send + 'static, F>(
        &self,
        racers: usize,
        run: impl Fn(usize, Store) -> F,
    ) -> Vec<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let barrier = Arc::new(Barrier::new(racers));
        let mut running = JoinSet::new();
        for racer in 0..racers {
            let (barrier, race) =
                (Arc::clone(&barrier), run(racer, self.stores[racer % self.stores.len()].clone()));
            running.spawn(async move {
                barrier.wait().await;
                (racer, race.await)
            });
        }
        let mut answers = running.join_all().await;
        answers.sort_by_key(|(racer, _)| *racer);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    pub(super) fn new_task(&self) -> NewTask {
        NewTask::new(self.stores[0].draw(Shard::FIRST), kind("noop"), *b"{}")
    }

    pub(super) async fn submit(&self, count: usize) -> Vec<TaskId> {
        let tasks: Vec<NewTask> = (0..count).map(|_| self.new_task()).collect();
        let each = submit(&self.stores[0], &tasks).await;
        each.into_iter()
            .map(|one| match one {
                Submitted::Created { id, .. } => id,
                other => panic!("not created: {other:?}"),
            })
            .collect()
    }

    /// A task that this life holds.
    pub(super) async fn held_by(&self, life: &Life) -> Grant {
        self.submit(1).await;
        let mut tasks = claim(&self.stores[0], life, 1, &[]).await;
        assert_eq!(tasks.len(), 1, "a task that was just submitted is there to be claimed");
        tasks.remove(0)
    }
}

pub(super) async fn submit(store: &Store, tasks: &[NewTask]) -> Vec<Submitted> {
    match store.submit(&Submission { tasks, by: None, op: None }).await.expect("an answer") {
        SubmitAnswer::Tasks { each, .. } => each,
        SubmitAnswer::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

pub(super) async fn try_claim(store: &Store, life: &Life, max: u64, holding: &[Pair]) -> Claimed {
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
    store.claim(Shard::FIRST, &claim).await.expect("an answer")
}

pub(super) async fn claim(store: &Store, life: &Life, max: u64, holding: &[Pair]) -> Vec<Grant> {
    match try_claim(store, life, max, holding).await {
        Claimed::Tasks(grants) => grants.tasks,
        Claimed::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

pub(super) async fn complete(store: &Store, life: &Life, grant: &Grant) -> Settled {
    let outcome = Outcome::Complete { result: Vec::new() };
    let reports = [Report { task: grant.task, fence: grant.fence, outcome }];
    let settle = Settle { worker: &life.worker, boot: Some(&life.boot), reports: &reports, claim: None };
    match store.settle(Shard::FIRST, &settle).await.expect("an answer") {
        SettleAnswer::Reports { mut each, .. } => each.remove(0),
        SettleAnswer::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

pub(super) async fn cancel(store: &Store, task: TaskId) -> Operated {
    let ask = Cancel { tasks: &[task], by: None, reason: "", op: None };
    only_one(store.cancel(Shard::FIRST, &ask).await.expect("an answer"))
}

pub(super) fn only_one(answered: Answered) -> Operated {
    match answered {
        Answered::Tasks { mut each, .. } => each.remove(0),
        Answered::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

/// A tick by one who has seen no stall; answers how many tasks it reaped.
pub(super) async fn tick(store: &Store, now_ms: u64) -> u64 {
    let seen = Tick { ticks: 9, expected_ms: Some(now_ms), trying_ms: 0 };
    match store.tick(Shard::FIRST, seen).await.expect("an answer") {
        Ticked::Worked { reaped, .. } => reaped,
        other => panic!("did not tick: {other:?}"),
    }
}
