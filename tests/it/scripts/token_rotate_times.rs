//! `token/rotate`: how long a session lives, by its fields and by Redis.

use baton_core::login::{Refused, Rotation};
use baton_store::calls::token::Rotate;
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

/// The field and Redis agree on when the session ends.
async fn ends_at(at: &Fixture, expires_at: u64) {
    let field: u64 = by_hand(at, &format!("HGET {} expires_at", session_key(1))).await;
    assert_eq!(field, expires_at);
    lives_for(at, &session_key(1), expires_at - at.now_ms()).await;
}

#[tokio::test]
async fn case_56_an_idle_session_ends_to_the_millisecond() {
    for (wait, alive) in [(IDLE - 1_000, true), (IDLE - 1, true), (IDLE, false), (IDLE + 1_000, false)] {
        with_store(async |at| {
            signed_in(at).await;
            ends_at(at, START_MS + IDLE).await;
            at.pass_ms(wait as i64);
            if alive {
                assert_eq!(succeed(at, 1, 1, "n").await, (Rotation::Rotated, 2));
                ends_at(at, START_MS + wait + IDLE).await;
            } else {
                assert_eq!(unchanged(at, rotate(at, &token(1, 1))).await, no(Refused::Expired));
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_replay_lets_it_live_no_longer() {
    with_store(async |at| {
        signed_in(at).await;
        succeed(at, 1, 1, "n").await;
        at.pass_ms(60_000);
        let (how, live) = successor(unchanged(at, rotate(at, &Rotate { nonce: "n", ..token(1, 1) })).await);
        assert_eq!((how, live.expires_at_ms), (Rotation::Replayed, START_MS + IDLE));
    })
    .await;
}

#[tokio::test]
async fn case_57_no_rotation_moves_the_absolute_end() {
    with_store(async |at| {
        signed_in(at).await;
        let end = START_MS + ABSOLUTE;
        let mut generation = 1;
        while at.now_ms() + 6 * DAY < end {
            at.pass_ms(6 * DAY as i64);
            let (_, live) = successor(rotate(at, &token(1, generation)).await);
            assert_eq!((live.absolute_at_ms, live.expires_at_ms), (end, end.min(at.now_ms() + IDLE)));
            ends_at(at, live.expires_at_ms).await;
            generation += 1;
        }
        at.pass_ms((end - at.now_ms()) as i64 - 60_000);
        let (_, live) = successor(rotate(at, &token(1, generation)).await);
        assert_eq!(live.expires_at_ms, end);
        ends_at(at, end).await;
        at.pass_ms(60_000);
        assert_eq!(unchanged(at, rotate(at, &token(1, generation + 1))).await, no(Refused::Expired));
    })
    .await;
}

/// A session that lives no longer than that is told so, and Redis drops it by itself.
#[tokio::test]
async fn redis_drops_what_has_expired() {
    with_store(async |at| {
        signed_in(at).await;
        let (_, live) = successor(rotate(at, &Rotate { idle_ms: 1, ..token(1, 1) }).await);
        assert_eq!(live.expires_at_ms, START_MS + 1);
        while exists(at, &session_key(1)).await {
            tokio::task::yield_now().await;
        }
        assert_eq!(unchanged(at, rotate(at, &token(1, 2))).await, no(Refused::Unknown));
    })
    .await;
}

/// In production nobody injects a time: Redis's clock decides.
#[tokio::test]
async fn the_clock_is_that_of_redis() {
    with_store(async |at| {
        let options = baton_store::Options::new(at.redis.url().parse().expect("a URL"));
        let (store, _) = baton_store::Store::open(options).await.expect("a store");
        store.create_user(&new_user(&alice())).await.expect("an answer");
        let before = store.clock_ms().await.expect("an answer");
        store.login(&login(&alice(), 1)).await.expect("an answer");
        let (_, live) = successor(store.rotate(&token(1, 1)).await.expect("an answer"));
        let after = store.clock_ms().await.expect("an answer");
        assert!((before..=after).contains(&live.now_ms), "{before} {} {after}", live.now_ms);
        assert_eq!(live.expires_at_ms, live.now_ms + IDLE);
        lives_for(at, &session_key(1), IDLE).await;
    })
    .await;
}
