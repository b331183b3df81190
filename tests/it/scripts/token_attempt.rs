//! `token/attempt`: each failed login makes the next one wait, and nobody is locked out for good.

use baton_core::limits;
use baton_store::calls::token::{Attempt, Gate, Gated};
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

/// Wide enough not to matter but where it is the question.
const WIDE: Gate = Gate { every_ms: 60_000, burst: 1_000 };

async fn attempt(at: &Fixture, gate: Gate, attempt: Attempt) -> Gated {
    at.store.attempt(TAG, gate, attempt).await.expect("an answer")
}

async fn fail(at: &Fixture) {
    assert_eq!(attempt(at, WIDE, Attempt::Failed).await, Gated::Ok);
}

async fn begin(at: &Fixture) -> Gated {
    attempt(at, WIDE, Attempt::Begin).await
}

#[tokio::test]
async fn failures_wait_longer_and_longer() {
    with_store(async |at| {
        for wait in [1_000, 3_000, 5_000, 10_000, 10_000, 10_000] {
            assert_eq!(begin(at).await, Gated::Ok);
            fail(at).await;
            assert_eq!(unchanged(at, begin(at)).await, Gated::Wait(wait));
            at.pass_ms(wait as i64 - 1);
            assert_eq!(unchanged(at, begin(at)).await, Gated::Wait(1));
            at.pass_ms(1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_failure_is_written_and_a_success_wipes_it() {
    with_store(async |at| {
        let ((), changed) = changes(at, fail(at)).await;
        assert_eq!(
            changed,
            format!(
                "+ {T}failures (hash, expires)\n\
                 + {T}failures count \"1\"\n\
                 + {T}failures until \"1700000001000\"\n"
            )
        );
        lives_for(at, &format!("{T}failures"), limits::DAY_MS).await;
        at.pass_ms(1_000);
        assert_eq!(begin(at).await, Gated::Ok);
        assert!(exists(at, &format!("{T}gcra:login")).await);
        for _ in 0..2 {
            assert_eq!(attempt(at, WIDE, Attempt::Succeeded).await, Gated::Ok);
            assert!(at.snapshot().await.0.keys().all(|key| !key.starts_with(T)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_hundred_failures_a_day_make_it_slow_and_no_more() {
    with_store(async |at| {
        for _ in 1..limits::LOGIN_FAILURES_A_DAY {
            fail(at).await;
        }
        assert_eq!(begin(at).await, Gated::Wait(10_000));
        for _ in 0..3 {
            fail(at).await;
            assert_eq!(begin(at).await, Gated::Wait(limits::LOGIN_SLOW_MS));
            at.pass_ms(limits::LOGIN_SLOW_MS as i64);
            assert_eq!(begin(at).await, Gated::Ok);
        }
    })
    .await;
}

#[tokio::test]
async fn tries_pass_a_gate_too() {
    with_store(async |at| {
        let gate = Gate { every_ms: 90_000, burst: 2 };
        for _ in 0..2 {
            assert_eq!(attempt(at, gate, Attempt::Begin).await, Gated::Ok);
        }
        assert_eq!(unchanged(at, attempt(at, gate, Attempt::Begin)).await, Gated::Wait(90_000));
        lives_for(at, &format!("{T}gcra:login"), 180_000).await;
        // Whoever is let in pays nothing.
        attempt(at, gate, Attempt::Succeeded).await;
        assert_eq!(attempt(at, gate, Attempt::Begin).await, Gated::Ok);
        assert_eq!(attempt(at, gate, Attempt::Begin).await, Gated::Wait(90_000));
    })
    .await;
}

#[tokio::test]
async fn users_are_counted_apart() {
    with_store(async |at| {
        fail(at).await;
        let other = baton_core::login::UserTag([9; 8]);
        let answer = at.store.attempt(other, WIDE, Attempt::Begin).await.expect("an answer");
        assert_eq!(answer, Gated::Ok);
    })
    .await;
}
