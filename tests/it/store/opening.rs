//! Opening: founding, meeting, and everything that makes us refuse.

use baton_core::{Refusal, Shard, Status};
use baton_store::boot::Unfit;
use baton_store::calls::queue::{Paused, SetPaused};
use baton_store::calls::task::{Cancel, Claimed, SettleAnswer, Submission, SubmitAnswer};
use baton_store::calls::worker::{Directed, Registered};
use baton_store::calls::{Answered, Refused};
use baton_store::{OpenError, Options, Warning};
use baton_testkit::{Fixture, Launch, Life, PrivateRedis, with_launch, with_store};

use super::{open, options, submit, with_shards};
use crate::hand::{by_hand, make_schema_too_new, refused, unchanged};

async fn unfit(options: Options) -> Vec<Unfit> {
    match open(options).await {
        Err(OpenError::Unfit(unfit)) => unfit,
        other => panic!("not unfit: {other:?}"),
    }
}

#[tokio::test]
async fn the_first_founds_the_namespace_and_the_next_meets_it() {
    with_store(async |at| {
        let founded = at.snapshot().await;
        assert!(founded.0.contains_key("baton:meta") && founded.0.contains_key("baton:{0}:meta"));
        let second = unchanged(at, open(options(&at.redis.url()))).await.unwrap();
        submit(&second).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn many_that_open_at_once_found_one() {
    let redis = PrivateRedis::start().await;
    let url = redis.url();
    let opened =
        tokio::join!(open(with_shards(&url, 3)), open(with_shards(&url, 3)), open(with_shards(&url, 3)));
    assert!(opened.0.is_ok() && opened.1.is_ok() && opened.2.is_ok(), "{opened:?}");
}

#[tokio::test]
async fn another_number_of_shards_is_refused() {
    with_store(async |at| {
        let found = unchanged(at, unfit(with_shards(&at.redis.url(), 2))).await;
        assert_eq!(found, [Unfit::Shards { found: 1, wanted: 2 }]);
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_of_the_namespace_or_of_a_shard_is_refused() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let found = unchanged(at, unfit(options(&at.redis.url()))).await;
        assert_eq!(found, [Unfit::SchemaTooNew(2)]);
        by_hand::<()>(at, "HSET baton:meta schema 3").await;
        let found = unchanged(at, unfit(options(&at.redis.url()))).await;
        assert_eq!(found, [Unfit::SchemaTooNew(3)]);
    })
    .await;
}

#[tokio::test]
async fn a_shard_of_another_store_is_refused() {
    with_store(async |at| {
        by_hand::<()>(at, "HSET baton:{0}:meta store_id stranger").await;
        let found = unchanged(at, unfit(options(&at.redis.url()))).await;
        assert!(matches!(&found[..], [Unfit::Foreign { found, .. }] if found == "stranger"), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn case_43_a_server_that_evicts_is_refused() {
    let redis = Launch::default().with("maxmemory-policy", "allkeys-lru").start().await;
    let found = unfit(options(&redis.url())).await;
    assert_eq!(found, [Unfit::Eviction("allkeys-lru".to_owned())]);
}

#[tokio::test]
async fn a_replica_is_refused() {
    let primary = Launch::default().tcp(0).start().await;
    let replica = PrivateRedis::start().await;
    let port = primary.tcp_url().unwrap().rsplit_once(':').unwrap().1.to_owned();
    deadpool_redis::redis::cmd("REPLICAOF")
        .arg("127.0.0.1")
        .arg(port)
        .exec_async(&mut replica.connection().await)
        .await
        .unwrap();
    assert_eq!(unfit(options(&replica.url())).await, [Unfit::Role("slave".to_owned())]);
}

#[tokio::test]
async fn what_should_be_looked_at_is_said_once() {
    with_launch(Launch::default(), async |at: &mut Fixture| {
        let (_, warnings) = baton_store::Store::open(options(&at.redis.url())).await.unwrap();
        assert_eq!(warnings, [Warning::NoPersistence, Warning::NoMemoryLimit]);
    })
    .await;
    let redis = Launch::default().durable().with("maxmemory", "100mb").start().await;
    let (_, warnings) = baton_store::Store::open(options(&redis.url())).await.unwrap();
    assert_eq!(warnings, []);
}

#[tokio::test]
async fn nobody_there_is_an_outage_and_not_a_verdict() {
    let url = PrivateRedis::start().await.url();
    let answer = tokio::time::timeout(super::LONG, open(options(&url))).await.unwrap();
    let unavailable = matches!(answer, Err(OpenError::Store(baton_store::Error::Unavailable { .. })));
    assert!(unavailable, "{answer:?}");
}

/// A rolling upgrade has changed the data while we run: nothing is written any more.
#[tokio::test]
async fn a_running_process_stops_writing_when_the_schema_is_newer() {
    with_store(async |at| {
        let ids = at.submit_many(2).await;
        let life = Life::new(1, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        make_schema_too_new(at).await;
        let too_new = refused(Refusal::SchemaTooNew, "");
        let before = at.snapshot().await;

        let tasks = [at.new_task("noop")];
        let submission = Submission { tasks: &tasks, by: None, op: None };
        let answer = at.store.submit(&submission).await.unwrap();
        assert_eq!(answer, SubmitAnswer::Refused(too_new.clone()));
        assert_eq!(at.try_claim(&life, 1, &[]).await, Claimed::Refused(too_new.clone()));
        let settle = baton_store::calls::task::Settle {
            worker: &life.worker,
            boot: Some(&life.boot),
            reports: &[],
            claim: None,
        };
        let answer = at.store.settle(Shard::FIRST, &settle).await.unwrap();
        assert_eq!(answer, SettleAnswer::Refused(too_new.clone()));
        operators(at, &ids, &too_new).await;
        let registered = at.register(&life, None).await;
        assert_eq!(registered, Registered::Refused(too_new.clone()));
        let directed = at.store.direct(Shard::FIRST, &life.worker, None, None).await.unwrap();
        assert_eq!(directed, Directed::Refused(too_new.clone()));
        let queue = Default::default();
        let set = SetPaused { queue: &queue, paused: true, by: None };
        let paused = at.store.set_paused(Shard::FIRST, &set).await.unwrap();
        assert_eq!(paused, Paused::Refused(too_new.clone()));
        let lines =
            [baton_store::calls::task::Line { level: baton_store::calls::task::Level::Info, text: b"x" }];
        let append = baton_store::calls::task::Append {
            task: grant.task,
            worker: &life.worker,
            fence: grant.fence,
            lines: &lines,
        };
        let appended = at.store.append_log(&append).await.unwrap();
        assert_eq!(appended, baton_store::calls::task::Appended::Refused(too_new));
        assert_eq!(baton_testkit::Snapshot::diff(&before, &at.snapshot().await), "");
        // Reading goes on.
        assert_eq!(at.read(grant.task).await.status(), Status::Running);
    })
    .await;
}

async fn operators(at: &Fixture, ids: &[baton_core::TaskId], too_new: &Refused) {
    let answer = Answered::Refused(too_new.clone());
    let cancel = Cancel { tasks: ids, by: None, reason: "", op: None };
    assert_eq!(at.store.cancel(Shard::FIRST, &cancel).await.unwrap(), answer);
    let rerun = baton_store::calls::task::Rerun { tasks: ids, by: None, reason: "", op: None };
    assert_eq!(at.store.rerun(Shard::FIRST, &rerun).await.unwrap(), answer);
    let promote = baton_store::calls::task::Promote { tasks: ids, by: None, reason: "", op: None };
    assert_eq!(at.store.promote(Shard::FIRST, &promote).await.unwrap(), answer);
}
