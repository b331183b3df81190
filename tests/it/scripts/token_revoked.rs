//! `token/revoked`, and how gateways follow what it tells.

use std::time::Duration;

use baton_core::limits;
use baton_core::login::KeyId;
use baton_store::calls::token::{Heard, Revocation};
use baton_store::event::StreamId;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

const FEED: &str = "baton:{u}:revoked";

fn of_session(number: u8) -> Revocation {
    Revocation::Session { sid: sid(number), until_ms: 1_700_000_900_000 }
}

fn all() -> [Revocation; 4] {
    let until_ms = 1_700_000_900_000;
    [
        of_session(1),
        Revocation::User { tag: TAG, epoch: 1_700_000_000_001, until_ms },
        Revocation::Key { id: KeyId::new("aaaaaaaaaaaa").expect("a key id"), until_ms },
        Revocation::Token { jti: "jti-1".to_owned(), until_ms },
    ]
}

async fn tell(at: &Fixture, revocation: &Revocation) -> StreamId {
    at.store.tell_revoked(revocation).await.expect("an answer")
}

fn begin() -> StreamId {
    "0-0".parse().expect("an id")
}

async fn heard(at: &Fixture, after: StreamId) -> Vec<Heard> {
    unchanged(at, at.store.revocations(after)).await.expect("an answer")
}

#[tokio::test]
async fn what_is_told_is_heard_in_order() {
    with_store(async |at| {
        assert_eq!(heard(at, begin()).await, []);
        assert_eq!(at.store.first_revocation().await.expect("an answer"), None);
        let mut told = Vec::new();
        for revocation in all() {
            let (id, changed) = changes(at, tell(at, &revocation)).await;
            // One entry, and nothing else.
            let lines = changed.lines().filter(|line| !line.contains("(stream)"));
            let words: Vec<&str> = lines.flat_map(|line| line.splitn(4, ' ')).collect();
            assert_eq!(words[..3], ["+", FEED, id.to_string().as_str()], "{changed}");
            assert_eq!(words.len(), 4, "{changed}");
            told.push(Heard { id, revocation: Some(revocation) });
        }
        assert_eq!(heard(at, begin()).await, told);
        assert_eq!(heard(at, told[1].id).await, told[2..]);
        assert_eq!(heard(at, told[3].id).await, []);
        assert_eq!(at.store.first_revocation().await.expect("an answer"), Some(told[0].id));
        let followed = at.store.follow_revocations(told[0].id, Duration::from_secs(5)).await;
        assert_eq!(followed.expect("an answer"), told[1..]);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_says_the_same_twice() {
    with_store(async |at| {
        let (first, second) = (tell(at, &of_session(1)).await, tell(at, &of_session(1)).await);
        assert!(first < second);
        let heard: Vec<_> = heard(at, begin()).await.into_iter().map(|heard| heard.revocation).collect();
        assert_eq!(heard, [Some(of_session(1)), Some(of_session(1))]);
    })
    .await;
}

#[tokio::test]
async fn whoever_waits_hears_at_once_or_nothing() {
    with_store(async |at| {
        let none = at.store.follow_revocations(begin(), Duration::from_millis(1)).await;
        assert_eq!(none.expect("an answer"), []);
        let listen = at.store.follow_revocations(begin(), Duration::from_secs(20));
        let revocation = of_session(1);
        let (listened, id) = tokio::join!(listen, tell(at, &revocation));
        assert_eq!(listened.expect("an answer"), [Heard { id, revocation: Some(of_session(1)) }]);
    })
    .await;
}

/// A gateway of this release hears that there was something, and goes on behind it.
#[tokio::test]
async fn what_a_later_release_tells_is_passed_over() {
    with_store(async |at| {
        by_hand::<String>(at, &format!("XADD {FEED} 1700000000000-1 kind planet id x epoch 1 until 2")).await;
        by_hand::<String>(at, &format!("XADD {FEED} 1700000000000-2 kind session id not-one until 2")).await;
        by_hand::<String>(at, &format!("XADD {FEED} 1700000000000-3 kind session")).await;
        let id = tell(at, &of_session(1)).await;
        let heard = heard(at, begin()).await;
        assert_eq!(heard.iter().filter(|heard| heard.revocation.is_none()).count(), 3);
        assert_eq!(heard[3], Heard { id, revocation: Some(of_session(1)) });
    })
    .await;
}

async fn length(at: &Fixture) -> u64 {
    by_hand(at, &format!("XLEN {FEED}")).await
}

/// Redis trims whole nodes, of a hundred entries.
#[tokio::test]
async fn what_is_old_goes() {
    with_store(async |at| {
        for _ in 0..250 {
            tell(at, &of_session(1)).await;
        }
        assert_eq!(length(at).await, 250);
        let real = at.store.clock_ms().await.expect("an answer");
        let retention = limits::REVOKED_RETENTION_MS;
        at.pass_ms((real - at.now_ms()) as i64);
        tell(at, &of_session(1)).await;
        assert_eq!(length(at).await, 251);
        at.pass_ms(retention as i64 + 60_000);
        tell(at, &of_session(1)).await;
        assert!(length(at).await <= 100, "{}", length(at).await);
    })
    .await;
}

#[tokio::test]
async fn there_is_a_limit_to_it() {
    with_store(async |at| {
        let many = limits::REVOKED_MAX + 5_000;
        let fill = format!("for i = 1, {many} do redis.call('XADD', KEYS[1], '*', 'kind', 'jti') end");
        let mut command = deadpool_redis::redis::cmd("EVAL");
        command.arg(fill).arg(1).arg(FEED);
        command.exec_async(&mut at.redis.connection().await).await.expect("a full feed");
        // Each call trims, but for less than a node; Redis bounds what one trim does.
        for _ in 0..100 {
            tell(at, &of_session(1)).await;
        }
        assert!((limits::REVOKED_MAX..limits::REVOKED_MAX + 100).contains(&length(at).await));
        by_hand::<()>(at, &format!("DEL {FEED}")).await;
    })
    .await;
}
