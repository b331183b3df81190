//! Workers whose record or lease is gone.

use std::time::Duration;

use baton_core::{Shard, ShardCount, Status};
use baton_store::Store;
use baton_store::calls::worker::Directive;
use baton_testkit::{FaultProxy, Launch, Loss, Then};
use baton_worker::{End, Options, Run};

use super::support::{Count, Place, Worker, handlers, noop, open, options, until};

/// A worker that an operator has quieted.
async fn quiet(at: &Place, options: Options) -> Worker {
    let id = options.worker.clone();
    let worker = Worker::start(&at.store, noop(), options);
    let first = at.submit("noop", "null").await;
    at.until_status(first, Status::Completed).await;
    at.store.direct(Shard::FIRST, &id, Some(Directive::Quiet), None).await.expect("an answer");
    until("it leaves work alone", async || {
        let left = at.submit("noop", "null").await;
        let mut looks = 0;
        while at.status(left).await == Status::Pending && looks < 500 {
            looks += 1;
        }
        at.status(left).await == Status::Pending
    })
    .await;
    worker
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_worker_that_lost_its_lease_still_hears_its_operator() {
    let at = Place::start().await;
    let options = options(1);
    let (id, boot) = (options.worker.clone(), options.boot.clone());
    let worker = quiet(&at, options).await;
    let leases = at.store.keys(Shard::FIRST).unwrap().leases();
    at.redis.say::<()>(&["ZREM", &leases, &format!("{id}:{boot}")]).await;
    at.store.direct(Shard::FIRST, &id, None, None).await.unwrap();
    let next = at.submit("noop", "null").await;
    at.until_status(next, Status::Completed).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_worker_that_redis_forgot_comes_back() {
    let at = Place::start().await;
    let worker = quiet(&at, options(1)).await;
    at.redis.say::<()>(&["FLUSHALL"]).await;
    let next = at.submit("noop", "null").await;
    at.until_status(next, Status::Completed).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgot_everything_is_told_again_what_a_worker_says_of_itself() {
    let at = Place::start().await;
    let mut options = options(1);
    options.about = vec![("host".to_owned(), "here".to_owned())];
    let worker = Worker::start(&at.store, noop(), options);
    let before = at.submit("noop", "null").await;
    at.until_status(before, Status::Completed).await;
    at.redis.say::<()>(&["FLUSHALL"]).await;
    let after = at.submit("noop", "null").await;
    at.until_status(after, Status::Completed).await;
    let page = at.store.workers(Shard::FIRST, 0, 1).await.unwrap();
    assert_eq!(page.workers[0].about.get("host").map(String::as_str), Some("here"));
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_that_failed_do_not_stop_a_worker_that_must_register() {
    let at = Place::start().await;
    let proxy = FaultProxy::start(at.redis.socket()).await;
    let mut options = options(1);
    options.about = vec![("host".to_owned(), "a-word-of-register".to_owned())];
    let worker = Worker::start(&open(&proxy.url()).await, noop(), options);
    let before = at.submit("noop", "null").await;
    at.until_status(before, Status::Completed).await;
    proxy.refuse();
    // Claims, renewals and ticks try five times each: by now a renewal has given up.
    let refused = proxy.hits().refused;
    proxy.until(|hits| hits.refused > refused + 60).await;
    at.redis.say::<()>(&["FLUSHALL"]).await;
    proxy.pass();
    proxy.lose(Loss::to("a-word-of-register", Then::Close).times(15));
    let after = at.submit("noop", "null").await;
    at.until_status(after, Status::Completed).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_being_reaped_waits_for_the_end_of_it() {
    let at = Place::start().await;
    let (started, go_on) = (Count::default(), Count::default());
    let seen = (started.clone(), go_on.clone());
    let stubborn = handlers("stubborn", move |_run: Run| {
        let (started, go_on) = seen.clone();
        async move {
            started.up();
            go_on.reaches(1).await;
            End::Complete(Vec::new())
        }
    });
    let mut options = options(1);
    options.grace = Duration::from_secs(3_600);
    let holder = format!("{}:{}", options.worker, options.boot);
    let worker = Worker::start(&at.store, stubborn, options);
    let task = at.submit("stubborn", "null").await;
    until("it runs", async || started.get() == 1).await;
    let keys = at.store.keys(Shard::FIRST).unwrap();
    let (leases, hash) = (keys.leases(), keys.task(task));
    at.redis.say::<()>(&["CONFIG", "RESETSTAT"]).await;
    at.redis.say::<()>(&["ZADD", &leases, "0", &holder]).await;
    until("it is reaped", async || at.redis.say::<String>(&["HGET", &hash, "status"]).await == "pending")
        .await;
    let stats: String = at.redis.say(&["INFO", "commandstats"]).await;
    let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap();
    let calls: u64 = calls.split(',').next().unwrap().parse().unwrap();
    assert!(calls < 200, "{calls} calls");
    go_on.up();
    worker.now.cancel();
    worker.ended().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_quiet_until_no_shard_says_so() {
    let redis = Launch::default().start().await;
    let mut two = baton_store::Options::new(redis.url().parse().unwrap());
    two.shards = ShardCount::new(2).unwrap();
    let (store, _) = Store::open(two).await.unwrap();
    let at = Place { redis, store };
    let other = at.store.shards().all().nth(1).unwrap();
    let options = options(1);
    let id = options.worker.clone();
    let worker = Worker::start(&at.store, noop(), options);
    at.renewals(Shard::FIRST, 1).await;
    at.renewals(other, 1).await;
    // As when one of them lost what it knew.
    at.store.direct(other, &id, Some(Directive::Quiet), None).await.unwrap();
    at.renewals(other, 2).await;
    at.renewals(Shard::FIRST, 2).await;
    let task = at.submit("noop", "null").await;
    at.renewals(other, 2).await;
    at.renewals(Shard::FIRST, 2).await;
    assert_eq!(at.status(task).await, Status::Pending);
    at.store.direct(other, &id, None, None).await.unwrap();
    at.until_status(task, Status::Completed).await;
    worker.drain().await;
}
