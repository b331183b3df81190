//! Last lives are lived alone.

use baton_core::{Shard, ShardCount, Status};
use baton_store::Store;
use baton_testkit::Launch;
use baton_worker::handler::Running;
use baton_worker::{End, Handlers, Run};

use super::support::{Count, Place, Worker, kind, noop, options, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_on_its_last_life_runs_beside_nothing() {
    let at = Place::start().await;
    let (now, together, done) = (Count::default(), Count::default(), Count::default());
    let mut handlers = Handlers::default();
    for name in ["last", "other"] {
        let (now, together, done) = (now.clone(), together.clone(), done.clone());
        let handler = move |run: Run| {
            let (now, together, done) = (now.clone(), together.clone(), done.clone());
            async move {
                let beside = now.up() > 1;
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                if run.grant.solo && (beside || now.get() > 1) {
                    together.up();
                }
                now.down();
                done.up();
                End::Complete(Vec::new())
            }
        };
        handlers.add(kind(name), handler).unwrap();
    }
    let worker = Worker::start(&at.store, handlers, options(1));
    // One crash is all it survives: it is on its last life from the beginning.
    let mut last = Vec::new();
    for round in 0..40 {
        if round % 4 == 0 {
            last.push(at.submit_task(|task| task.max_crashes = 1, "last").await);
        }
        at.submit("other", "null").await;
    }
    until("all are done", async || done.get() == 50).await;
    worker.drain().await;
    for task in last {
        assert_eq!(at.status(task).await, Status::Completed);
    }
    assert_eq!(together.get(), 0);
}

/// Runs until its count reaches one, and counts the runs that were told to end before.
fn slow(started: &Count, go_on: &Count, told: &Count) -> impl Fn(Run) -> Running + Send + Sync + 'static {
    let (started, go_on, told) = (started.clone(), go_on.clone(), told.clone());
    move |run: Run| {
        let (started, go_on, told) = (started.clone(), go_on.clone(), told.clone());
        Box::pin(async move {
            started.up();
            tokio::select! {
                () = go_on.reaches(1) => {}
                () = run.cancel.cancelled() => { told.up(); }
            }
            End::Complete(Vec::new())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_makes_way_keeps_its_lease_meanwhile() {
    let at = Place::start().await;
    let (started, go_on, told) = (Count::default(), Count::default(), Count::default());
    let mut handlers = noop();
    handlers.add(kind("slow"), slow(&started, &go_on, &told)).unwrap();
    let worker = Worker::start(&at.store, handlers, options(1));
    let beside = at.submit("slow", "null").await;
    until("it runs", async || started.get() == 1).await;
    let last = at.submit_task(|task| task.max_crashes = 1, "noop").await;
    at.renewals(Shard::FIRST, 4).await;
    assert_eq!((told.get(), at.status(last).await), (0, Status::Pending));
    go_on.up();
    at.until_status(last, Status::Completed).await;
    worker.drain().await;
    assert_eq!(at.steps(beside).await, ["submit", "claim", "complete"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_life_that_finds_another_shard_busy_waits_and_is_not_tossed_about() {
    let redis = Launch::default().start().await;
    let mut options_of_store = baton_store::Options::new(redis.url().parse().unwrap());
    options_of_store.shards = ShardCount::new(2).unwrap();
    let (store, _) = Store::open(options_of_store).await.unwrap();
    let at = Place { redis, store };
    let (started, go_on, told) = (Count::default(), Count::default(), Count::default());
    let mut handlers = noop();
    handlers.add(kind("slow"), slow(&started, &go_on, &told)).unwrap();
    let worker = Worker::start(&at.store, handlers, options(1));
    at.submit("slow", "null").await;
    until("it runs", async || started.get() == 1).await;
    let other = at.store.shards().all().nth(1).unwrap();
    let here = at.store.draw(other);
    let last = at.submit_task(|task| (task.id, task.max_crashes) = (here, 1), "noop").await;
    until("it was handed back", async || at.steps(last).await.contains(&"release".to_owned())).await;
    at.renewals(Shard::FIRST, 3).await;
    let tossed = at.steps(last).await.iter().filter(|step| *step == "release").count();
    assert!(tossed < 10, "{tossed} times");
    go_on.up();
    at.until_status(last, Status::Completed).await;
    worker.drain().await;
}
