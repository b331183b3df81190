//! Outages: bounded, named, over when they are over.

use std::time::Duration;

use baton_store::Error;
use baton_testkit::{Direction, Launch, Mode, PrivateRedis, with_launch, with_store};
use deadpool_redis::redis::cmd;

use super::{LONG, behind_proxy, open, options, submit, submit_at_last};
use crate::hand::{by_hand, steps};

fn reason<T: std::fmt::Debug>(answer: Result<T, Error>) -> &'static str {
    match answer {
        Err(Error::Unavailable { reason, .. }) => reason,
        other => panic!("not unavailable: {other:?}"),
    }
}

#[tokio::test]
async fn after_a_restart_the_next_call_works_by_itself() {
    with_launch(Launch::default().durable(), async |at| {
        submit(&at.store).await.unwrap();
        at.redis.restart().await;
        submit(&at.store).await.unwrap();
        assert_eq!(by_hand::<u64>(at, "ZCARD baton:{0}:queue:default:pending").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_dead_server_is_unavailable_and_does_not_stay_so() {
    with_launch(Launch::default().durable(), async |at| {
        at.redis.kill();
        let answer = tokio::time::timeout(LONG, submit(&at.store)).await.expect("in bounded time");
        assert_eq!(reason(answer), "the connection failed");
        at.redis.restart().await;
        submit(&at.store).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_call_into_a_frozen_server_is_repeated_and_done_once() {
    with_store(async |at| {
        let proxy = behind_proxy(at).await;
        let accepted = proxy.hits().accepted;
        at.redis.freeze();
        let store = at.store.clone();
        let call = tokio::spawn(async move { submit(&store).await });
        // The call has lost patience, and asks again over another connection.
        proxy.until(|hits| hits.accepted > accepted).await;
        at.redis.thaw();
        let id = call.await.unwrap().unwrap();
        assert_eq!(steps(at, id).await, ["submit"]);
        assert_eq!(by_hand::<u64>(at, "ZCARD baton:{0}:queue:default:pending").await, 1);
    })
    .await;
}

/// Each of a hundred calls waits for its own patience, not for that of the ones before it.
#[tokio::test]
async fn many_calls_into_a_frozen_server_end_together() {
    with_store(async |at| {
        behind_frozen(at).await;
    })
    .await;
}

async fn behind_frozen(at: &mut baton_testkit::Fixture) {
    let _proxy = behind_proxy(at).await;
    at.redis.freeze();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let store = at.store.clone();
            tokio::spawn(async move { submit(&store).await })
        })
        .collect();
    // Five tries of a second each for the connection and the answer, and the waits between them.
    let all = async {
        for call in calls {
            reason(call.await.unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("in bounded time");
    at.redis.thaw();
    submit_at_last(&at.store).await;
}

#[tokio::test]
async fn a_refused_connection_is_unavailable_until_it_passes() {
    with_store(async |at| {
        let proxy = behind_proxy(at).await;
        proxy.refuse();
        let answer = tokio::time::timeout(LONG, submit(&at.store)).await.expect("in bounded time");
        reason(answer);
        proxy.pass();
        submit(&at.store).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_stalled_reply_is_asked_for_again() {
    with_store(async |at| {
        let proxy = behind_proxy(at).await;
        let accepted = proxy.hits().accepted;
        proxy.set(Direction::Replies, Mode::Stall);
        let store = at.store.clone();
        let call = tokio::spawn(async move { submit(&store).await });
        proxy.until(|hits| hits.accepted > accepted).await;
        proxy.pass();
        let id = call.await.unwrap().unwrap();
        assert_eq!(steps(at, id).await, ["submit"]);
    })
    .await;
}

#[tokio::test]
async fn slow_and_chopped_is_slower_and_correct() {
    with_store(async |at| {
        let proxy = behind_proxy(at).await;
        proxy.set(Direction::Requests, Mode::Chop(1));
        proxy.set(Direction::Replies, Mode::Chop(1));
        submit(&at.store).await.unwrap();
        proxy.set(Direction::Requests, Mode::Delay(Duration::from_millis(100)));
        proxy.set(Direction::Replies, Mode::Delay(Duration::from_millis(100)));
        let accepted = proxy.hits().accepted;
        submit(&at.store).await.unwrap();
        assert_eq!(proxy.hits().accepted, accepted, "no time-out at 200 ms");
    })
    .await;
}

#[tokio::test]
async fn killed_connections_are_not_noticed() {
    with_store(async |at| {
        for _ in 0..5 {
            by_hand::<u64>(at, "CLIENT KILL TYPE normal SKIPME yes").await;
            submit(&at.store).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn while_it_loads_it_is_waited_for() {
    let slow = Launch::default()
        .durable()
        .with("key-load-delay", "3000")
        .with("loading-process-events-interval-bytes", "1024");
    with_launch(slow, async |at| {
        for _ in 0..3 {
            at.submit_many(100).await;
        }
        let store = at.store.clone();
        at.redis.kill();
        let (id, ()) = tokio::join!(submit_at_last(&store), at.redis.restart());
        assert_eq!(steps(at, id).await, ["submit"]);
    })
    .await;
}

#[tokio::test]
async fn an_endless_script_of_somebody_else_is_an_outage_with_its_reason() {
    let launch = Launch::default().with("busy-reply-threshold", "50");
    with_launch(launch, async |at| {
        let mut connection = at.redis.connection().await;
        let endless = tokio::spawn(async move {
            cmd("EVAL").arg("while true do end").arg(0).exec_async(&mut connection).await
        });
        let mut other = at.redis.connection().await;
        while cmd("PING").exec_async(&mut other).await.is_ok() {}
        assert_eq!(reason(submit(&at.store).await), "a script keeps it busy");
        cmd("SCRIPT").arg("KILL").exec_async(&mut other).await.unwrap();
        assert!(endless.await.unwrap().is_err());
        submit(&at.store).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_server_that_cannot_persist_says_so_and_reads_go_on() {
    with_store(async |at| {
        let ids = at.submit_many(1).await;
        let obstacle = at.redis.directory().join("dump.rdb");
        std::fs::create_dir(&obstacle).unwrap();
        std::fs::write(obstacle.join("full"), "").unwrap();
        let saved = async |at: &baton_testkit::Fixture, word: &str| {
            by_hand::<()>(at, "BGSAVE").await;
            let wanted = format!("rdb_last_bgsave_status:{word}");
            tokio::time::timeout(LONG, async {
                while !by_hand::<String>(at, "INFO persistence").await.contains(&wanted) {}
            })
            .await
            .unwrap();
        };
        let mut set = cmd("CONFIG");
        set.arg("SET").arg("save").arg("3600 1");
        set.exec_async(&mut at.redis.connection().await).await.unwrap();
        saved(at, "err").await;
        assert_eq!(reason(submit(&at.store).await), "it cannot persist its data");
        assert_eq!(at.read(ids[0]).await.version, baton_core::Version(1));
        std::fs::remove_dir_all(&obstacle).unwrap();
        saved(at, "ok").await;
        submit(&at.store).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_demoted_primary_is_an_outage_until_there_is_one_again() {
    let other = Launch::default().tcp(0).start().await;
    let redis = PrivateRedis::start().await;
    let store = open(options(&redis.url())).await.unwrap();
    let mut connection = redis.connection().await;
    let port = other.tcp_url().unwrap().rsplit_once(':').unwrap().1.to_owned();
    cmd("REPLICAOF").arg("127.0.0.1").arg(port).exec_async(&mut connection).await.unwrap();
    assert_eq!(reason(submit(&store).await), "it is not the primary");
    cmd("REPLICAOF").arg("NO").arg("ONE").exec_async(&mut connection).await.unwrap();
    submit(&store).await.unwrap();
}
