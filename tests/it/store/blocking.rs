//! Calls that wait for events: none holds up another, and none waits for ever.

use std::time::Duration;

use baton_core::Shard;
use baton_store::Error;
use baton_store::event::StreamId;
use baton_testkit::{Direction, Mode, with_store};

use super::{LONG, behind_proxy, open, submit, submit_to, with_shards};

const BEGINNING: StreamId = StreamId { ms: 0, sequence: 0 };

#[tokio::test]
async fn it_wakes_with_the_first_event() {
    with_store(async |at| {
        let store = at.store.clone();
        let waiting =
            tokio::spawn(async move { store.follow_events(Shard::FIRST, BEGINNING, 10, LONG).await });
        submit(&at.store).await.unwrap();
        let events = tokio::time::timeout(LONG / 2, waiting).await.unwrap().unwrap().unwrap();
        assert_eq!(events[0].event, "submit");
    })
    .await;
}

#[tokio::test]
async fn nothing_comes_of_an_idle_shard() {
    with_store(async |at| {
        for wait in [Duration::ZERO, Duration::from_millis(20)] {
            let events = at.store.follow_events(Shard::FIRST, BEGINNING, 10, wait).await.unwrap();
            assert_eq!(events, []);
        }
    })
    .await;
}

/// Behind one connection the second would wait for the first to give up.
#[tokio::test]
async fn who_waits_for_a_quiet_shard_does_not_hold_up_who_waits_for_a_busy_one() {
    let redis = baton_testkit::PrivateRedis::start().await;
    let store = open(with_shards(&redis.url(), 2)).await.unwrap();
    let [quiet, busy] = [0, 1].map(|shard| Shard::new(shard).unwrap());
    let follow = |shard| {
        let store = store.clone();
        tokio::spawn(async move { store.follow_events(shard, BEGINNING, 10, LONG).await })
    };
    let idle = follow(quiet);
    let first = store.follow_events(quiet, BEGINNING, 10, Duration::from_millis(50)).await.unwrap();
    assert_eq!(first, []);
    let waiting = follow(busy);
    submit_to(&store, busy).await.unwrap();
    let events = tokio::time::timeout(LONG / 2, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(events.len(), 1);
    idle.abort();
}

#[tokio::test]
async fn who_leaves_while_waiting_does_not_hold_up_the_next() {
    with_store(async |at| {
        let store = at.store.clone();
        let left = tokio::spawn(async move { store.follow_events(Shard::FIRST, BEGINNING, 10, LONG).await });
        // It is the server that knows when it waits.
        while !crate::hand::by_hand::<String>(at, "INFO clients").await.contains("blocked_clients:1") {}
        left.abort();
        let next = at.store.follow_events(Shard::FIRST, BEGINNING, 10, Duration::from_millis(20));
        assert_eq!(tokio::time::timeout(LONG / 2, next).await.unwrap().unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_partition_ends_the_wait_and_the_next_one_works() {
    with_store(async |at| {
        let proxy = behind_proxy(at).await;
        let wait = Duration::from_millis(20);
        at.store.follow_events(Shard::FIRST, BEGINNING, 10, wait).await.unwrap();
        proxy.set(Direction::Replies, Mode::Stall);
        let follow = at.store.follow_events(Shard::FIRST, BEGINNING, 10, wait);
        let answer = tokio::time::timeout(LONG, follow).await.expect("in bounded time");
        assert!(matches!(answer, Err(Error::Unavailable { .. })), "{answer:?}");
        // The old connection stays dead; nothing else does.
        let severed = proxy.hits().severed;
        proxy.pass();
        at.store.follow_events(Shard::FIRST, BEGINNING, 10, wait).await.unwrap();
        proxy.sever();
        proxy.until(|hits| hits.severed > severed).await;
        at.store.follow_events(Shard::FIRST, BEGINNING, 10, wait).await.unwrap();
    })
    .await;
}
