//! What breaks between the engine and Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use baton_core::{LeaseLength, QueueName, Shard, Status};
use baton_testkit::{FaultProxy, Launch};
use baton_worker::{End, Run};

use super::support::{Count, Place, Worker, handlers, noop, open, options, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_never_pauses_does_not_starve_the_lease() {
    let at = Place::start().await;
    let (started, go_on) = (Count::default(), Arc::new(AtomicBool::new(false)));
    let seen = (started.clone(), Arc::clone(&go_on));
    let spins = handlers("spins", move |_run: Run| {
        let (started, go_on) = seen.clone();
        async move {
            started.up();
            // Blocks its thread, as a computation would.
            while !go_on.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            End::Complete(Vec::new())
        }
    });
    let (done, ended) = std::sync::mpsc::channel();
    let store = at.store.clone();
    let mut short = options(1);
    short.lease = LeaseLength::from_ms(1_000).unwrap();
    // The worker's handlers have a runtime with one thread, and that one spins.
    let thread = std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let _guard = runtime.enter();
        let worker = Worker::start(&store, spins, short);
        done.send(worker).unwrap();
        runtime
    });
    let worker = ended.recv().unwrap();
    let runtime = thread.join().unwrap();
    let task = at.submit("spins", "null").await;
    until("it runs", async || started.get() == 1).await;
    // Several leases pass: each deadline that Redis has is later than the one before.
    let mut last = 0;
    for _ in 0..4 {
        until("the lease is renewed", async || {
            let page = at.store.workers(Shard::FIRST, 0, 1).await.unwrap();
            let until_ms = page.workers[0].lease_until_ms.unwrap_or_default();
            let renewed = until_ms > last + 500;
            if renewed {
                last = until_ms;
            }
            renewed
        })
        .await;
    }
    go_on.store(true, Ordering::Relaxed);
    at.until_status(task, Status::Completed).await;
    assert_eq!(at.read(task).await.crashes, 0);
    worker.drain().await;
    runtime.shutdown_background();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_cut_off_ends_its_runs_before_anybody_else_starts_them() {
    let at = Place::start().await;
    let proxy = FaultProxy::start(at.redis.socket()).await;
    let far = open(&proxy.url()).await;
    // One flag for the world outside: nobody may enter while somebody else is in.
    let (inside, met, started) = (Count::default(), Count::default(), Count::default());
    let run = |name: &'static str| {
        let (inside, met, started) = (inside.clone(), met.clone(), started.clone());
        handlers("holds", move |run: Run| {
            let (inside, met, started) = (inside.clone(), met.clone(), started.clone());
            async move {
                if inside.up() > 1 {
                    met.up();
                }
                started.up();
                if name == "cut off" {
                    run.cancel.cancelled().await;
                }
                inside.down();
                End::Complete(Vec::new())
            }
        })
    };
    let cut_off = Worker::start(&far, run("cut off"), options(1));
    let task = at.submit("holds", "null").await;
    until("the first runs it", async || started.get() == 1).await;
    let other = Worker::start(&at.store, run("other"), options(2));
    proxy.refuse();
    let done = at.until_status(task, Status::Completed).await;
    assert_eq!((started.get(), met.get()), (2, 0), "the second began when the first had ended");
    assert_eq!((done.crashes, done.attempt), (1, 0));
    proxy.pass();
    cut_off.drain().await;
    other.drain().await;
    let steps = at.steps(task).await;
    assert_eq!(steps, ["submit", "claim", "reclaim", "claim", "complete"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_redis_is_killed_and_restarted_the_worker_claims_by_itself() {
    let mut at = Place::launch(Launch::default().durable()).await;
    let worker = Worker::start(&at.store, noop(), options(1));
    let before = at.submit("noop", "null").await;
    at.until_status(before, Status::Completed).await;
    at.redis.kill();
    at.redis.restart().await;
    let after = at.submit("noop", "null").await;
    at.until_status(after, Status::Completed).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgot_everything_gets_its_worker_back() {
    let at = Place::start().await;
    let worker = Worker::start(&at.store, noop(), options(1));
    let before = at.submit("noop", "null").await;
    at.until_status(before, Status::Completed).await;
    at.redis.say::<()>(&["FLUSHALL"]).await;
    let after = at.submit("noop", "null").await;
    at.until_status(after, Status::Completed).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_hint_costs_a_second_and_nothing_else() {
    let at = Place::start().await;
    let worker = Worker::start(&at.store, noop(), options(1));
    let first = at.submit("noop", "null").await;
    at.until_status(first, Status::Completed).await;
    // A task that came without a hint: as one whose hint went to a worker that died with it.
    let task = at.store.draw(Shard::FIRST);
    let keys = at.store.keys(Shard::FIRST).expect("the shard");
    let (id, key) = (task.to_string(), keys.task(task));
    let pending = keys.queue_index(&QueueName::default(), Status::Pending);
    let fields = ["kind", "noop", "status", "pending", "version", "1", "created_ms", "1", "payload", "null"];
    at.redis.say::<()>(&[&["HSET", key.as_str()][..], &fields].concat()).await;
    at.redis.say::<()>(&["ZADD", &pending, "17592186044417", &id]).await;
    at.until_status(task, Status::Completed).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_task_wakes_about_one_of_many_idle_workers() {
    let at = Place::start().await;
    let workers: Vec<Worker> =
        (1..=10).map(|number| Worker::start(&at.store, noop(), options(number))).collect();
    let waiting = async || {
        let clients: String = at.redis.say(&["CLIENT", "LIST"]).await;
        clients.lines().filter(|line| line.contains("cmd=blpop")).count()
    };
    until("all wait for hints", async || waiting().await == 10).await;
    let task = at.submit("noop", "null").await;
    at.until_status(task, Status::Completed).await;
    for worker in workers {
        worker.drain().await;
    }
    let claims = at.store.events(Shard::FIRST, None, 500).await.unwrap();
    let granted = claims.iter().filter(|entry| entry.event == "claim").count();
    assert_eq!(granted, 1);
}
